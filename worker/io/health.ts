/**
 * What this isolate knows of the clusters' condition, and the health views that decisions read: what the beacon reports,
 * as most vantages or the nearest sees it, and what the isolate sees itself in the answers that pass. Views are made anew
 * only when one of them has changed, and a few times a second while something ramps; a request otherwise costs a few
 * comparisons.
 */
import {
  HEALTH_REPORT_EMPTY,
  HEALTH_REPORT_STALE_MS,
  type HealthReport,
  type HealthState,
} from "../../config/health.ts";
import { invariant } from "../../config/invariant.ts";
import { LOAD_HEADER, LoadReports, readUtilizationBps } from "../load-report.ts";
import { composeHealth, type HealthInputs, seenFrom } from "../routing/compose-health.ts";
import type { Attempt } from "../routing/decision.ts";
import type { Place } from "../routing/facts.ts";
import { HEALTH_UNKNOWN, type HealthView, latencyKey } from "../routing/health-view.ts";
import { LatencyTracker } from "../routing/latency.ts";
import type { LoadedService, LoadedSnapshot } from "../routing/loaded-snapshot.ts";
import { type Ejection, OutlierDetector, type OutlierEvent, type Peers } from "../routing/outlier.ts";
import { VantageViews } from "../routing/vantage-views.ts";

/** A ramp of a minute moves every three seconds; one of five seconds, as in the demo, four times a second. */
const RAMP_TICK_MS = 250;

/** Who has served an ejection, and whose load report is stale, is looked at this often. */
const SWEEP_MS = 1_000;

const AT_ONCE = Number.NEGATIVE_INFINITY;

/** How one attempt went, as far as it says something about the cluster. */
export type Evidence = {
  readonly attempt: Attempt;
  readonly service: string;
  readonly place: Place;
  /** Undefined when the attempt failed in a way that may have been the client's doing: it then counts neither way. */
  readonly success: boolean | undefined;
  /** The answer, when there was one. */
  readonly response: Response | undefined;
  readonly firstByteMs: number;
};

export type HealthStoreOptions = {
  /** A uint32, for jitter. */
  readonly draw: () => number;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

export class HealthStore {
  readonly #options: HealthStoreOptions;
  readonly #outliers = new OutlierDetector();
  readonly #latency = new LatencyTracker();
  readonly #loads = new LoadReports();
  readonly #vantages = new VantageViews((sight, now) => this.#made(seenFrom(sight, this.#inputs(now)), now));
  #reported = readReport({ ...HEALTH_REPORT_EMPTY, sequence: -1 });
  /** When the report that holds was heard first; never, once it has grown old. */
  #heardAtMs = Number.POSITIVE_INFINITY;
  #snapshot: LoadedSnapshot | undefined;
  #peers: ReadonlyMap<string, Peers> = new Map();
  #view: HealthView = HEALTH_UNKNOWN;
  /** When the view has to be made anew: at once after a change, in a moment while something ramps, else never. */
  #composeAtMs = AT_ONCE;
  #sweepAtMs = 0;

  constructor(options: HealthStoreOptions) {
    this.#options = options;
  }

  /** As it is seen from where a client at `place` is served; the same object until something changes. */
  view(snapshot: LoadedSnapshot, place: Place, now: number): HealthView {
    if (snapshot !== this.#snapshot) this.#adopt(snapshot);
    if (now >= this.#sweepAtMs) this.#sweep(now);
    if (now >= this.#composeAtMs) this.#compose(now);
    return this.#vantages.near(place, this.#view, now);
  }

  /** What this isolate leaves alone at the moment, on its own evidence; the latest first. */
  ejections(): readonly Ejection[] {
    return this.#outliers.ejections();
  }

  /**
   * A report that is not newer changes nothing: answers may overtake each other. But one that is still the newest after a
   * minute is nothing to go by, and everything is unknown. While no beacon answers, what was known last stays: nobody has
   * said that it is old.
   */
  accept(newest: HealthReport, now: number): void {
    const { sequence } = this.#reported;
    if (newest.sequence < sequence) return;
    if (newest.sequence > sequence) {
      this.#heardAtMs = now;
      this.#goBy(newest, now);
    } else if (now - this.#heardAtMs >= HEALTH_REPORT_STALE_MS) {
      this.#heardAtMs = Number.POSITIVE_INFINITY;
      this.#options.log("health.stale", { sequence });
      this.#goBy({ ...HEALTH_REPORT_EMPTY, sequence }, now);
    }
  }

  #goBy(report: HealthReport, now: number): void {
    this.#reported = readReport(report);
    this.#vantages.accept(report);
    this.#composeAtMs = AT_ONCE;
    for (const [cluster, recoveredAtMs] of Object.entries(report.recoveredAtMs)) {
      const event = this.#outliers.noteRecovery(cluster, recoveredAtMs, now);
      if (event !== undefined) this.#announce([event]);
    }
  }

  noteAttempt({ attempt, service, place, success, response, firstByteMs }: Evidence, now: number): void {
    const peers = this.#peers.get(attempt.cluster);
    if (success !== undefined && peers !== undefined) {
      const event = this.#outliers.record({ cluster: attempt.cluster, peers, success }, now, this.#options.draw());
      if (event !== undefined) this.#announce([event]);
    }
    if (response === undefined) return;
    const loaded = this.#snapshot?.services.get(service);
    if (loaded === undefined) return;
    if (loaded.ranksByLatency) {
      const before = this.#latency.generation;
      this.#latency.record(latencyKey(service, place), attempt.region, firstByteMs, now);
      if (this.#latency.generation !== before) this.#composeAtMs = AT_ONCE;
    }
    if (loaded.load.lean || loaded.load.shed !== undefined) this.#noteLoad(attempt.cluster, response, now);
  }

  #noteLoad(cluster: string, response: Response, now: number): void {
    const header = response.headers.get(LOAD_HEADER);
    const utilizationBps = header === null ? undefined : readUtilizationBps(header);
    if (utilizationBps !== undefined) this.#loads.record(cluster, utilizationBps, now);
  }

  #adopt(snapshot: LoadedSnapshot): void {
    this.#snapshot = snapshot;
    this.#peers = new Map([...snapshot.services.values()].flatMap(peersOf));
    this.#outliers.retain((cluster) => this.#peers.has(cluster));
    this.#vantages.setProbing(snapshot.beacons);
    this.#composeAtMs = AT_ONCE;
  }

  #sweep(now: number): void {
    this.#sweepAtMs = now + SWEEP_MS;
    this.#announce(this.#outliers.sweep(now, this.#options.draw()));
    if (this.#loads.utilizationBps(now) !== this.#view.utilizationBps) this.#composeAtMs = AT_ONCE;
  }

  #announce(events: readonly OutlierEvent[]): void {
    for (const { kind, cluster, because, untilMs } of events) {
      this.#composeAtMs = AT_ONCE;
      this.#options.log(`cluster.${kind}`, { cluster, because, untilMs });
    }
  }

  #compose(now: number): void {
    this.#composeAtMs = Number.POSITIVE_INFINITY;
    this.#view = this.#made(this.#inputs(now), now);
  }

  /** A view, and when to make it anew. */
  #made(inputs: HealthInputs, now: number): HealthView {
    invariant(this.#snapshot !== undefined, "a view is made of the snapshot that was asked about");
    const { view, ramping } = composeHealth(this.#snapshot, inputs, now);
    if (ramping) this.#composeAtMs = Math.min(this.#composeAtMs, now + RAMP_TICK_MS);
    return view;
  }

  /** As most vantages see it. */
  #inputs(now: number): HealthInputs {
    const { states, recoveredAtMs, lagMs } = this.#reported;
    return {
      vantage: "global",
      states,
      recoveredAtMs,
      lagMs,
      ejected: this.#outliers.ejected(),
      dimmed: this.#outliers.dimmed(),
      returnedAtMs: this.#outliers.returnedAt(),
      utilizationBps: this.#loads.utilizationBps(now),
      latencyRanks: this.#latency.ranks(),
    };
  }
}

/** A report as views have it. Made once, because a ramp makes many views of one report. */
type Reported = {
  readonly sequence: number;
  readonly states: ReadonlyMap<string, HealthState>;
  readonly recoveredAtMs: ReadonlyMap<string, number>;
  readonly lagMs: ReadonlyMap<string, number>;
};

function readReport({ sequence, clusters, recoveredAtMs, replicaLagMs = {} }: HealthReport): Reported {
  return {
    sequence,
    states: new Map(Object.entries(clusters)),
    recoveredAtMs: new Map(Object.entries(recoveredAtMs)),
    lagMs: new Map(Object.entries(replicaLagMs)),
  };
}

/** The accepting clusters of each region stand in for each other. */
function peersOf(service: LoadedService): (readonly [string, Peers])[] {
  return service.regions.flatMap((region) => {
    const clusters = region.canaryShareBps > 0 ? [...region.stable, ...region.canary] : region.stable;
    const peers: Peers = { group: `${service.name}/${region.name}`, size: clusters.length };
    return clusters.map((cluster) => [cluster.name, peers] as const);
  });
}
