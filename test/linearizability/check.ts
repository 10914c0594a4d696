/**
 * Decides whether a history is linearizable: whether each operation can be given one instant between its call and its
 * answer such that a sequential object would have answered the same (Herlihy and Wing, "Linearizability", 1990). What is
 * linearizable is so in every prefix, so a history that is not has a smallest prefix that fails, and an answer that ends it.
 */
import { invariant } from "../../config/invariant.ts";
import { explain } from "./explain.ts";
import type { Operation } from "./history.ts";
import { answered, type Stuck, search } from "./search.ts";
import type { Specification } from "./specification.ts";

/** Some hundred MB and a minute. A history that needs more is answered "undecided", which no test may take for a yes. */
const CONFIGURATIONS_MAX = 200_000;

export type Linearization<I, O> = {
  /** Empty when the specification has no partitions. */
  readonly partition: string;
  /** Without those operations that nobody was told about and nobody can tell to have happened. */
  readonly order: readonly Operation<I, O>[];
};

export type Violation<I, O> = {
  /** The answer before which all was well. */
  readonly culprit: Operation<I, O>;
  /** What had been called by then, the culprit included; what was still running has no completion here. */
  readonly prefix: readonly Operation<I, O>[];
  /** For people. */
  readonly explanation: string;
};

export type Verdict<I, O> =
  | { readonly kind: "linearizable"; readonly linearizations: readonly Linearization<I, O>[] }
  | ({ readonly kind: "violated"; readonly partition: string } & Violation<I, O>)
  /** The search was given up. */
  | { readonly kind: "undecided"; readonly partition: string };

/** The history may be in any order. `configurationsMax` bounds the memory of the search. */
export function checkLinearizable<S, I, O>(
  specification: Specification<S, I, O>,
  history: readonly Operation<I, O>[],
  { configurationsMax = CONFIGURATIONS_MAX }: { readonly configurationsMax?: number } = {},
): Verdict<I, O> {
  const sorted = history.toSorted((a, b) => a.invokedAt - b.invokedAt);
  const linearizations: Linearization<I, O>[] = [];
  for (const [partition, operations] of Map.groupBy(sorted, ({ input }) => specification.partition?.(input) ?? "")) {
    const found = search(specification, operations, configurationsMax);
    if (found.kind === "undecided") return { kind: "undecided", partition };
    if (found.kind === "stuck")
      return {
        kind: "violated",
        partition,
        ...smallestViolation(specification, operations, { whole: found, configurationsMax }),
      };
    linearizations.push({ partition, order: found.order });
  }
  return { kind: "linearizable", linearizations };
}

/**
 * The search knows all answers, those that came after the one at which it got stuck as well. Whoever had stopped there
 * could have seen an order still, so the smallest prefix may end some answers later.
 */
function smallestViolation<S, I, O>(
  specification: Specification<S, I, O>,
  operations: readonly Operation<I, O>[],
  { whole, configurationsMax }: { readonly whole: Stuck<S, I, O>; readonly configurationsMax: number },
): Violation<I, O> {
  const answers = answered(operations);
  for (let last = answers.indexOf(whole.at); last < answers.length; last += 1) {
    const culprit = answers[last];
    invariant(culprit !== undefined, "a place in the list of answers");
    const prefix = prefixOf(operations, answers.slice(0, last + 1));
    const found = search(specification, prefix, configurationsMax);
    if (found.kind === "stuck") return { culprit, prefix, explanation: explain(specification, culprit, prefix, found) };
  }
  invariant(false, "the prefix that ends with the last answer fails as the whole does");
}

/** What had been called by the last of these answers, and no answer beside them. */
function prefixOf<I, O>(
  operations: readonly Operation<I, O>[],
  answers: readonly Operation<I, O>[],
): readonly Operation<I, O>[] {
  const endsAt = answers.at(-1)?.completion?.returnedAt ?? 0;
  return operations
    .filter(({ invokedAt }) => invokedAt <= endsAt)
    .map((operation) => {
      const { completion: _, ...call } = operation;
      return answers.includes(operation) ? operation : call;
    });
}
