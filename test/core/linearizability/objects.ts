/** Small sequential objects to check histories of, and histories written as short texts. */
import { unreachable } from "../../../config/invariant.ts";
import type { Operation } from "../../linearizability/history.ts";
import type { Specification } from "../../linearizability/specification.ts";

export type RegisterInput =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: number }
  | { readonly kind: "swap"; readonly from: number; readonly to: number };

/** What was read; whether it was swapped; a write answers that it was done. */
export type RegisterOutput = number | boolean;

/** A register that starts at 0, with compare-and-set. */
export const REGISTER: Specification<number, RegisterInput, RegisterOutput> = {
  initial: 0,
  step: (state, input, output) => {
    const applied = applyToRegister(state, input);
    return output === undefined || output === applied.output ? [applied.state] : [];
  },
  key: String,
  isRead: (input, output) => input.kind === "read" || output === false,
};

export function applyToRegister(
  state: number,
  input: RegisterInput,
): { readonly state: number; readonly output: RegisterOutput } {
  switch (input.kind) {
    case "read":
      return { state, output: state };
    case "write":
      return { state: input.value, output: true };
    case "swap":
      return { state: state === input.from ? input.to : state, output: state === input.from };
    default:
      return unreachable(input);
  }
}

export type BagInput = { readonly put: string } | "take";

/** A bag gives back any of what is in it: one call can lead to many states. */
export const BAG: Specification<readonly string[], BagInput, string> = {
  initial: [],
  step: (state, input, output) => {
    if (input !== "take") return output === undefined || output === "done" ? [[...state, input.put].toSorted()] : [];
    const taken = output === undefined ? state : state.filter((thing) => thing === output);
    return [...new Set(taken)].map((thing) => state.toSpliced(state.indexOf(thing), 1));
  },
  key: JSON.stringify,
};

/**
 * A register history of a line: `w1@1-4` writes 1 from instant 1 to 4, `r0@2-3` reads 0, `c0>1@5-6` swaps 0 for 1,
 * `x0>1@5-6` was refused that, and `w1@1-` was never answered. Each operation is a client's only one.
 */
export function registerHistory(text: string): readonly Operation<RegisterInput, RegisterOutput>[] {
  return text
    .split(" ")
    .filter((part) => part !== "")
    .map((part, client) => {
      const [call = "", times = ""] = part.split("@");
      const [invokedAt, returnedAt] = times.split("-").map(Number);
      const [input, output] = registerCall(call);
      const invoked = { client, input, invokedAt: invokedAt ?? 0 };
      return times.endsWith("-") ? invoked : { ...invoked, completion: { output, returnedAt: returnedAt ?? 0 } };
    });
}

function registerCall(call: string): [RegisterInput, RegisterOutput] {
  const [from = 0, to = 0] = call.slice(1).split(">").map(Number);
  switch (call[0]) {
    case "r":
      return [{ kind: "read" }, from];
    case "w":
      return [{ kind: "write", value: from }, true];
    default:
      return [{ kind: "swap", from, to }, call.startsWith("c")];
  }
}
