/** Which way a change goes: what only makes things safer meets the fewest rules (DESIGN §6). */
import type { Mutation } from "../changes/mutation.ts";
import type { ChangeDirection } from "../safety/safety-input.ts";

export function directionOf(mutation: Mutation): ChangeDirection {
  switch (mutation.kind) {
    case "drain":
    case "freeze":
      return "safe";
    case "restore":
    case "withdraw":
      return "undo";
    case "undrain":
    case "expire":
      return "comeback";
    case "batch":
      // One risky part makes the whole risky: all of it happens at once.
      return mutation.mutations.every((part) => directionOf(part) === "safe") ? "safe" : "change";
    default:
      return "change";
  }
}

/** Freezes and overrides leave what edges serve as it is, so there is nothing to try out at one vantage first. */
export function changesRouting(mutation: Mutation): boolean {
  switch (mutation.kind) {
    case "freeze":
    case "liftFreeze":
    case "override":
    case "liftOverride":
      return false;
    case "batch":
      return mutation.mutations.some(changesRouting);
    default:
      return true;
  }
}
