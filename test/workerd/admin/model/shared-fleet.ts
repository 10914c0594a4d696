/**
 * What eight clients of one control plane may see, as a sequential object: two weights of one rule and whether a region is
 * drained, a revision for every change, and answers that are kept for keys. One weight is a counter, which clients raise by
 * one on the state that they have read; the other is set by whoever likes.
 */
import { unreachable } from "../../../../config/invariant.ts";
import type { Specification } from "../../../linearizability/specification.ts";

export type SharedInput =
  | { readonly kind: "read" }
  /** With the tag of the state that was read, in which the counter was one less. */
  | { readonly kind: "raise"; readonly to: number; readonly etag: string; readonly key: string }
  | { readonly kind: "set"; readonly to: number; readonly key?: string }
  /** Each with a reason of its own, so that a second drain takes the place of the first. */
  | { readonly kind: "drain" | "undrain"; readonly reason: string; readonly key?: string };

export type SharedMutation = Exclude<SharedInput, { readonly kind: "read" }>;

export type SharedOutput =
  | ({ readonly kind: "seen"; readonly revision: number; readonly etag: string } & Content)
  | { readonly kind: "done"; readonly revision: number; readonly etag: string; readonly changed: boolean }
  | { readonly kind: "stale"; readonly revision: number; readonly etag: string }
  /** Never right. */
  | { readonly kind: "unexpected"; readonly status: number; readonly text: string };

type Content = { readonly counter: number; readonly plain: number; readonly drained: boolean };

type Done = { readonly revision: number; readonly changed: boolean };

export type SharedState = Content & { readonly revision: number; readonly answers: Readonly<Record<string, Done>> };

export type SharedFleet = Specification<SharedState, SharedInput, SharedOutput>;

/** `etags` are those of all revisions. Answers are only remembered for keys that are used more than once. */
export function sharedFleet(
  initial: Omit<SharedState, "answers">,
  etags: readonly string[],
  repeatedKeys: ReadonlySet<string>,
): SharedFleet {
  const etagOf = (revision: number) => etags[revision] ?? "none";

  function apply(
    state: SharedState,
    input: SharedInput,
  ): { readonly state: SharedState; readonly output: SharedOutput } {
    if (input.kind === "read") {
      const { answers: _, ...seen } = state;
      return { state, output: { kind: "seen", ...seen, etag: etagOf(state.revision) } };
    }
    const known = input.key === undefined ? undefined : state.answers[input.key];
    if (known !== undefined) return { state, output: { kind: "done", ...known, etag: etagOf(known.revision) } };
    const etag = etagOf(state.revision);
    if (input.kind === "raise" && input.etag !== etag)
      return { state, output: { kind: "stale", revision: state.revision, etag } };

    const content = contentAfter(state, input);
    const changed = CONTENT.some((field) => content[field] !== state[field]) || input.kind === "drain";
    const done = { revision: state.revision + (changed ? 1 : 0), changed };
    const kept = input.key !== undefined && repeatedKeys.has(input.key) ? { [input.key]: done } : {};
    return {
      state: { ...content, revision: done.revision, answers: { ...state.answers, ...kept } },
      output: { kind: "done", ...done, etag: etagOf(done.revision) },
    };
  }

  return {
    initial: { ...initial, answers: {} },
    step: (state, input, output) => {
      const applied = apply(state, input);
      return output === undefined || sameOutput(output, applied.output) ? [applied.state] : [];
    },
    key: ({ answers, ...rest }) => JSON.stringify([rest, Object.entries(answers).sort()]),
    describe: (input, output) => `${JSON.stringify(input)} -> ${output === undefined ? "?" : JSON.stringify(output)}`,
  };
}

const CONTENT = ["counter", "plain", "drained"] as const;

function contentAfter({ counter, plain, drained }: Content, input: SharedMutation): Content {
  switch (input.kind) {
    case "raise":
      return { counter: input.to, plain, drained };
    case "set":
      return { counter, plain: input.to, drained };
    case "drain":
      return { counter, plain, drained: true };
    case "undrain":
      return { counter, plain, drained: false };
    default:
      return unreachable(input);
  }
}

function sameOutput(a: SharedOutput, b: SharedOutput): boolean {
  const text = (output: SharedOutput) => JSON.stringify(Object.entries(output).sort());
  return text(a) === text(b);
}
