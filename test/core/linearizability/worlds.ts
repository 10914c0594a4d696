/** Histories of concurrent clients of an object that is atomic by construction: what a checker must always accept. */
import { invariant } from "../../../config/invariant.ts";
import { type Random, randomInteger } from "../../faults/random.ts";
import type { Operation } from "../../linearizability/history.ts";

export type AtomicObject<S, I, O> = {
  readonly initial: S;
  readonly apply: (state: S, input: I) => { readonly state: S; readonly output: O };
  readonly input: (random: Random) => I;
};

export type Pace = {
  readonly clients: number;
  readonly operations: number;
  /** One step in so many breaks a call, before or after it took effect. None when absent. */
  readonly brokenOneIn?: number;
};

/** Each step moves one client on by one: it calls, its call takes effect on the one object, it is answered. */
export function atomicHistory<S, I, O>(
  object: AtomicObject<S, I, O>,
  { clients, operations, brokenOneIn = Number.POSITIVE_INFINITY }: Pace,
  random: Random,
): readonly Operation<I, O>[] {
  const world = new AtomicWorld(object);
  for (let instant = 1; world.called < operations || world.running > 0; instant += 1) {
    const client = randomInteger(random, { min: 1, max: clients });
    if (!world.isRunning(client)) {
      if (world.called < operations) world.call(client, object.input(random), instant);
      continue;
    }
    if (random() < 1 / brokenOneIn) world.break(client);
    else world.advance(client, instant);
  }
  return world.history;
}

class AtomicWorld<S, I, O> {
  readonly history: Operation<I, O>[] = [];
  readonly #object: AtomicObject<S, I, O>;
  /** By client: the place of its call in the history, and what it will be answered once that is settled. */
  readonly #calls = new Map<number, { readonly place: number; readonly effect?: { readonly output: O } }>();
  #state: S;

  constructor(object: AtomicObject<S, I, O>) {
    this.#object = object;
    this.#state = object.initial;
  }

  get called(): number {
    return this.history.length;
  }

  get running(): number {
    return this.#calls.size;
  }

  isRunning(client: number): boolean {
    return this.#calls.has(client);
  }

  call(client: number, input: I, invokedAt: number): void {
    this.#calls.set(client, { place: this.history.length });
    this.history.push({ client, input, invokedAt });
  }

  break(client: number): void {
    this.#calls.delete(client);
  }

  advance(client: number, instant: number): void {
    const call = this.#calls.get(client);
    const operation = this.history[call?.place ?? -1];
    invariant(call !== undefined && operation !== undefined, "a client that waits for an answer");
    if (call.effect === undefined) {
      const { state, output } = this.#object.apply(this.#state, operation.input);
      this.#state = state;
      this.#calls.set(client, { ...call, effect: { output } });
      return;
    }
    this.history[call.place] = { ...operation, completion: { output: call.effect.output, returnedAt: instant } };
    this.#calls.delete(client);
  }
}
