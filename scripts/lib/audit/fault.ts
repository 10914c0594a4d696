/** What can be wrong with an audit log, each with the place where it shows, and the one sentence that says so. */
import { unreachable } from "../../../config/invariant.ts";

export type Fault =
  /** Not a line of an export. `index` is the leaf that was expected there. */
  | { readonly code: "line"; readonly line: number; readonly index: number; readonly detail: string }
  | { readonly code: "log"; readonly detail: string }
  /** Another leaf, `found`, stands where `index` should: it was dropped, swapped or doubled. */
  | { readonly code: "leafOutOfPlace"; readonly index: number; readonly found: number }
  | { readonly code: "leafMalformed"; readonly index: number; readonly detail: string }
  /** The leaf after it names another hash; `alone` when the leaf itself fits neither what is before nor what follows. */
  | { readonly code: "leafChanged"; readonly index: number; readonly alone: boolean }
  /** A checkpoint, in the file or kept elsewhere, covers leaves that the file does not have from `index` on. */
  | { readonly code: "leavesMissing"; readonly index: number; readonly size: number; readonly kept: boolean }
  | { readonly code: "checkpointMalformed"; readonly line: number; readonly index: number }
  | { readonly code: "checkpointOutOfPlace"; readonly size: number; readonly index: number }
  | { readonly code: "checkpointOrigin"; readonly size: number; readonly kept: boolean; readonly origin: string }
  | { readonly code: "checkpointUnknownKey"; readonly size: number; readonly kept: boolean; readonly by: string }
  | { readonly code: "checkpointSignature"; readonly size: number; readonly kept: boolean }
  /** The leaves from `from` to the checkpoint are not those that were signed. */
  | { readonly code: "checkpointRoot"; readonly size: number; readonly kept: boolean; readonly from: number };

export function sentenceOf(fault: Fault): string {
  switch (fault.code) {
    case "line":
      return `line ${fault.line}, where leaf ${fault.index} is due, ${fault.detail}`;
    case "log":
      return fault.detail;
    case "leafOutOfPlace":
      return `leaf ${fault.index} is not in its place: leaf ${fault.found} stands there`;
    case "leafMalformed":
      return `leaf ${fault.index} ${fault.detail}`;
    case "leafChanged":
      return fault.alone
        ? `leaf ${fault.index} is not what it was: it does not follow leaf ${fault.index - 1}, nor leaf ${fault.index + 1} it`
        : `leaf ${fault.index} is not what it was: leaf ${fault.index + 1} names another hash for it`;
    case "leavesMissing":
      return `leaf ${fault.index} is missing: ${checkpointOf(fault)} covers more leaves than there are`;
    case "checkpointMalformed":
      return `the checkpoint in line ${fault.line}, after ${fault.index} leaves, is not a signed checkpoint`;
    case "checkpointOutOfPlace":
      return fault.size === fault.index
        ? `the checkpoint of size ${fault.size} comes a second time`
        : `the checkpoint of size ${fault.size} is not in its place: it comes after ${fault.index} leaves`;
    case "checkpointOrigin":
      return `${checkpointOf(fault)} is of another log: ${fault.origin}`;
    case "checkpointUnknownKey":
      return `${checkpointOf(fault)} is signed by no trusted key, only by ${fault.by}`;
    case "checkpointSignature":
      return `${checkpointOf(fault)} fails: its signature does not hold`;
    case "checkpointRoot":
      return `${checkpointOf(fault)} fails: leaves ${fault.from} to ${fault.size - 1} are not those that were signed`;
    default:
      return unreachable(fault);
  }
}

function checkpointOf({ size, kept }: { readonly size: number; readonly kept: boolean }): string {
  return `the ${kept ? "kept checkpoint" : "checkpoint"} of size ${size}`;
}
