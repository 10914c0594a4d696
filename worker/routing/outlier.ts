/**
 * Passive outlier detection of one isolate: takes note of how attempts went, says which clusters to leave alone for a
 * while. A state machine without I/O: time and chance are arguments, and nothing happens between calls.
 *
 * Rules and defaults are Envoy's (outlier_detection.proto): consecutive failures, success rate against the peers, base
 * time times the count with a cap, one off the count for each clean interval. Two differ. The last cluster of a service
 * in a region is never ejected but *dimmed*: it keeps a small share, so a region cannot be emptied by what one isolate
 * believes, and yet most of its clients go where they are served (DECISIONS 12). And what brings a cluster back early is
 * not any probe that succeeds, but that probes saw it fail and recover after the ejection: an isolate whose own way to
 * the cluster is broken, while probes were content all along, must not be talked out of what it sees.
 */
import type { EjectionCause } from "../../config/beacon.ts";

export type OutlierOptions = {
  readonly consecutiveFailures: number;
  readonly intervalMs: number;
  readonly ejectionMsBase: number;
  readonly ejectionMsMax: number;
  /** Of the clusters of one service in one region, rounded down, but always at least one may go while one stays. */
  readonly ejectionPercentMax: number;
  /** Added to each ejection, at most; so that isolates do not all come back at once. */
  readonly jitterMsMax: number;
  readonly successRate: {
    readonly clustersMin: number;
    /** Requests within one interval before a cluster's rate counts. */
    readonly requestVolume: number;
    /** Thousandths of a standard deviation below the mean. */
    readonly stdevFactor: number;
  };
};

export const OUTLIER_DEFAULTS: OutlierOptions = {
  consecutiveFailures: 5,
  intervalMs: 10_000,
  ejectionMsBase: 30_000,
  ejectionMsMax: 300_000,
  // Envoy's 10% is for clusters of many hosts; with two or three clusters a region it would eject nobody.
  ejectionPercentMax: 50,
  jitterMsMax: 3_000,
  successRate: { clustersMin: 3, requestVolume: 100, stdevFactor: 1_900 },
};

/** Clusters that stand in for each other: those of one service in one region. */
export type Peers = { readonly group: string; readonly size: number };

export type OutlierEvent = {
  readonly cluster: string;
  readonly kind: "ejected" | "dimmed" | "returned";
  readonly because: EjectionCause | "timeServed" | "probes";
  readonly untilMs: number;
};

/** A cluster that is out or dimmed, and what speaks against it: of the interval in which it went out, and since then. */
export type Ejection = {
  readonly cluster: string;
  readonly sinceMs: number;
  readonly because: EjectionCause;
  readonly failures: number;
  /** Those that say anything, failures among them. */
  readonly requests: number;
};

type Cluster = {
  readonly name: string;
  readonly group: string;
  groupSize: number;
  consecutive: number;
  successes: number;
  failures: number;
  /** How often in a row it was ejected; falls by one each interval that it spends in use. */
  timesEjected: number;
  state: "in" | "ejected" | "dimmed";
  outAtMs: number;
  untilMs: number;
  because: EjectionCause;
  /** What counted against it, and for it, before the running interval; of interest only while it is out. */
  failuresBefore: number;
  successesBefore: number;
  /** When it last came back; drives the ramp. */
  returnedAtMs: number | undefined;
};

/** What happened in the running interval, for telemetry. */
export type Observation = { readonly cluster: string; readonly successes: number; readonly failures: number };

export class OutlierDetector {
  readonly #options: OutlierOptions;
  readonly #clusters = new Map<string, Cluster>();
  #sweepAtMs = Number.NEGATIVE_INFINITY;
  /** Rises with each change of `ejected`, `dimmed` or `returnedAt`: tells callers when to look again. */
  #generation = 0;

  constructor(options: OutlierOptions = OUTLIER_DEFAULTS) {
    this.#options = options;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Takes note of one attempt. `draw` is a uint32 for the jitter. Returns what changed because of it. */
  record(
    attempt: { readonly cluster: string; readonly peers: Peers; readonly success: boolean },
    now: number,
    draw: number,
  ): OutlierEvent | undefined {
    const cluster = this.#clusterOf(attempt.cluster, attempt.peers);
    if (attempt.success) {
      cluster.successes += 1;
      cluster.consecutive = 0;
      return undefined;
    }
    cluster.failures += 1;
    cluster.consecutive += 1;
    if (cluster.consecutive < this.#options.consecutiveFailures || cluster.state !== "in") return undefined;
    return this.#takeOut(cluster, "consecutiveFailures", now, draw);
  }

  /** To be called now and then: returns who has served the time and, once an interval, judges success rates. */
  sweep(now: number, draw: number): readonly OutlierEvent[] {
    const events: OutlierEvent[] = [];
    for (const cluster of this.#clusters.values()) {
      if (cluster.state !== "in" && now >= cluster.untilMs) events.push(this.#takeBack(cluster, "timeServed", now));
    }
    if (now < this.#sweepAtMs) return events;
    if (this.#sweepAtMs !== Number.NEGATIVE_INFINITY) events.push(...this.#judgeInterval(now, draw));
    this.#sweepAtMs = now + this.#options.intervalMs;
    return events;
  }

  /** Probes saw the cluster recover at `recoveredAtMs`: when that was after it went out, it comes back at once. */
  noteRecovery(name: string, recoveredAtMs: number, now: number): OutlierEvent | undefined {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined || cluster.state === "in" || recoveredAtMs <= cluster.outAtMs) return undefined;
    return this.#takeBack(cluster, "probes", now);
  }

  ejected(): ReadonlySet<string> {
    return new Set(this.#named("ejected"));
  }

  /** Last of their region: to be given the floor share only. */
  dimmed(): ReadonlySet<string> {
    return new Set(this.#named("dimmed"));
  }

  /** The latest first. */
  ejections(): readonly Ejection[] {
    return [...this.#clusters.values()]
      .filter(({ state }) => state !== "in")
      .sort((a, b) => b.outAtMs - a.outAtMs)
      .map(({ name, outAtMs, because, failures, successes, failuresBefore, successesBefore }) => ({
        cluster: name,
        sinceMs: outAtMs,
        because,
        failures: failuresBefore + failures,
        requests: failuresBefore + failures + successesBefore + successes,
      }));
  }

  /** Clusters in use that were out before, with the time of their return. */
  returnedAt(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#clusters.values()].flatMap(({ name, state, returnedAtMs }) =>
        state === "in" && returnedAtMs !== undefined ? [[name, returnedAtMs] as const] : [],
      ),
    );
  }

  observations(): readonly Observation[] {
    return [...this.#clusters.values()].map(({ name, successes, failures }) => ({
      cluster: name,
      successes,
      failures,
    }));
  }

  /** Forgets clusters that the newest snapshot does not have, so that memory stays bounded. */
  retain(known: (cluster: string) => boolean): void {
    for (const name of this.#clusters.keys()) {
      if (known(name)) continue;
      this.#clusters.delete(name);
      this.#generation += 1;
    }
  }

  #named(state: Cluster["state"]): string[] {
    return [...this.#clusters.values()].flatMap((cluster) => (cluster.state === state ? [cluster.name] : []));
  }

  #clusterOf(name: string, { group, size }: Peers): Cluster {
    const known = this.#clusters.get(name);
    if (known !== undefined && known.group === group) {
      known.groupSize = size;
      return known;
    }
    const cluster: Cluster = {
      name,
      group,
      groupSize: size,
      consecutive: 0,
      successes: 0,
      failures: 0,
      timesEjected: 0,
      state: "in",
      outAtMs: 0,
      untilMs: 0,
      because: "consecutiveFailures",
      failuresBefore: 0,
      successesBefore: 0,
      returnedAtMs: undefined,
    };
    this.#clusters.set(name, cluster);
    return cluster;
  }

  /** Ejects the cluster, or dims it when it is the last of its region, or leaves it when enough are out. */
  #takeOut(cluster: Cluster, because: EjectionCause, now: number, draw: number): OutlierEvent | undefined {
    const out = [...this.#clusters.values()].filter(
      ({ group, state }) => group === cluster.group && state === "ejected",
    );
    const isLast = out.length + 1 >= cluster.groupSize;
    const outMax = Math.max(1, Math.floor((cluster.groupSize * this.#options.ejectionPercentMax) / 100));
    if (!isLast && out.length >= outMax) return undefined;
    const kind = isLast ? "dimmed" : "ejected";
    cluster.timesEjected += 1;
    cluster.state = kind;
    cluster.outAtMs = now;
    cluster.because = because;
    // A row of failures may have begun in an interval whose counters are gone.
    cluster.failuresBefore = Math.max(0, cluster.consecutive - cluster.failures);
    cluster.successesBefore = 0;
    cluster.untilMs = now + ejectionMs(cluster.timesEjected, this.#options) + jitterMs(this.#options, draw);
    this.#generation += 1;
    return { cluster: cluster.name, kind, because, untilMs: cluster.untilMs };
  }

  #takeBack(cluster: Cluster, because: OutlierEvent["because"], now: number): OutlierEvent {
    cluster.state = "in";
    cluster.consecutive = 0;
    cluster.returnedAtMs = now;
    this.#generation += 1;
    return { cluster: cluster.name, kind: "returned", because, untilMs: cluster.untilMs };
  }

  /** Once an interval: success rates within each group, then the counters start anew. */
  #judgeInterval(now: number, draw: number): OutlierEvent[] {
    const events: OutlierEvent[] = [];
    for (const group of new Set([...this.#clusters.values()].map((cluster) => cluster.group))) {
      const peers = [...this.#clusters.values()].filter((cluster) => cluster.group === group && cluster.state === "in");
      for (const cluster of this.#belowPeers(peers)) {
        const event = this.#takeOut(cluster, "successRate", now, draw);
        if (event !== undefined) events.push(event);
      }
    }
    for (const cluster of this.#clusters.values()) {
      if (cluster.state === "in") cluster.timesEjected = Math.max(0, cluster.timesEjected - 1);
      cluster.successesBefore += cluster.successes;
      cluster.failuresBefore += cluster.failures;
      cluster.successes = 0;
      cluster.failures = 0;
    }
    return events;
  }

  #belowPeers(peers: readonly Cluster[]): readonly Cluster[] {
    const { clustersMin, requestVolume, stdevFactor } = this.#options.successRate;
    const counted = peers.filter(({ successes, failures }) => successes + failures >= requestVolume);
    if (counted.length < clustersMin) return [];
    const rates = counted.map(({ successes, failures }) => (100 * successes) / (successes + failures));
    const threshold = successRateThreshold(rates, stdevFactor);
    return counted.filter((_, i) => (rates[i] ?? 100) < threshold);
  }
}

/** Base time times the count, at most the maximum (Envoy). `timesEjected` counts from 1. */
export function ejectionMs(
  timesEjected: number,
  { ejectionMsBase, ejectionMsMax }: Pick<OutlierOptions, "ejectionMsBase" | "ejectionMsMax">,
): number {
  return Math.min(ejectionMsMax, ejectionMsBase * timesEjected);
}

/** Mean minus so many population standard deviations, in percent. */
export function successRateThreshold(ratesPercent: readonly number[], stdevFactor: number): number {
  const mean = ratesPercent.reduce((sum, rate) => sum + rate, 0) / ratesPercent.length;
  const variance = ratesPercent.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / ratesPercent.length;
  return mean - (Math.sqrt(variance) * stdevFactor) / 1_000;
}

function jitterMs({ jitterMsMax }: OutlierOptions, draw: number): number {
  return Math.floor((draw / 2 ** 32) * jitterMsMax);
}
