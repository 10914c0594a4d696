/**
 * Statuses that were refused, counted for each cluster and logged now and then: anybody on the internet can send any
 * number of them, so neither the audit log nor the log of the Worker gets a line for each. In memory only.
 */
import type { StatusFault } from "../core/status/read-status.ts";
import { logEvent } from "../log.ts";

export type Refusals = {
  readonly count: number;
  readonly lastAtMs: number;
  readonly last: StatusFault;
};

/** One line for the first of a kind, and then with the sum at most this often. */
const LOG_MS = 10_000;

/** Counts what names no cluster of the fleet. */
const NOBODY = "";

export class StatusRefusals {
  readonly #refusals = new Map<string, Refusals>();
  readonly #loggedAtMs = new Map<string, number>();

  of(cluster: string): Refusals | undefined {
    return this.#refusals.get(cluster);
  }

  /** `cluster` is one of the fleet, or undefined: names that strangers make up are not kept. */
  note(cluster: string | undefined, fault: StatusFault, nowMs: number): void {
    const who = cluster ?? NOBODY;
    const count = (this.#refusals.get(who)?.count ?? 0) + 1;
    this.#refusals.set(who, { count, lastAtMs: nowMs, last: fault });
    const kind = `${who}/${fault.code}`;
    if (nowMs - (this.#loggedAtMs.get(kind) ?? 0) < LOG_MS) return;
    this.#loggedAtMs.set(kind, nowMs);
    logEvent("status.refused", { cluster: who, because: fault.code, count });
  }

  keepOnly(clusters: ReadonlySet<string>): void {
    for (const cluster of this.#refusals.keys())
      if (cluster !== NOBODY && !clusters.has(cluster)) this.#refusals.delete(cluster);
    for (const kind of this.#loggedAtMs.keys()) {
      const [cluster = NOBODY] = kind.split("/");
      if (cluster !== NOBODY && !clusters.has(cluster)) this.#loggedAtMs.delete(kind);
    }
  }
}
