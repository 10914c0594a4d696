/**
 * What edges see themselves (passive) beside what probers ask (active). An isolate that takes a cluster out may have a
 * broken way to it; several in different places, with enough requests behind them, are evidence. It is kept per beacon,
 * so it also says where.
 */
import { type EdgeReport, REPORTED_ISOLATES_MAX, REPORTS_KEPT_MS } from "../../../config/beacon.ts";

/** Of one cluster: how many isolates have it out, and what they saw. */
export type Ejections = { readonly isolates: number; readonly failures: number; readonly requests: number };

export type EdgeEvidence = {
  /** Isolates that have reported lately, whatever they said. */
  readonly isolates: number;
  readonly clusters: Readonly<Record<string, Ejections>>;
};

export const NO_EVIDENCE: EdgeEvidence = { isolates: 0, clusters: {} };

export type PassiveEvidence = Ejections & {
  /** Isolates that could have said something. */
  readonly reporting: number;
  /** Enough to count: see `isStrong`. */
  readonly counts: boolean;
};

/** An ejection takes five failures in a row, so three isolates are fifteen failures that did not depend on one another. */
const ISOLATES_MIN = 3;
/** And a fifth of all that report: three of two hundred are three broken ways to the cluster. */
const ISOLATES_SHARE = 1 / 5;
/** Three ejections by failures in a row come to fifteen; a few more, so that none of them was the least possible. */
const REQUESTS_MIN = 20;

/** As with vantages, more than half: of the requests that say anything most must have failed. */
function isStrong({ isolates, failures, requests }: Ejections, reporting: number): boolean {
  return (
    isolates >= Math.max(ISOLATES_MIN, reporting * ISOLATES_SHARE) &&
    requests >= REQUESTS_MIN &&
    2 * failures > requests
  );
}

/** What edges say of one cluster, near one vantage or all of them; undefined when nobody has it out. */
export function passiveEvidence(cluster: string, places: readonly EdgeEvidence[]): PassiveEvidence | undefined {
  const found = places.flatMap(({ clusters }) => clusters[cluster] ?? []);
  if (found.length === 0) return undefined;
  const sum = found.reduce((a, b) => ({
    isolates: a.isolates + b.isolates,
    failures: a.failures + b.failures,
    requests: a.requests + b.requests,
  }));
  const reporting = places.reduce((total, { isolates }) => total + isolates, 0);
  return { ...sum, reporting, counts: isStrong(sum, reporting) };
}

type Heard = {
  readonly atMs: number;
  readonly heardAtMs: number;
  readonly ejected: NonNullable<EdgeReport["ejected"]>;
};

/** At a beacon: what each isolate said last. In memory and bounded; after a restart isolates say it again within seconds. */
export class EjectionReports {
  /** In the order in which they were last heard. */
  readonly #byIsolate = new Map<string, Heard>();

  accept({ isolate, atMs, ejected = [] }: EdgeReport, nowMs: number): void {
    const before = this.#byIsolate.get(isolate);
    if (before !== undefined && before.atMs > atMs) return; // It was overtaken on its way.
    this.#byIsolate.delete(isolate);
    this.#byIsolate.set(isolate, { atMs, heardAtMs: nowMs, ejected });
    this.#forget(nowMs);
  }

  view(nowMs: number): EdgeEvidence {
    this.#forget(nowMs);
    const sums = new Map<string, Ejections>();
    for (const { cluster, failures, requests } of [...this.#byIsolate.values()].flatMap(({ ejected }) => ejected)) {
      const sum = sums.get(cluster) ?? { isolates: 0, failures: 0, requests: 0 };
      sums.set(cluster, {
        isolates: sum.isolates + 1,
        failures: sum.failures + failures,
        requests: sum.requests + requests,
      });
    }
    return { isolates: this.#byIsolate.size, clusters: Object.fromEntries(sums) };
  }

  #forget(nowMs: number): void {
    for (const [isolate, { heardAtMs }] of this.#byIsolate) {
      if (this.#byIsolate.size <= REPORTED_ISOLATES_MAX && nowMs - heardAtMs < REPORTS_KEPT_MS) return;
      this.#byIsolate.delete(isolate);
    }
  }
}
