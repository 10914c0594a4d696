/**
 * What clusters report, as far as the status object tells within a moment; kept here, and asked for what is new. Everybody
 * who asks before a question has gone out shares its answer, which is thus never older than their own question.
 */
import type { Statuses } from "../core/status/statuses.ts";
import { type AdminEnv, statusStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "./deadline.ts";

/** An object in trouble is not asked for each commit, which would all have to wait for it. */
const FAILURE_KEPT_MS = 1_000;

export type ReadStatuses = { readonly statuses: Statuses; readonly lagMs: ReadonlyMap<string, number> };

export class StatusReader {
  readonly #env: AdminEnv;
  #sequence: number | undefined;
  #statuses: Statuses = new Map();
  #failedAtMs = 0;
  #running: Promise<unknown> | undefined;
  /** The question that has not gone out yet. */
  #next: Promise<ReadStatuses | undefined> | undefined;

  constructor(env: AdminEnv) {
    this.#env = env;
  }

  /** Undefined when it does not answer in time: nothing is said by what was so a while ago. */
  read(ms: number): Promise<ReadStatuses | undefined> {
    this.#next ??= this.#takeTurn(ms);
    return this.#next;
  }

  async #takeTurn(ms: number): Promise<ReadStatuses | undefined> {
    await this.#running;
    this.#next = undefined;
    const asked = this.#ask(ms);
    this.#running = asked;
    return asked;
  }

  async #ask(ms: number): Promise<ReadStatuses | undefined> {
    if (Date.now() - this.#failedAtMs < FAILURE_KEPT_MS) return undefined;
    try {
      const answer = await withinMs(ms, "status", statusStub(this.#env).readStatuses(this.#sequence));
      if (answer.statuses !== undefined) {
        this.#statuses = new Map(answer.statuses.map((status) => [status.cluster, status]));
        this.#sequence = answer.sequence;
      }
      return { statuses: this.#statuses, lagMs: new Map(Object.entries(answer.lagMs)) };
    } catch (error) {
      this.#failedAtMs = Date.now();
      logEvent("reckoning.withoutStatuses", { error: errorText(error) });
      return undefined;
    }
  }
}
