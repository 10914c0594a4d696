/** What the fleet object answers for a scrape. Nothing is compiled for it: the snapshot of the target is there already. */
import type { Overlay } from "../../config/overlays.ts";
import type { FleetFigures } from "../core/metrics/figures.ts";
import { topologyOf } from "../core/metrics/topology.ts";
import { countPendingApprovals } from "../store/approvals.ts";
import { latestCheckpoint } from "../store/audit.ts";
import { openIncidents } from "../store/incidents.ts";
import { revisionsBefore } from "../store/revisions.ts";
import type { AuditLog } from "./audit-log.ts";
import type { ProgressiveRelease } from "./progressive-release.ts";
import type { Publisher } from "./publisher.ts";
import { snapshotOf, type Target } from "./target.ts";

/** Edges that are further behind than this have been cut off for long; then their age is told as at least this. */
const COMMITS_TOLD_MAX = 100;

export type FleetFiguresDeps = {
  readonly sql: SqlStorage;
  readonly audit: AuditLog;
  readonly target: Target;
  readonly release: ProgressiveRelease;
  readonly publisher: Publisher;
};

/** `known`: the digest of the topology that whoever asks has. */
export function fleetFigures(deps: FleetFiguresDeps, known: string | undefined, nowMs: number): FleetFigures {
  const { sql, audit, target, release, publisher } = deps;
  const { state, digest } = target.stored;
  const { wide, canary } = release.wanted();
  const commits = revisionsBefore(sql, Number.MAX_SAFE_INTEGER, COMMITS_TOLD_MAX);
  return {
    ...{ revision: state.revision, digest, releasedRevision: wide.revision, onTrial: canary !== undefined },
    commits: commits.map(({ revision, createdAtMs }) => ({ revision, atMs: createdAtMs })),
    vantages: publisher.vantages(),
    approvalsPending: countPendingApprovals(sql, nowMs),
    incidentsOpen: incidentsBySeverity(sql),
    freezes: inForce(state.overlays, "freeze", nowMs),
    overrides: inForce(state.overlays, "ruleOverride", nowMs),
    carriers: publisher.carriers(),
    audit: auditFigures(sql, audit),
    ...(known === digest ? {} : { topology: topologyOf(snapshotOf(state), digest) }),
  };
}

function incidentsBySeverity(sql: SqlStorage): FleetFigures["incidentsOpen"] {
  const counts = { 1: 0, 2: 0, 3: 0 };
  for (const { severity } of openIncidents(sql)) counts[severity] += 1;
  return counts;
}

/** One whose time is over is gone with the next alarm. */
function inForce(overlays: readonly Overlay[], kind: "freeze" | "ruleOverride", nowMs: number): number {
  return overlays.filter((overlay) => overlay.kind === kind && overlay.expiresAtMs > nowMs).length;
}

function auditFigures(sql: SqlStorage, audit: AuditLog): FleetFigures["audit"] {
  const latest = latestCheckpoint(sql);
  const counts = { leaves: audit.size(), signed: latest?.size ?? 0 };
  return latest === undefined ? counts : { ...counts, signedAtMs: latest.atMs };
}
