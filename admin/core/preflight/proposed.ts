/**
 * What preflight is given, put together from a state, what is proposed on top of it, and what is known of the world: for
 * whole documents, and for a change that is being planned. And which clusters are asked about, or why none are.
 */
import type { AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import type { Fleet } from "../../../config/documents.ts";
import { hasErrors, jsonPointer } from "../../../config/findings.ts";
import type { ReadFleet } from "../../../config/read-fleet.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { sortedDocuments } from "../changes/apply-documents.ts";
import { isDangling } from "../changes/dangling.ts";
import type { RequestedMutation } from "../changes/mutation.ts";
import { readOnce } from "../changes/read-once.ts";
import type { FleetState } from "../changes/state.ts";
import { unknownName } from "../changes/unknown-name.ts";
import type { Compiler, World } from "../commit/consider.ts";
import { declaredOf } from "../drift/declared.ts";
import { findDrift } from "../drift/find-drift.ts";
import { isInScope, type PreflightScope } from "./examined.ts";
import type { PreflightReport } from "./finding.ts";
import { preflight } from "./preflight.ts";

type Surroundings = {
  readonly world: World;
  readonly compiler: Compiler;
  readonly development: boolean;
};

export type ProposedDocuments = Surroundings & {
  /** In force. */
  readonly state: FleetState;
  /** In the place of its documents; those when absent. */
  readonly documents?: readonly unknown[];
  readonly scope: PreflightScope;
};

/** Of whole documents, or of the state in force as it is. */
export function preflightDocuments(proposed: ProposedDocuments): Result<PreflightReport, AdminRefusal> {
  const { state, documents = state.documents, scope, development } = proposed;
  const read = readOnce(documents, { environment: state.environment, development });
  if (hasErrors(read.findings))
    return ok(report(proposed, { documents, read, before: state, after: undefined, scope }));
  const refusal = refuseScope(scope, read.fleet);
  if (refusal !== undefined) return err(refusal);
  const after = proposed.documents === undefined ? state : nextState(state, read);
  return ok(report(proposed, { documents, read, before: state, after, scope }));
}

export type PlannedChange = Surroundings & {
  readonly mutation: RequestedMutation;
  readonly before: FleetState;
  readonly after: FleetState;
};

/** Of a change that can be made. Pointers count by the documents of the request, where it brings any. */
export function preflightChange(planned: PlannedChange): PreflightReport {
  const { mutation, before, after, development } = planned;
  const documents = writtenDocuments(mutation) ?? after.documents;
  const read = readOnce(documents, { environment: after.environment, development });
  return report(planned, { documents, read, before, after, scope: {} });
}

type Reported = {
  readonly documents: readonly unknown[];
  readonly read: ReadFleet;
  readonly before: FleetState;
  readonly after: FleetState | undefined;
  readonly scope: PreflightScope;
};

function report(
  { world, compiler }: Surroundings,
  { documents: inputs, read, before, after, scope }: Reported,
): PreflightReport {
  const compiled = (state: FleetState) => ({ state, snapshot: compiler.snapshotOf(state) });
  return preflight({
    inputs,
    read,
    states:
      after === undefined
        ? undefined
        : { before: compiled(before), after: compiled(after), projection: compiler.projectionOf(after, world) },
    servesNow: before.fleet.routes.length > 0,
    statuses: world.statuses,
    health: world.health,
    drift: world.statuses === undefined ? [] : findDrift(declaredOf(before.fleet, before.overlays), world.statuses),
    scope,
    nowMs: world.nowMs,
  });
}

/** As applying the documents would have it, without what only whoever applies them can say. */
function nextState(state: FleetState, { documents, fleet }: ReadFleet): FleetState {
  const overlays = state.overlays.filter((overlay) => !isDangling(overlay, fleet));
  return { ...state, revision: state.revision + 1, documents: sortedDocuments(documents), fleet, overlays };
}

/** Undefined when what the request brings is not what the state has in the end. */
function writtenDocuments(mutation: RequestedMutation): readonly unknown[] | undefined {
  const mutations = mutation.kind === "batch" ? mutation.mutations : [mutation];
  const last = mutations.findLast(({ kind }) => kind === "apply" || kind === "restore");
  return last?.kind === "apply" ? last.documents : undefined;
}

/** A filter that selects nothing is a slip, and would find nothing wrong. */
function refuseScope(scope: PreflightScope, { services, clusters }: Fleet): AdminRefusal | undefined {
  const named = {
    service: services.map(({ metadata }) => metadata.name),
    cluster: clusters.map(({ metadata }) => metadata.name),
  };
  const errors = [
    ...unknownIn("service", scope.services ?? [], named.service),
    ...unknownIn("cluster", scope.clusters ?? [], named.cluster),
  ];
  if (errors.length > 0)
    return { code: "preflightInvalid", detail: "The documents do not have all that was named.", errors };
  const everything = scope.services === undefined && scope.clusters === undefined;
  const some = clusters.some(({ metadata, spec }) => isInScope({ name: metadata.name, service: spec.service }, scope));
  if (everything || some) return undefined;
  const detail = "No cluster is one of those named and of one of the services named.";
  return { code: "preflightInvalid", detail, errors: [{ pointer: "", detail, code: "scope.empty" }] };
}

function unknownIn(
  what: "service" | "cluster",
  names: readonly string[],
  known: readonly string[],
): readonly AdminProblemItem[] {
  return names.flatMap((name, index) =>
    known.includes(name) ? [] : [unknownName({ what, name, names: known, pointer: jsonPointer([`${what}s`, index]) })],
  );
}
