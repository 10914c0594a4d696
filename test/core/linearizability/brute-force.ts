/** The definition itself, for histories so small that every order can be tried: what the checker is checked against. */
import type { Operation } from "../../linearizability/history.ts";
import type { Specification } from "../../linearizability/specification.ts";

export function isLinearizableByDefinition<S, I, O>(
  specification: Specification<S, I, O>,
  history: readonly Operation<I, O>[],
): boolean {
  const isUnanswered = ({ completion }: Operation<I, O>) => completion === undefined;
  return subsets(history.filter(isUnanswered)).some((happened) =>
    permutations(history.filter((operation) => !isUnanswered(operation) || happened.includes(operation))).some(
      (order) => keepsRealTime(order) && isLegal(specification, order),
    ),
  );
}

/** Nothing comes before an operation that had ended when it was called. */
export function keepsRealTime<I, O>(order: readonly Operation<I, O>[]): boolean {
  return order.every(({ invokedAt }, place) =>
    order.slice(place + 1).every(({ completion }) => (completion?.returnedAt ?? Number.POSITIVE_INFINITY) >= invokedAt),
  );
}

/** A sequential object could have answered all that, one after the other. */
export function isLegal<S, I, O>(
  { initial, step }: Specification<S, I, O>,
  order: readonly Operation<I, O>[],
): boolean {
  const end = order.reduce<readonly S[]>(
    (states, { input, completion }) => states.flatMap((state) => step(state, input, completion?.output)),
    [initial],
  );
  return end.length > 0;
}

function subsets<T>([first, ...rest]: readonly T[]): readonly (readonly T[])[] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((subset) => [subset, [first, ...subset]]);
}

function permutations<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length === 0) return [[]];
  return list.flatMap((item, place) => permutations(list.toSpliced(place, 1)).map((rest) => [item, ...rest]));
}
