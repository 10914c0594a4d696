/**
 * Clients that share a control plane, each doing one thing after the other: what they do is drawn from a seed, what they
 * meet is up to the runtime. Now and then one of them pulls the plug. Their answers are not held to the contract: clients
 * that mostly wait for something else hardly meet.
 */
import { type Random, randomInteger } from "../../../faults/random.ts";
import { HistoryRecorder, type Operation } from "../../../linearizability/history.ts";
import { CRASH_POINTS, crashAt, crashNow, evictFleet } from "./crash.ts";
import { worker } from "./reads.ts";
import type { SharedInput, SharedMutation, SharedOutput } from "./shared-fleet.ts";
import { outputOf, requestOf } from "./shared-http.ts";

/** One request for a change, as the audit log should know it. */
export type Attempt = {
  readonly requestId: string;
  readonly key: string | undefined;
  /** Undefined when it broke: nobody knows what it did. */
  readonly output: SharedOutput | undefined;
};

/** One operation in so many is preceded by a crash or an eviction. */
const SABOTAGE_ONE_IN = 12;
/** One keyed request in so many is sent twice at once, as a client does that was too impatient. */
const TWICE_ONE_IN = 5;
/** How often a client asks again for what broke before it gives up; with a plug pulled this often, five is plenty. */
const RETRIES_MAX = 20;

export class SharedClients {
  readonly attempts: Attempt[] = [];
  sabotaged = 0;
  readonly #recorder = new HistoryRecorder<SharedInput, SharedOutput>();
  readonly #random: Random;
  readonly #operations: number;
  #names = 0;

  constructor(random: Random, operations: number) {
    this.#random = random;
    this.#operations = operations;
  }

  get history(): readonly Operation<SharedInput, SharedOutput>[] {
    return this.#recorder.operations();
  }

  /** Until there are as many operations as there should be, and whatever broke under a key is settled. */
  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, client) => this.#live(client)));
  }

  async #live(client: number): Promise<void> {
    let last: SharedMutation | undefined;
    while (this.history.length < this.#operations) {
      if (this.#oneIn(SABOTAGE_ONE_IN)) await this.#sabotage();
      const again = last?.key !== undefined && this.#oneIn(8) ? last : undefined;
      last = again ?? (await this.#choose(client));
      if (last !== undefined) await this.#insist(client, last);
    }
  }

  /** What to ask for next; reading may be all there is to it. */
  async #choose(client: number): Promise<SharedMutation | undefined> {
    const kind = draw(this.#random, ["read", "raise", "raise", "raise", "set", "drain", "undrain"]);
    const to = randomInteger(this.#random, { min: 1, max: 1_000 });
    const asked = { reason: this.#newName(), ...(this.#oneIn(2) ? { key: this.#newName() } : {}) };
    switch (kind) {
      case "set":
        return { kind, to, ...asked };
      case "drain":
      case "undrain":
        return { kind, ...asked };
      default: {
        const seen = await this.#ask(client, { kind: "read" });
        if (kind === "read" || seen?.kind !== "seen") return undefined;
        return { kind: "raise", to: seen.counter + 1, etag: seen.etag, key: this.#newName(), reason: asked.reason };
      }
    }
  }

  /** Asks until there is an answer, if a key makes that safe. */
  async #insist(client: number, mutation: SharedMutation): Promise<void> {
    for (let tries = 0; tries < RETRIES_MAX; tries += 1) {
      const twice = mutation.key !== undefined && this.#oneIn(TWICE_ONE_IN);
      const asked = Array.from({ length: twice ? 2 : 1 }, () => this.#ask(client, mutation));
      const outputs = await Promise.all(asked);
      if (mutation.key === undefined || outputs.some((output) => output !== undefined && output.kind !== "running"))
        return;
    }
    throw new Error(`no answer to ${JSON.stringify(mutation)} after ${RETRIES_MAX} tries`);
  }

  async #ask(client: number, input: SharedInput): Promise<SharedOutput | undefined> {
    let requestId = "";
    const output = await this.#recorder.record(client, input, async () => {
      const response = await worker.fetch(requestOf(input));
      requestId = response.headers.get("x-request-id") ?? "";
      return outputOf(input, response.status, await response.text());
    });
    if (input.kind !== "read") this.attempts.push({ requestId, key: input.key, output });
    return output;
  }

  async #sabotage(): Promise<void> {
    this.sabotaged += 1;
    const how = draw(this.#random, [...CRASH_POINTS, "now", "evict"] as const);
    switch (how) {
      case "now":
        return crashNow();
      case "evict":
        // Another client may crash the object meanwhile: then there is nothing left to evict.
        return evictFleet().catch(() => undefined);
      default:
        return crashAt(how).catch(() => undefined);
    }
  }

  #newName(): string {
    this.#names += 1;
    return `name-${this.#names}`;
  }

  #oneIn(count: number): boolean {
    return this.#random() < 1 / count;
  }
}

function draw<T>(random: Random, [first, ...rest]: readonly [T, ...T[]]): T {
  return [first, ...rest][randomInteger(random, { min: 0, max: rest.length })] ?? first;
}
