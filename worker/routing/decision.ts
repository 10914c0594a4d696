/** What comes out of `decide`: where to send a request, in which order, and why. */

import type { HealthState } from "../../config/health.ts";
import type { AdminState, Side } from "../../config/shared-shapes.ts";
import type { FlagErrorCode, FlagResult } from "../flags/flag-result.ts";
import type { HealthView } from "./health-view.ts";
import type { RequestKind } from "./replica-lag.ts";

/** One place to send the request to. The first attempt is the decision; the rest is the failover order. */
export type Attempt = {
  readonly cluster: string;
  readonly region: string;
  readonly side: Side;
  /** Scheme, host and port. */
  readonly endpoint: string;
};

/** Why a request goes nowhere. The edge has one answer for each (`worker/problem.ts`). */
export type RejectCode =
  /** No route names the host. */
  | "hostUnknown"
  /** The host is known, but no route matches path, method and headers. */
  | "noRoute"
  /** By the service's residency nobody may serve this client. */
  | "residencyDenied"
  /** Somebody may, but none of those regions takes traffic now. */
  | "residencyUnavailable"
  /** No region takes traffic: drained, disabled, weight 0 or without clusters. */
  | "noEligibleRegion"
  /** Somebody would take it, but their data is further behind than the service tolerates for such a request. */
  | "replicaLagging"
  /** Everything is down and the route does not want to spread over what is down. */
  | "noHealthyCluster";

/** One step of the decision and its numbers. The codes are public: explain, debug header, logs and tests use them. */
export type Reason =
  | { readonly code: "route.matched"; readonly route: string; readonly service: string; readonly host: string }
  | { readonly code: "route.hostUnknown"; readonly host: string }
  | { readonly code: "route.none"; readonly host: string; readonly path: string }
  | { readonly code: "residency.none" }
  | {
      readonly code: "residency.filtered";
      readonly rule: number;
      readonly jurisdictions: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly code: "residency.denied"; readonly country: string | null }
  | {
      readonly code: "replicaLag.filtered";
      readonly requests: RequestKind;
      readonly lagMsMax: number;
      /** Of the clusters that are beyond it. */
      readonly lagMs: Readonly<Record<string, number>>;
    }
  | { readonly code: "health.view"; readonly vantage: HealthView["vantage"] }
  | { readonly code: "steer.rule"; readonly rule: string; readonly weights: Readonly<Record<string, number>> }
  | { readonly code: "steer.weights"; readonly weights: Readonly<Record<string, number>> }
  | {
      readonly code: "steer.proximity";
      readonly from: "client" | "country";
      readonly kilometres: Readonly<Record<string, number>>;
    }
  | { readonly code: "steer.noCoordinates"; readonly tor: boolean }
  | { readonly code: "steer.latency"; readonly client: string; readonly ranked: readonly string[] }
  | { readonly code: "steer.latencyProbe"; readonly region: string }
  | { readonly code: "load.shed"; readonly region: string; readonly shedBps: number }
  | { readonly code: "region.removed"; readonly region: string; readonly because: RegionRemoval }
  | { readonly code: "binding.kept"; readonly cluster: string; readonly availability: AdminState }
  | {
      readonly code: "binding.lost";
      readonly cluster: string;
      readonly because: "gone" | "closed" | "unhealthy" | "residency" | "replicaLag";
    }
  | {
      readonly code: "priority.loads";
      readonly levels: readonly {
        readonly regions: readonly string[];
        readonly healthyPercent: number;
        readonly load: number;
        readonly panic: boolean;
      }[];
    }
  | { readonly code: "priority.level"; readonly level: number; readonly point: number }
  | { readonly code: "pick.region"; readonly region: string; readonly by: KeySource }
  | { readonly code: "split.side"; readonly side: Side; readonly cohort: number; readonly canaryShareBps: number }
  | { readonly code: "split.flag"; readonly flag: string; readonly variant: string }
  | {
      readonly code: "flag.asked";
      readonly flag: string;
      /** Null when there is no value: the code's own default holds. */
      readonly variant: string | null;
      readonly reason: Exclude<FlagResult, { readonly kind: "error" }>["reason"] | "ERROR";
      readonly errorCode?: FlagErrorCode;
      /** That it was asked in: nearest to the client for rules, the one that serves for anything else. */
      readonly region: string | null;
      readonly use:
        | { readonly for: "rule"; readonly rule: string }
        | { readonly for: "side"; readonly variant: string }
        | { readonly for: "cluster" };
    }
  | { readonly code: "split.otherSide"; readonly wanted: Side }
  | { readonly code: "pick.cluster"; readonly cluster: string; readonly healthState: HealthState | "ejected" }
  | { readonly code: "mirror"; readonly cluster: string }
  | { readonly code: "attempts"; readonly clusters: readonly string[] };

export type RegionRemoval = "disabled" | "draining" | "noCluster" | "replicaLag" | "weightZero" | "failoverExcluded";

/** What the hash was taken of: an affinity header, the client's address, or the caller's draw. */
export type KeySource = "header" | "clientAddress" | "draw";

export type DecisionToForward = {
  readonly kind: "forward";
  readonly route: string;
  readonly service: string;
  readonly first: Attempt;
  /** Where a copy of this request goes besides; nobody waits for its answer. */
  readonly mirror?: Attempt;
  readonly firstByteMs: number;
  readonly totalMs: number;
};

export type DecisionToReject = {
  readonly kind: "reject";
  readonly code: RejectCode;
  readonly route?: string;
  readonly service?: string;
};

/** What every request needs: where it goes first, or why nowhere. */
export type Decision = DecisionToForward | DecisionToReject;

/** The same decision with what few requests need: the failover order, and the reason for every step. */
export type TracedDecision =
  | (DecisionToForward & {
      /** At least one; starts with `first`. */
      readonly attempts: readonly Attempt[];
      readonly reasons: readonly Reason[];
    })
  | (DecisionToReject & { readonly reasons: readonly Reason[] });
