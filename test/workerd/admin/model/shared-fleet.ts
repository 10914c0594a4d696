/**
 * What clients of one control plane may see, as a sequential object: two weights of one rule and whether a region is
 * drained, a revision for every change, and answers that are kept for keys. One weight is a counter, which clients raise by
 * one on the state that they have read; the other is set by whoever likes.
 */
import { unreachable } from "../../../../config/invariant.ts";
import type { Specification } from "../../../linearizability/specification.ts";
import type { Listed } from "./reads.ts";

export type SharedInput =
  | { readonly kind: "read" }
  /** With the tag of the state that was read, in which the counter was one less. */
  | ({ readonly kind: "raise"; readonly to: number; readonly etag: string } & Asked)
  | ({ readonly kind: "set"; readonly to: number } & Asked)
  | ({ readonly kind: "drain" | "undrain" } & Asked);

export type SharedMutation = Exclude<SharedInput, { readonly kind: "read" }>;

type Asked = {
  /** Another one for each change, and the same for a retry, so that the list of revisions says whose each one is. */
  readonly reason: string;
  readonly key?: string;
};

export type SharedOutput =
  | ({ readonly kind: "seen"; readonly revision: number; readonly etag: string } & Content)
  | { readonly kind: "done"; readonly revision: number; readonly etag: string; readonly changed: boolean }
  | { readonly kind: "stale"; readonly revision: number; readonly etag: string }
  /** Another request with the same key was being worked on. Nothing came of this one. */
  | { readonly kind: "running" }
  /** Never right. */
  | { readonly kind: "unexpected"; readonly status: number; readonly text: string };

type Content = { readonly counter: number; readonly plain: number; readonly drained: boolean };

type Done = { readonly revision: number; readonly changed: boolean };

export type SharedState = Content & {
  readonly revision: number;
  /** The keys whose answer is kept. */
  readonly answered: readonly string[];
};

export type SharedFleet = Specification<SharedState, SharedInput, SharedOutput>;

/** What is known in the end, which nobody can have been told anything else than. It saves the checker all guessing. */
export type Hindsight = {
  /** As they are listed, from the first on. What broke has made a revision exactly if its reason is there. */
  readonly revisions: readonly Pick<Listed, "digest" | "reason">[];
  /** What came of the requests that were made more than once, by key; absent for those that were never answered. */
  readonly told: ReadonlyMap<string, Done>;
};

export function sharedFleet({ revisions, told }: Hindsight): SharedFleet {
  const etagOf = (revision: number) => `"${revisions[revision - 1]?.digest}"`;

  function apply(state: SharedState, input: SharedInput): Applied | undefined {
    const etag = etagOf(state.revision);
    if (input.kind === "read") {
      const { answered: _, ...seen } = state;
      return { state, output: { kind: "seen", ...seen, etag } };
    }
    const answer = input.key === undefined ? undefined : told.get(input.key);
    if (answer !== undefined && state.answered.includes(input.key ?? ""))
      return { state, output: { kind: "done", ...answer, etag: etagOf(answer.revision) } };
    if (input.kind === "raise" && input.etag !== etag)
      return { state, output: { kind: "stale", revision: state.revision, etag } };

    const content = contentAfter(state, input);
    const changed = input.kind === "drain" || CONTENT.some((field) => content[field] !== state[field]);
    if (changed && revisions[state.revision]?.reason !== input.reason) return undefined;
    const done = { revision: state.revision + (changed ? 1 : 0), changed };
    if (answer !== undefined && (answer.revision !== done.revision || answer.changed !== changed)) return undefined;
    const answered = answer === undefined ? state.answered : [...state.answered, input.key ?? ""].sort();
    return {
      state: { ...content, revision: done.revision, answered },
      output: { kind: "done", ...done, etag: etagOf(done.revision) },
    };
  }

  return {
    initial: { revision: 1, counter: 0, plain: 0, drained: false, answered: [] },
    step: (state, input, output) => {
      if (output?.kind === "running") return [state];
      const applied = apply(state, input);
      if (applied === undefined) return [];
      return output === undefined || sameOutput(output, applied.output) ? [applied.state] : [];
    },
    isRead: (_, { kind }) => kind !== "done",
    key: ({ revision, counter, plain, drained, answered }) =>
      JSON.stringify({ revision, counter, plain, drained, answered }),
  };
}

type Applied = { readonly state: SharedState; readonly output: SharedOutput };

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
