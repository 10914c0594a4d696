/**
 * Looks for an order of the operations that explains every answer. The search is that of Wing and Gong, "Testing and
 * verifying concurrent objects" (1993), with the two changes of Lowe, "Testing for linearizability" (2017): an operation
 * takes effect only when an answer needs it to, and a configuration that was met before is not searched again. Calls that
 * broke would make even that exponential, since each may have happened or not; so a configuration is not searched either
 * when the same was met with fewer of them used up.
 */
import { invariant } from "../../config/invariant.ts";
import type { Operation } from "./history.ts";
import type { Specification } from "./specification.ts";

export type Found<S, I, O> =
  | { readonly kind: "order"; readonly order: readonly Operation<I, O>[] }
  | Stuck<S, I, O>
  /** More configurations than were allowed. */
  | { readonly kind: "undecided" };

export type Stuck<S, I, O> = {
  readonly kind: "stuck";
  /** The first answer that could not be explained. */
  readonly at: Operation<I, O>;
  /** All that the object could be when it was due, whatever had taken effect by then. */
  readonly states: readonly S[];
  /** One order that explains all answers before. */
  readonly order: readonly Operation<I, O>[];
};

/** `id` is the place in the list that was given. */
type Call<I, O> = { readonly id: number; readonly operation: Operation<I, O> };

/** An answer, and the calls that may take effect before it: made by then, not answered before, itself the last. */
type Answer<I, O> = { readonly due: Call<I, O>; readonly open: readonly Call<I, O>[] };

type Configuration<S, I, O> = {
  /** How many answers are explained. */
  readonly explained: number;
  /** Calls that have taken effect and will be answered later. */
  readonly effective: readonly number[];
  /** Calls that have taken effect and will never be answered: a bit for each id, and how many they are. */
  readonly used: bigint;
  readonly usedCount: number;
  readonly state: S;
  readonly order: Link<I, O> | undefined;
};

/** An order that shares its beginning with those of other configurations. */
type Link<I, O> = { readonly operation: Operation<I, O>; readonly before: Link<I, O> | undefined };

export function search<S, I, O>(
  specification: Specification<S, I, O>,
  operations: readonly Operation<I, O>[],
  configurationsMax: number,
): Found<S, I, O> {
  const answers = answersOf(operations);
  const frontier = new Frontier<Configuration<S, I, O>>();
  frontier.push({
    explained: 0,
    effective: [],
    used: 0n,
    usedCount: 0,
    state: specification.initial,
    order: undefined,
  });
  const met = new MetConfigurations();
  let ends: Configuration<S, I, O>[] = [];

  for (let next = frontier.pop(); next !== undefined; next = frontier.pop()) {
    const answer = answers[next.explained];
    if (answer === undefined) return { kind: "order", order: toArray(next.order) };
    if (!met.add(keyOf(specification, next), next.used)) continue;
    if (met.size > configurationsMax) return { kind: "undecided" };
    const furthest = ends[0]?.explained ?? 0;
    if (next.explained > furthest) ends = [next];
    else if (next.explained === furthest) ends.push(next);
    for (const successor of successors(specification, answer, next)) frontier.push(successor);
  }
  const [end] = ends;
  const at = answers[end?.explained ?? 0]?.due.operation;
  invariant(at !== undefined, "a search without success got stuck at an answer");
  return { kind: "stuck", at, states: ends.map(({ state }) => state), order: toArray(end?.order) };
}

/** The operations that were answered, in the order of their answers. */
export function answered<I, O>(operations: readonly Operation<I, O>[]): readonly Operation<I, O>[] {
  return operations
    .flatMap((operation) => {
      const at = operation.completion?.returnedAt;
      return at === undefined ? [] : { at, operation };
    })
    .toSorted((a, b) => a.at - b.at)
    .map(({ operation }) => operation);
}

/** At the same instant calls come before answers: what may overlap is not held to an order. */
function answersOf<I, O>(operations: readonly Operation<I, O>[]): readonly Answer<I, O>[] {
  const ranks = new Map(answered(operations).map((operation, rank) => [operation, rank]));
  // The frontier gives back first what comes last: the due answer itself, which nearly always succeeds, then those that
  // are answered soon, and calls without an answer at the end.
  const calls = operations
    .map((operation, id) => ({ id, operation, rank: ranks.get(operation) ?? Number.MAX_SAFE_INTEGER }))
    .toSorted((a, b) => b.rank - a.rank);
  return calls.toReversed().flatMap((due) => {
    const at = due.operation.completion?.returnedAt;
    if (at === undefined) return [];
    return { due, open: calls.filter(({ rank, operation }) => rank >= due.rank && operation.invokedAt <= at) };
  });
}

/** What can happen next: the due answer is explained already, or some open call takes effect first. */
function successors<S, I, O>(
  specification: Specification<S, I, O>,
  { due, open }: Answer<I, O>,
  configuration: Configuration<S, I, O>,
): readonly Configuration<S, I, O>[] {
  const { explained, effective, used } = configuration;
  if (effective.includes(due.id))
    return [{ ...configuration, explained: explained + 1, effective: effective.filter((id) => id !== due.id) }];
  const possible = open
    .filter(({ id }) => !effective.includes(id) && (used & bitOf(id)) === 0n)
    .map((call) => ({ call, after: statesAfter(specification, call.operation, configuration.state) }));
  // With a read behind it, a configuration can do all that it could do before.
  const read = possible.find(({ call, after }) => after.length > 0 && isRead(specification, call.operation));
  return (read === undefined ? possible : [read]).flatMap(({ call, after }) =>
    after.map((state) => takeEffect(configuration, call, state)),
  );
}

function takeEffect<S, I, O>(
  { explained, effective, used, usedCount, order: before }: Configuration<S, I, O>,
  { id, operation }: Call<I, O>,
  state: S,
): Configuration<S, I, O> {
  const next = { explained, state, order: { operation, before } };
  if (operation.completion === undefined)
    return { ...next, effective, used: used | bitOf(id), usedCount: usedCount + 1 };
  return { ...next, effective: [...effective, id], used, usedCount };
}

function isRead<S, I, O>(specification: Specification<S, I, O>, { input, completion }: Operation<I, O>): boolean {
  return completion !== undefined && specification.isRead?.(input, completion.output) === true;
}

function statesAfter<S, I, O>(
  { step, key }: Specification<S, I, O>,
  { input, completion }: Operation<I, O>,
  state: S,
): readonly S[] {
  if (completion !== undefined) return step(state, input, completion.output);
  // Without an answer, to change nothing is the same as never to have happened, which needs no searching.
  return step(state, input, undefined).filter((after) => after !== state && key(after) !== key(state));
}

/** Two configurations with the same key differ at most in what is used up. */
function keyOf<S, I, O>(
  { key }: Specification<S, I, O>,
  { explained, effective, state }: Configuration<S, I, O>,
): string {
  return `${explained}|${effective.toSorted((a, b) => a - b).join(",")}|${key(state)}`;
}

/** What is still to be searched. Depth first; at one depth those first that have used up least, as they make others needless. */
class Frontier<C extends Pick<Configuration<unknown, unknown, unknown>, "explained" | "usedCount">> {
  /** By what is explained, then by how many calls are used up; each the newest last. */
  readonly #levels: C[][][] = [];

  push(configuration: C): void {
    const { explained, usedCount } = configuration;
    this.#levels[explained] ??= [];
    const level = this.#levels[explained];
    level[usedCount] ??= [];
    level[usedCount]?.push(configuration);
  }

  pop(): C | undefined {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const next = level.find((stack) => stack !== undefined && stack.length > 0)?.pop();
      if (next !== undefined) return next;
      this.#levels.pop();
    }
    return undefined;
  }
}

class MetConfigurations {
  readonly #usedByKey = new Map<string, bigint[]>();
  size = 0;

  /** False when it was met before, or one that can do all that this one can. */
  add(key: string, used: bigint): boolean {
    const known = this.#usedByKey.get(key) ?? [];
    if (known.some((fewer) => (fewer & ~used) === 0n)) return false;
    known.push(used);
    this.#usedByKey.set(key, known);
    this.size += 1;
    return true;
  }
}

function bitOf(id: number): bigint {
  return 1n << BigInt(id);
}

function toArray<I, O>(order: Link<I, O> | undefined): readonly Operation<I, O>[] {
  const operations: Operation<I, O>[] = [];
  for (let link = order; link !== undefined; link = link.before) operations.push(link.operation);
  return operations.toReversed();
}
