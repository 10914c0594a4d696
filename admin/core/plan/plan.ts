/** What a change would do, said before it is done: the answer of every dry run, and what approvals are bound to. */
import type { Change } from "../../../config/diff.ts";
import type { PreflightReport } from "../preflight/finding.ts";
import type { Verdict } from "../safety/verdict.ts";
import type { Projection } from "./projection.ts";

export type OverlayChange =
  | { readonly kind: "added"; readonly overlay: string; readonly after: unknown }
  | { readonly kind: "removed"; readonly overlay: string; readonly before: unknown }
  | { readonly kind: "changed"; readonly overlay: string; readonly before: unknown; readonly after: unknown };

/** One or two regions gone at once, after the change. */
export type FailureScenario = {
  readonly regions: readonly string[];
  /** Part of all traffic that nobody would serve. */
  readonly unservedBps: number;
  /** By service: countries with clients who are served now, and whom nobody may or can serve then. */
  readonly stranded: readonly { readonly service: string; readonly countries: readonly string[] }[];
  /** Regions that would get more than they can carry; empty when the demand has no rate. */
  readonly overCapacity: readonly { readonly region: string; readonly utilizationBps: number }[];
};

export type FailureAnalysis = {
  /** The worst of each kind; absent when not so many regions are in use. */
  readonly single?: FailureScenario;
  readonly double?: FailureScenario;
  /** How many were looked at, of how many there are: very large fleets are not searched through. */
  readonly scenarios: { readonly examined: number; readonly total: number };
};

export type PlanWarning = {
  readonly code:
    | "unservedRises"
    | "overCapacity"
    | "failureStrands"
    | "failureOverCapacity"
    | "failuresNotAllExamined"
    | "noDemand"
    | "canaryFallback"
    | "canaryAlone"
    | "replicaBehind";
  readonly sentence: string;
};

/** One request decided before and after. `from` and `to` name region and cluster, or the code of the refusal. */
export type ReplayedRequest = {
  readonly request: Readonly<Record<string, unknown>>;
  readonly before: string;
  readonly after: string;
};

export type Replay = {
  readonly source: "given" | "recorded";
  readonly requests: number;
  readonly changed: number;
  /** Those that change, at most 100 of them. */
  readonly changes: readonly ReplayedRequest[];
};

/** A flag that gives some clients another variant than before. */
export type FlagChange = {
  readonly flag: string;
  /** All regions of the fleet. */
  readonly regions: readonly {
    readonly region: string;
    /** Of the clients there. */
    readonly changedBps: number;
    /** Null: no value, so that the code's own default holds. */
    readonly variants: readonly {
      readonly variant: string | null;
      readonly beforeBps: number;
      readonly afterBps: number;
    }[];
  }[];
};

export type Plan = {
  /** Of what was planned on which state, and of what the rules said: a commit that carries it is refused when it no longer holds. */
  readonly digest: string;
  readonly base: { readonly revision: number; readonly digest: string };
  readonly diff: { readonly documents: readonly Change[]; readonly overlays: readonly OverlayChange[] };
  readonly before: Projection;
  readonly after: Projection;
  /** New clients whose cluster or region would be another one, of all clients, from so many sampled decisions. */
  readonly moved: { readonly bps: number; readonly regionBps: number; readonly decisions: number };
  /** Only when the change is about flags. */
  readonly flags?: readonly FlagChange[];
  readonly failures: FailureAnalysis;
  readonly verdicts: readonly Verdict[];
  readonly approvals: { readonly required: number; readonly because: readonly string[] };
  readonly warnings: readonly PlanWarning[];
  /** Whether the state after the change can go out and come back. */
  readonly preflight?: PreflightReport;
  readonly replay?: Replay;
};
