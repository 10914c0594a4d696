/** Puts a plan together: everything that can be said of a change before it is made. */
import { canonicalJson } from "../../../config/canonical.ts";
import { type Change, diffDocuments } from "../../../config/diff.ts";
import type { Document } from "../../../config/documents.ts";
import { type LoadedSnapshot, loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import type { FleetState } from "../changes/state.ts";
import { sha256Hex } from "../digest.ts";
import type { PreflightReport } from "../preflight/finding.ts";
import type { Verdict } from "../safety/verdict.ts";
import { analyseFailures } from "./failures.ts";
import { flagsChanged } from "./flags-changed.ts";
import { movedBy } from "./moved.ts";
import { diffOverlays } from "./overlay-diff.ts";
import type { Plan, Replay } from "./plan.ts";
import type { ProjectionState } from "./project.ts";
import type { Projection } from "./projection.ts";
import { type ReplayRequest, replay } from "./replay.ts";
import { replicaWarnings } from "./replica-behind.ts";
import { warningsOf } from "./warnings.ts";

/** A state and what it comes to; the health that both are projected with is the same. */
export type PlannedState = {
  readonly state: FleetState;
  readonly projected: ProjectionState;
  /** Its snapshot, where somebody has loaded it already. */
  readonly loaded?: LoadedSnapshot;
};

export type PlanChangeInput = {
  /** What the change is planned on; `before` is the same state. */
  readonly base: { readonly state: Pick<FleetState, "revision">; readonly digest: string };
  /** As it was asked for, in plain JSON. */
  readonly mutation: unknown;
  readonly before: PlannedState;
  readonly after: PlannedState;
  readonly verdicts: readonly Verdict[];
  readonly approvals: Plan["approvals"];
  readonly preflight?: PreflightReport;
  readonly replay?: { readonly source: Replay["source"]; readonly requests: readonly ReplayRequest[] };
  /** How far the data of clusters is behind, in milliseconds; those that do not say are missing. */
  readonly lagMs?: ReadonlyMap<string, number>;
  readonly nowMs: number;
};

export function planChange(input: PlanChangeInput): Plan {
  const { base, mutation, before, after, verdicts, approvals, nowMs } = input;
  const projected = { before: before.projected, after: after.projected };
  const loaded = { before: loadedOf(before), after: loadedOf(after) };
  const { health } = after.projected.input;
  const failures = analyseFailures(after.projected);
  const flags = flagsChanged({ before: before.state, after: after.state, ...after.projected, nowMs });
  return {
    digest: planDigest({ baseDigest: base.digest, mutation, verdicts, approvals, after: after.projected.projection }),
    base: { revision: base.state.revision, digest: base.digest },
    diff: {
      documents: changedDocuments(before.state.documents, after.state.documents),
      overlays: diffOverlays(before.state.overlays, after.state.overlays),
    },
    before: written(before.projected.projection),
    after: written(after.projected.projection),
    moved: movedBy({ projected, loaded, nowMs }),
    ...(flags.length === 0 ? {} : { flags }),
    failures,
    verdicts,
    approvals,
    warnings: [
      ...warningsOf({ ...projected, failures }),
      ...replicaWarnings({ ...snapshotsOf(projected), lagMs: input.lagMs ?? new Map() }),
    ],
    ...(input.preflight === undefined ? {} : { preflight: input.preflight }),
    ...(input.replay === undefined ? {} : { replay: replay({ ...input.replay, loaded, health, nowMs }) }),
  };
}

function snapshotsOf({ before, after }: { readonly before: ProjectionState; readonly after: ProjectionState }) {
  return { before: before.input.snapshot, after: after.input.snapshot };
}

/** Plain data: what is worked out when it is asked for is in it. */
function written(projection: Projection): Projection {
  return { ...projection };
}

function loadedOf({ loaded, projected }: PlannedState): LoadedSnapshot {
  return loaded ?? loadSnapshot(projected.input.snapshot);
}

/** Most changes keep most documents as they are, and what is the same object need not be compared. */
function changedDocuments(before: readonly Document[], after: readonly Document[]): readonly Change[] {
  if (before === after) return [];
  const [old, next] = [new Set(before), new Set(after)];
  return diffDocuments(
    before.filter((document) => !next.has(document)),
    after.filter((document) => !old.has(document)),
  );
}

export type PlanDigestInput = Pick<PlanChangeInput, "mutation" | "verdicts" | "approvals"> & {
  readonly baseDigest: string;
  readonly after: Projection;
};

/**
 * What an approval or a commit is bound to: the state, the change as asked for, what the rules say of it, how many must
 * agree, and who would be left without service. Rates, times and the condition of clusters are not part of it, because
 * nobody looked at those to the digit. For the same reason a country's unserved traffic counts in whole percent.
 */
export function planDigest({ baseDigest, mutation, verdicts, approvals, after }: PlanDigestInput): string {
  const unserved = after.countries.flatMap(({ country, unservedBps }) => {
    const percent = Math.round(unservedBps / 100);
    return percent === 0 ? [] : [[country, percent] as const];
  });
  return sha256Hex(
    canonicalJson({
      base: baseDigest,
      mutation,
      verdicts: verdicts.map(({ rule, outcome }) => ({ rule, outcome })),
      approvals: approvals.required,
      unserved: Object.fromEntries(unserved),
    }),
  );
}
