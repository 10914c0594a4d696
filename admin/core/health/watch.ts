/**
 * The reasoning of the health object, without its sockets and storage: takes what vantages, beacons and clusters say,
 * and keeps the judgement. Nothing happens between calls; time is an argument.
 */
import type { HealthReport } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { EdgeEvidence } from "./evidence.ts";
import { HEARTBEAT_MS, type Judgement, judge, NOTHING_JUDGED, type VantageRecord } from "./judge.ts";
import { type ReportBody, reportOf } from "./report.ts";
import { type Transition, transitions } from "./transitions.ts";
import type { RanIn, SeenCluster, VantageMessage } from "./view.ts";

/** What edges near a beacon that has not answered for so long say is not known. */
const EVIDENCE_KEPT_MS = 3 * HEARTBEAT_MS;

export type WatchConfig = {
  readonly revision: number;
  /** Of everything else. */
  readonly digest: string;
  readonly vantages: readonly Vantage[];
  readonly clusters: readonly WatchedCluster[];
};

export type WatchedCluster = {
  readonly cluster: string;
  /** Over all vantages and checks. */
  readonly probesPerMinute: number;
};

/** What is kept of a vantage's messages. */
export type KnownVantage = {
  readonly sequence: number;
  readonly ranIn: RanIn;
  readonly behindMs: number;
  readonly heardAtMs: number;
  readonly clusters: ReadonlyMap<string, SeenCluster>;
};

export type Review = {
  readonly transitions: readonly Transition[];
  /** The beacons have to hear of it at once. */
  readonly changed: boolean;
};

export class HealthWatch {
  #config: WatchConfig;
  #judgement: Judgement;
  #body: ReportBody;
  #bodyText: string;
  readonly #known: Map<Vantage, KnownVantage>;
  readonly #evidence = new Map<Vantage, { readonly evidence: EdgeEvidence; readonly heardAtMs: number }>();
  #replicaLagMs: Readonly<Record<string, number>> = {};

  /** As it was before a restart. That is no change, so nobody is told of it. */
  constructor({ config, known, judgement }: KeptWatch, nowMs: number) {
    this.#config = config;
    this.#known = new Map(
      Array.from(known, ([vantage, kept]) => {
        // Whoever was heard lately counts as just heard: only who was stale before is so now.
        const wasStale = judgement.vantages.get(vantage)?.standing === "stale";
        return [vantage, { ...kept, heardAtMs: wasStale ? 0 : nowMs }];
      }),
    );
    this.#judgement = this.#judge(judgement, nowMs);
    this.#body = this.#reportBody(nowMs);
    this.#bodyText = JSON.stringify(this.#body);
  }

  get config(): WatchConfig {
    return this.#config;
  }

  get judgement(): Judgement {
    return this.#judgement;
  }

  configure(config: WatchConfig): void {
    this.#config = config;
    for (const vantage of this.#known.keys()) if (!config.vantages.includes(vantage)) this.#known.delete(vantage);
    for (const vantage of this.#evidence.keys()) if (!config.vantages.includes(vantage)) this.#evidence.delete(vantage);
  }

  /**
   * Answers with the sequence that is held afterwards: less than that of a heartbeat when its view was never heard, and
   * the whole is asked for. Undefined: nobody asks this vantage any more.
   */
  accept(message: VantageMessage, nowMs: number): number | undefined {
    const { vantage, sequence, clusters, ...rest } = message;
    if (!this.#config.vantages.includes(vantage)) return undefined;
    const known = this.#known.get(vantage);
    const held = known?.sequence ?? -1;
    if (sequence < held) return held; // It was overtaken on its way.
    const seen = clusters === undefined ? (sequence === held ? known?.clusters : undefined) : byName(clusters);
    if (seen === undefined) return held;
    this.#known.set(vantage, { ...rest, sequence, clusters: seen, heardAtMs: nowMs });
    return sequence;
  }

  noteEvidence(vantage: Vantage, evidence: EdgeEvidence, nowMs: number): void {
    if (this.#config.vantages.includes(vantage)) this.#evidence.set(vantage, { evidence, heardAtMs: nowMs });
  }

  /** All that is known of it; what is not in it any more is forgotten. */
  noteReplicaLag(replicaLagMs: Readonly<Record<string, number>>): void {
    this.#replicaLagMs = replicaLagMs;
  }

  /** Judges anew. To be called after something was said, and now and then, because silence says something as well. */
  review(nowMs: number): Review {
    const before = this.#judgement;
    this.#judgement = this.#judge(before, nowMs);
    const body = this.#reportBody(nowMs);
    const text = JSON.stringify(body);
    const changed = text !== this.#bodyText;
    this.#body = body;
    this.#bodyText = text;
    const records = this.#records(nowMs);
    return { changed, transitions: transitions({ before, after: this.#judgement, records, nowMs }) };
  }

  report(sequence: number, atMs: number): HealthReport {
    return { sequence, atMs, ...this.#body };
  }

  known(vantage: Vantage): KnownVantage | undefined {
    return this.#known.get(vantage);
  }

  /** What the edges near it say; undefined when their beacon has not answered lately. */
  evidence(vantage: Vantage, nowMs: number): EdgeEvidence | undefined {
    const told = this.#evidence.get(vantage);
    return told !== undefined && nowMs - told.heardAtMs < EVIDENCE_KEPT_MS ? told.evidence : undefined;
  }

  replicaLagMs(cluster: string): number | undefined {
    return this.#replicaLagMs[cluster];
  }

  #judge(before: Judgement, nowMs: number): Judgement {
    const clusters = this.#config.clusters.map(({ cluster }) => cluster);
    return judge({ clusters, records: this.#records(nowMs), before, nowMs });
  }

  #reportBody(nowMs: number): ReportBody {
    const input = { judgement: this.#judgement, records: this.#records(nowMs), nowMs };
    return reportOf({ ...input, replicaLagMs: this.#replicaLagMs });
  }

  #records(nowMs: number): readonly VantageRecord[] {
    return this.#config.vantages.map((vantage) => {
      const known = this.#known.get(vantage);
      return {
        vantage,
        heardAtMs: known?.heardAtMs,
        clusters: known?.clusters ?? new Map(),
        evidence: this.evidence(vantage, nowMs),
      };
    });
  }
}

export type KeptWatch = {
  readonly config: WatchConfig;
  readonly known: ReadonlyMap<Vantage, Omit<KnownVantage, "heardAtMs">>;
  readonly judgement: Judgement;
};

export const NOTHING_KEPT: KeptWatch = {
  config: { revision: 0, digest: "", vantages: [], clusters: [] },
  known: new Map(),
  judgement: NOTHING_JUDGED,
};

function byName(clusters: Readonly<Record<string, SeenCluster>>): ReadonlyMap<string, SeenCluster> {
  return new Map(Object.entries(clusters));
}
