/**
 * The five figures of DORA, from what was committed, what was asked for before it, and incidents: how often, how fast, how
 * often wrong, how soon right again, and how much of it was repair. Each says what it counts, so that nobody has to guess what
 * a "deployment" is here; without anything to count it says that, and not zero. Counts go by when a deployment was made,
 * whenever it failed, so those of two windows add up to those of both.
 */
import { overlap, type Scope, WHOLE } from "../history/scope.ts";

/** One revision. */
export type DeliveredChange = {
  readonly revision: number;
  readonly kind: string;
  readonly atMs: number;
  readonly scope: Scope;
  /** The revision that a restore or a withdrawal went back to. */
  readonly backTo?: number;
  /** When it was asked for, if a second person had to approve it. */
  readonly approvalAskedMs?: number;
};

/** One entry of the audit log: something was planned, put up for approval, or committed (then with its revision). */
export type AskedFor = {
  readonly atMs: number;
  /** What was asked for on what; the same for a plan and for the commit that does it. */
  readonly what: string;
  readonly revision?: number;
};

/** Of incidents that say that something is wrong with the service. */
export type DeliveryIncident = { readonly openedAtMs: number; readonly closedAtMs?: number };

export type DeliveryFacts = {
  /** Also those before and after the window: `LOOKBACK_MS` before it, and `failureMs` behind it. In any order. */
  readonly changes: readonly DeliveredChange[];
  readonly asked: readonly AskedFor[];
  readonly incidents: readonly DeliveryIncident[];
  readonly nowMs: number;
};

export type DeliveryWindow = {
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  /** How soon after a deployment a rollback, a drain or an incident counts against it. */
  readonly failureMs: number;
};

/** A plan older than that was for something else. */
export const LOOKBACK_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;

/** Changes that bring something new. Drains, freezes, overrides and what ends by itself do not. */
export const DEPLOYMENT_KINDS: ReadonlySet<string> = new Set(
  ["apply", "batch", "releaseFlag", "rotateSecret", "shiftWeights", "switchFlag"], //
);

const FAILURE_CAUSES = ["withdrawn", "restored", "drained", "incident"] as const;
export type FailureCause = (typeof FAILURE_CAUSES)[number];

type NoData = { readonly state: "noData" };
type Times = { readonly medianMs: number; readonly p90Ms: number };

export type DeliveryFigures = {
  readonly deploymentFrequency:
    | NoData
    | { readonly state: "measured"; readonly deployments: number; readonly days: number; readonly perDay: number };
  /** `measured` of the deployments were planned or approved first; of the others it is not known when they were begun. */
  readonly leadTime:
    | NoData
    | ({ readonly state: "measured"; readonly measured: number; readonly deployments: number } & Times);
  readonly changeFailRate:
    | NoData
    | {
        readonly state: "measured";
        readonly failed: number;
        readonly deployments: number;
        readonly ratio: number;
        readonly causes: Readonly<Record<FailureCause, number>>;
        /** Made so lately that they may still fail. */
        readonly maturing: number;
      };
  /** Of the failed ones that are over. */
  readonly recoveryTime:
    | NoData
    | ({ readonly state: "measured"; readonly recovered: number; readonly unrecovered: number } & Times);
  readonly rework:
    | NoData
    | { readonly state: "measured"; readonly reworked: number; readonly deployments: number; readonly ratio: number };
};

type Failure = { readonly cause: FailureCause; readonly atMs: number; readonly recoveredAtMs?: number };
type Deployment = DeliveredChange & { readonly failure?: Failure; readonly leadMs?: number; readonly rework: boolean };

/** Of deployments that may be about `about`; of all without it. */
export function deliveryFigures(facts: DeliveryFacts, window: DeliveryWindow, about: Scope = WHOLE): DeliveryFigures {
  const { fromMs, toMs, failureMs } = window;
  const made = judged(facts, failureMs).filter(
    ({ atMs, scope }) => atMs >= fromMs && atMs < toMs && overlap(scope, about),
  );
  return {
    deploymentFrequency: frequency(made, window),
    leadTime: leadTime(made),
    changeFailRate: changeFailRate(made, facts.nowMs - failureMs),
    recoveryTime: recoveryTime(made),
    rework: rework(made),
  };
}

function frequency(
  { length }: readonly Deployment[],
  { fromMs, toMs }: DeliveryWindow,
): DeliveryFigures["deploymentFrequency"] {
  if (toMs <= fromMs) return NO_DATA;
  const days = (toMs - fromMs) / DAY_MS;
  return { state: "measured", deployments: length, days, perDay: length / days };
}

function leadTime(made: readonly Deployment[]): DeliveryFigures["leadTime"] {
  const times = made.flatMap(({ leadMs }) => leadMs ?? []);
  if (times.length === 0) return NO_DATA;
  return { state: "measured", measured: times.length, deployments: made.length, ...timesOf(times) };
}

function changeFailRate(made: readonly Deployment[], matureMs: number): DeliveryFigures["changeFailRate"] {
  if (made.length === 0) return NO_DATA;
  const failures = made.flatMap(({ failure }) => failure ?? []);
  const count = (cause: FailureCause) => failures.filter((failure) => failure.cause === cause).length;
  return {
    ...{ state: "measured", failed: failures.length, deployments: made.length },
    ratio: failures.length / made.length,
    causes: {
      withdrawn: count("withdrawn"),
      restored: count("restored"),
      drained: count("drained"),
      incident: count("incident"),
    },
    maturing: made.filter(({ atMs, failure }) => failure === undefined && atMs > matureMs).length,
  };
}

function recoveryTime(made: readonly Deployment[]): DeliveryFigures["recoveryTime"] {
  const failed = made.filter(({ failure }) => failure !== undefined);
  const times = failed.flatMap(({ atMs, failure }) =>
    failure?.recoveredAtMs === undefined ? [] : [failure.recoveredAtMs - atMs],
  );
  if (times.length === 0) return NO_DATA;
  return { state: "measured", recovered: times.length, unrecovered: failed.length - times.length, ...timesOf(times) };
}

function rework(made: readonly Deployment[]): DeliveryFigures["rework"] {
  if (made.length === 0) return NO_DATA;
  const reworked = made.filter((deployment) => deployment.rework).length;
  return { state: "measured", reworked, deployments: made.length, ratio: reworked / made.length };
}

const NO_DATA: NoData = { state: "noData" };

/** By nearest rank: a figure that was really measured. `times` is not empty. */
function timesOf(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { medianMs: rank(0.5), p90Ms: rank(0.9) };
}

/** Every deployment there is, with what came of it. */
function judged({ changes, asked, incidents }: DeliveryFacts, failureMs: number): readonly Deployment[] {
  // Pages that were read while more was committed may overlap.
  const distinct = new Map(changes.map((change) => [change.revision, change]));
  const ordered = [...distinct.values()].sort((a, b) => a.revision - b.revision);
  const made = ordered.filter(({ kind }) => DEPLOYMENT_KINDS.has(kind));
  const leads = leadTimes(made, asked);
  const failures = new Map(
    blames(ordered, made, incidents, failureMs).map(([revision, list]) => [revision, worst(list)] as const),
  );
  const failed = made.flatMap((deployment) => {
    const failure = failures.get(deployment.revision);
    return failure === undefined ? [] : [{ ...deployment, failure }];
  });
  return made.map((deployment) => {
    const { revision, atMs, scope } = deployment;
    const failure = failures.get(revision);
    const leadMs = leads.get(revision);
    return {
      ...deployment,
      ...(failure === undefined ? {} : { failure }),
      ...(leadMs === undefined ? {} : { leadMs }),
      // Made after something else about the same had failed, and soon: to put it right.
      rework: failed.some(
        (other) =>
          other.revision < revision &&
          other.failure.atMs <= atMs &&
          atMs - other.failure.atMs <= failureMs &&
          overlap(other.scope, scope),
      ),
    };
  });
}

/** The first sign says when it failed and by what; it was over with the first that ended it. */
function worst(failures: readonly Failure[]): Failure | undefined {
  const [first] = failures.toSorted(
    (a, b) => a.atMs - b.atMs || FAILURE_CAUSES.indexOf(a.cause) - FAILURE_CAUSES.indexOf(b.cause),
  );
  if (first === undefined) return undefined;
  const ends = failures.flatMap(({ recoveredAtMs }) => recoveredAtMs ?? []);
  const { cause, atMs } = first;
  return ends.length === 0 ? { cause, atMs } : { cause, atMs, recoveredAtMs: Math.min(...ends) };
}

/** By revision of the deployment. */
function blames(
  ordered: readonly DeliveredChange[],
  made: readonly DeliveredChange[],
  incidents: readonly DeliveryIncident[],
  failureMs: number,
): readonly (readonly [number, readonly Failure[]])[] {
  const found = new Map<number, Failure[]>();
  const blame = (deployment: DeliveredChange | undefined, failure: Failure) => {
    if (deployment === undefined || failure.atMs < deployment.atMs || failure.atMs - deployment.atMs > failureMs)
      return;
    found.set(deployment.revision, [...(found.get(deployment.revision) ?? []), failure]);
  };
  let recent: readonly DeliveredChange[] = [];
  for (const change of ordered) {
    recent = recent.filter(({ atMs }) => change.atMs - atMs <= failureMs);
    const before = recent.filter(({ scope }) => overlap(scope, change.scope));
    const failure = { atMs: change.atMs, recoveredAtMs: change.atMs };
    switch (change.kind) {
      case "withdraw":
      case "restore":
        for (const deployment of before.filter(({ revision }) => revision > (change.backTo ?? change.revision)))
          blame(deployment, { ...failure, cause: change.kind === "withdraw" ? "withdrawn" : "restored" });
        break;
      case "drain":
        // What was changed just before about the same place; a drain for other reasons comes long after it.
        blame(before.at(-1), { ...failure, cause: "drained" });
        break;
      default:
        if (DEPLOYMENT_KINDS.has(change.kind)) recent = [...recent, change];
    }
  }
  for (const { openedAtMs, closedAtMs } of incidents) {
    const last = made.filter(({ atMs }) => atMs <= openedAtMs).at(-1);
    const end = closedAtMs === undefined ? {} : { recoveredAtMs: closedAtMs };
    blame(last, { cause: "incident", atMs: openedAtMs, ...end });
  }
  return [...found];
}

/** Of plans for the same, without anything being done, as many are remembered. */
const PLANS_MAX = 100;

/** At the same moment a plan comes before what is done. */
function byTime(a: AskedFor, b: AskedFor): number {
  return a.atMs - b.atMs || (a.revision ?? 0) - (b.revision ?? 0);
}

/** From when it was first planned, or put up for approval, since the same was done last. */
function leadTimes(made: readonly DeliveredChange[], asked: readonly AskedFor[]): ReadonlyMap<number, number> {
  /** Of what is not done yet, oldest first. */
  const planned = new Map<string, number[]>();
  const begun = new Map<number, number>();
  for (const { atMs, what, revision } of asked.toSorted(byTime)) {
    const plans = planned.get(what) ?? [];
    if (revision === undefined) planned.set(what, [...plans, atMs].slice(-PLANS_MAX));
    else {
      const first = plans.find((plannedMs) => atMs - plannedMs <= LOOKBACK_MS);
      if (first !== undefined) begun.set(revision, first);
      planned.delete(what);
    }
  }
  return new Map(
    made.flatMap(({ revision, atMs, approvalAskedMs }) => {
      const starts = [begun.get(revision), approvalAskedMs].filter((ms) => ms !== undefined);
      return starts.length === 0 ? [] : [[revision, Math.max(0, atMs - Math.min(...starts))] as const];
    }),
  );
}
