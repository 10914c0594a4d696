/**
 * Judges a revision that is being tried at one vantage, by what edges there report: hold on, release it to everybody, or
 * withdraw it. Silence passes here, other than in a release of a new version of a service: drains apart, every change of
 * configuration takes this way, and none may hang on whether anybody is awake in one place. What a snapshot does without
 * traffic, being refused, edges report without traffic.
 */
import { unreachable } from "../../../config/invariant.ts";
import type { RejectedBy, ReportedEdges } from "../propagation/edge-reports.ts";
import type { RevisionFigures } from "../propagation/revision-figures.ts";
import { fisherGreater } from "./fisher.ts";

/** What one beacon has heard from its edges. */
export type Reported = Pick<ReportedEdges, "edges" | "rejections"> & { readonly figures: readonly RevisionFigures[] };

export type CanaryBaseline = Pick<RevisionFigures, "requests" | "invariants" | "ownErrors">;

export type CanaryObservation = CanaryBaseline & {
  /** That serve the revision, or one beyond it. */
  readonly isolates: number;
  /** That serve an older one. */
  readonly isolatesBehind: number;
  /** Of what is tried, and those of texts that nobody can tell the revision of. */
  readonly rejections: readonly RejectedBy[];
};

export type CanaryInput = {
  readonly revision: number;
  /** Of the revision that was served before, at the same vantage. */
  readonly baseline: CanaryBaseline;
  /** Of the new revision at the canary vantage. */
  readonly observed: CanaryObservation;
  readonly startedAtMs: number;
  readonly holdMs: number;
  readonly nowMs: number;
};

export type CanaryVerdict =
  | { readonly kind: "hold"; readonly remainingMs: number }
  | { readonly kind: "release" }
  | { readonly kind: "withdraw"; readonly because: WithdrawalCause; readonly sentence: string };

export type WithdrawalCause =
  | {
      readonly code: "rejected";
      /** Isolates by the reason why they refused it. */
      readonly refusals: Readonly<Record<string, number>>;
      readonly isolates: number;
      readonly isolatesBehind: number;
    }
  | { readonly code: "invariants"; readonly invariants: number; readonly requests: number }
  | {
      readonly code: "ownErrors";
      readonly ownErrors: number;
      readonly requests: number;
      readonly baselineOwnErrors: number;
      readonly baselineRequests: number;
      /** Of the one-sided test; absent where there was too little before to compare with. */
      readonly p?: number;
    };

export function judgeCanary(input: CanaryInput): CanaryVerdict {
  const { revision, startedAtMs, holdMs, nowMs } = input;
  const remainingMs = Math.min(holdMs, startedAtMs + holdMs - nowMs);
  const because = refusedBy(input, remainingMs) ?? brokenBy(input) ?? failingBy(input);
  if (because !== undefined) return { kind: "withdraw", because, sentence: sentenceOf(revision, because) };
  return remainingMs > 0 ? { kind: "hold", remainingMs } : { kind: "release" };
}

/**
 * The same text is refused everywhere for the same reason, so one refusal is enough. A text that nobody can tell the
 * revision of may be an old one in KV; it counts when in all the time that there was nobody got past it.
 */
function refusedBy({ observed }: CanaryInput, remainingMs: number): WithdrawalCause | undefined {
  const { rejections, isolates, isolatesBehind } = observed;
  const stuck = remainingMs <= 0 && isolates === 0 && isolatesBehind > 0;
  const counted = rejections.filter((rejection) => stuck || rejection.revision !== undefined);
  if (counted.length === 0) return undefined;
  const refusals: Record<string, number> = {};
  for (const { code, isolates: refusing } of counted) refusals[code] = (refusals[code] ?? 0) + refusing;
  return { code: "rejected", refusals, isolates, isolatesBehind };
}

/**
 * One bug is enough when there was none before. When there was, it is not the revision's, or anybody who has found a
 * request that trips the edge could stop every change; then the bugs count among the edge's own errors, and have to rise.
 */
function brokenBy({ baseline, observed: { invariants, requests } }: CanaryInput): WithdrawalCause | undefined {
  return invariants > 0 && baseline.invariants === 0 ? { code: "invariants", invariants, requests } : undefined;
}

/** Below this a share says nothing. */
export const REQUESTS_MIN = 20;
/** One cluster that hiccups takes a handful of requests with it; they fall together, so they do not count one by one. */
export const OWN_ERRORS_MIN = 5;
/** A rise that nobody would get up for is none, however certain it is: with a million requests any is. */
export const RISE_MIN = 0.01;
/**
 * How likely such a rise may be by chance. One in a thousand, because the question is asked over and over while the
 * figures grow: sixty times in a hold, and it is answered wrongly in fewer than one hold in a hundred (the test tries).
 */
export const P_MAX = 0.001;
/** Without a baseline there is no rise. When most requests fail, nobody asks whether it was so before. */
export const SHARE_MAX_ALONE = 0.5;

/** Fails when errors of the edge's own became more frequent than by chance, and by enough to matter. */
function failingBy({ baseline, observed }: CanaryInput): WithdrawalCause | undefined {
  const now = proportionOf(observed);
  const before = proportionOf(baseline);
  if (now.total < REQUESTS_MIN || now.errors < OWN_ERRORS_MIN) return undefined;
  const cause = {
    code: "ownErrors",
    ownErrors: now.errors,
    requests: now.total,
    baselineOwnErrors: before.errors,
    baselineRequests: before.total,
  } as const;
  const share = now.errors / now.total;
  if (before.total < REQUESTS_MIN) return share > SHARE_MAX_ALONE ? cause : undefined;
  if (share - before.errors / before.total <= RISE_MIN) return undefined;
  const p = fisherGreater(now, before);
  return p < P_MAX ? { ...cause, p } : undefined;
}

/** A bug may cost a request its answer before it is counted, and an answer may come after its request was reported. */
function proportionOf({ requests, ownErrors }: CanaryBaseline) {
  return { errors: ownErrors, total: Math.max(requests, ownErrors) };
}

function sentenceOf(revision: number, because: WithdrawalCause): string {
  switch (because.code) {
    case "rejected": {
      const refusals = Object.entries(because.refusals).map(([code, isolates]) => `${code}: ${isolates}`);
      const serving = because.isolates === 0 ? "and nobody serves it" : `and ${because.isolates} serve it`;
      return `Edges refuse revision ${revision} (isolates by reason: ${refusals.join(", ")}), ${serving}.`;
    }
    case "invariants":
      return `Bugs of the edge cost ${because.invariants} requests their answer under revision ${revision}, and none before.`;
    case "ownErrors": {
      const now = `${because.ownErrors} of ${because.requests} requests got an error of the edge's own under revision ${revision}`;
      if (because.p === undefined) return `${now}, and too few came before to compare with.`;
      return `${now}, after ${because.baselineOwnErrors} of ${because.baselineRequests} before it.`;
    }
    default:
      return unreachable(because);
  }
}

/**
 * What a vantage has reported of what is tried: of `revision`, and of those from `since` on, when a drain has made a new
 * revision of it in the middle of the trial.
 */
export function observationOf(
  { edges, rejections, figures }: Reported,
  revision: number,
  since: number = revision,
): CanaryObservation {
  const isTried = (one: { readonly revision?: number }) =>
    one.revision !== undefined && one.revision >= since && one.revision <= revision;
  const isolatesOf = (counted: ReportedEdges["edges"]) => counted.reduce((sum, edge) => sum + edge.isolates, 0);
  return {
    ...figures.filter(isTried).reduce(plus, NOTHING),
    isolates: isolatesOf(edges.filter((edge) => edge.revision >= since)),
    isolatesBehind: isolatesOf(edges.filter((edge) => edge.revision < since)),
    rejections: rejections.filter((one) => one.revision === undefined || isTried(one)),
  };
}

function plus(sum: CanaryBaseline, { requests, invariants, ownErrors }: CanaryBaseline): CanaryBaseline {
  return {
    requests: sum.requests + requests,
    invariants: sum.invariants + invariants,
    ownErrors: sum.ownErrors + ownErrors,
  };
}

/** What a vantage has reported of the revision before. Nothing is a baseline, too: one of no requests. */
export function baselineOf({ figures }: Pick<Reported, "figures">, revision: number): CanaryBaseline {
  return figures.filter((one) => one.revision === revision).reduce(plus, NOTHING);
}

const NOTHING: CanaryBaseline = { requests: 0, invariants: 0, ownErrors: 0 };
