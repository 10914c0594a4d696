/** What each part of the control plane answers for a scrape: small, and nothing that has to be worked out first. */
import type { HealthState } from "../../../config/health.ts";
import type { TelemetryDropped } from "../../../config/telemetry.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { DriftKind, DriftSeverity } from "../drift/drift.ts";
import type { Standing } from "../health/judge.ts";
import type { Sli } from "../objectives/objective.ts";
import type { ReportedEdges } from "../propagation/edge-reports.ts";
import type { TelemetryTotal } from "../telemetry/totals.ts";
import type { Topology } from "./topology.ts";

export type FleetFigures = {
  /** The target; revision 0 while there is none. */
  readonly revision: number;
  readonly digest: string;
  /** The newest that everybody should have: older than the target while that is tried at one vantage. */
  readonly releasedRevision: number;
  readonly onTrial: boolean;
  /** The newest first, as far back as edges may reasonably be. The first is the target. */
  readonly commits: readonly { readonly revision: number; readonly atMs: number }[];
  /** Those that have beacons and probers. */
  readonly vantages: readonly Vantage[];
  readonly approvalsPending: number;
  /** By severity, 1 to 3. */
  readonly incidentsOpen: Readonly<Record<1 | 2 | 3, number>>;
  readonly freezes: number;
  readonly overrides: number;
  readonly carriers: readonly { readonly name: string; readonly behind: boolean; readonly failures: number }[];
  readonly audit: {
    readonly leaves: number;
    readonly signed: number;
    /** Of the last checkpoint. */
    readonly signedAtMs?: number;
  };
  /** Absent when whoever asks has it already. */
  readonly topology?: Topology;
};

export type HealthFigures = {
  readonly panic: boolean;
  /** Of every cluster that is probed, as most vantages find it. */
  readonly states: Readonly<Record<string, HealthState>>;
  readonly vantages: readonly {
    readonly vantage: Vantage;
    readonly standing: Standing;
    /** How many clusters it finds in each state. */
    readonly clusters: Readonly<Record<HealthState, number>>;
  }[];
};

export type BeaconFigures = Pick<ReportedEdges, "edges" | "rejections">;

/** Since `sinceMs`, when the prober was started: it keeps no count over a restart. */
export type ProbeFigures = {
  readonly sinceMs: number;
  readonly clusters: readonly { readonly cluster: string; readonly successes: number; readonly failures: number }[];
};

export type DriftFigures = readonly {
  readonly severity: DriftSeverity;
  readonly kind: DriftKind;
  readonly count: number;
}[];

export type ObjectiveFigures = readonly {
  readonly service: string;
  /** `none`: of no region. */
  readonly region: string;
  readonly sli: Sli;
  readonly targetPpm: number;
  /** Of the whole budget; absent when nothing can be said. */
  readonly remainingPpm?: number;
}[];

export type ExportFigures = {
  readonly sinceMs: number;
  readonly successes: number;
  readonly failures: number;
  readonly rejectedPoints: number;
  readonly lastSuccessMs?: number;
};

export type TrafficFigures = {
  /** In the order in which they were first counted. */
  readonly totals: readonly TelemetryTotal[];
  /** What edges and data centres gave up. */
  readonly lost: TelemetryDropped;
};
