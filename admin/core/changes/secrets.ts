/**
 * Takes a secret from one version to the next, step by step: a new version is introduced, clusters cut over to it, the
 * old one is revoked. Only names and version ids are known here. Whether clusters are ready for a step is a safety rule
 * and judged on the state that is proposed here (`safety/rules/secrets.ts`).
 */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { type RotationStage, SecretRotation } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { declaredOf } from "../drift/declared.ts";
import { covers, type SecretScope, type SecretUser, secretUsers } from "../secrets/users.ts";
import type { MutationContext, Outcome, Proposal, SingleMutation } from "./mutation.ts";
import { findOverlay, withOverlay, withoutOverlay } from "./overlays.ts";
import { mayChange, provenanceOf, why } from "./provenance.ts";
import type { FleetState } from "./state.ts";
import { unknownName } from "./unknown-name.ts";

type Of<K extends SingleMutation["kind"]> = Extract<SingleMutation, { readonly kind: K }>;
type Request = Of<"rotateSecret"> | Of<"revokeSecret"> | Of<"compromiseSecret">;

/**
 * Asking again for what is so already changes nothing. The old version may be asked for as well while it is not revoked:
 * that is the way back.
 */
export function rotateSecret(
  state: FleetState,
  request: Of<"rotateSecret">,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const found = subjectOf(state, request);
  if (!found.ok) return found;
  const { live, inUse } = found.value;
  const permitted = mayChange(live, request, context);
  if (!permitted.ok) return permitted;
  const version = request.version ?? live?.to;
  if (version === undefined) return refuse("/version", "Say which version it is to be.", "secret.versionMissing");
  if (version === inUse) return ok(unchanged(state, request, found.value));
  if (live?.stage === "active" && version !== live.from)
    return refuse("/version", unfinished(live), "secret.unfinished");
  if (live?.compromised === true && version === live.from)
    return refuse("/version", `${version} is compromised: rotate to another version.`, "secret.compromised");

  // Somebody may know the version in use: whoever replaces it is in a hurry, whatever replaces it.
  const compromised = live?.compromised === true && live.from === inUse;
  const rotation = { from: inUse, to: version, stage: request.stage, ...(compromised ? { compromised } : {}) };
  return ok(withRotation(state, request, rotation, context));
}

export function revokeSecret(
  state: FleetState,
  request: Of<"revokeSecret">,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const found = subjectOf(state, request);
  if (!found.ok) return found;
  const { live, inUse } = found.value;
  if (live === undefined)
    return refuse("/version", `${inUse} is the only version: rotate to another one first.`, "secret.noRotation");
  const permitted = mayChange(live, request, context);
  if (!permitted.ok) return permitted;
  const version = request.version ?? live.from;
  if (version === live.to && live.stage === "introduced") return ok(withoutNewVersion(state, request, live, context));
  if (version !== live.from) return refuse("/version", notOld(live, version), "secret.notOld");
  if (live.stage === "revoked") return ok(unchanged(state, request, found.value));
  if (live.stage === "introduced" && (live.compromised !== true || live.to === undefined))
    return refuse("/version", notCutOver(live), "secret.inUse");
  return ok(withRotation(state, request, { ...live, stage: "revoked" }, context));
}

/** Asks nobody's leave: that a secret is out is so, whoever manages it. */
export function compromiseSecret(
  state: FleetState,
  request: Of<"compromiseSecret">,
  context: MutationContext,
): Result<Proposal, AdminRefusal> {
  const found = subjectOf(state, request);
  if (!found.ok) return found;
  const { live, inUse } = found.value;
  const version = request.version ?? inUse;
  if (live !== undefined && version === live.from) {
    const known = live.stage === "revoked" || live.compromised === true;
    const marked = () => withRotation(state, request, { ...live, compromised: true }, context);
    return ok(known ? unchanged(state, request, found.value) : marked());
  }
  if (version === inUse)
    return ok(withRotation(state, request, { from: inUse, stage: "introduced", compromised: true }, context));
  const known = [...new Set([inUse, live?.from, live?.to])].filter((one) => one !== undefined).join(", ");
  const detail = `That is not a version in use: ${known} ${live === undefined ? "is" : "are"} known. A new version that leaked before it was used is revoked.`;
  return refuse("/version", detail, "secret.versionUnknown");
}

/** What a request is about: who has the secret, what they use, and the rotation under way. */
type Subject = {
  readonly users: readonly SecretUser[];
  readonly inUse: string;
  readonly live: SecretRotation | undefined;
};

function subjectOf(state: FleetState, { secret, service }: Request): Result<Subject, AdminRefusal> {
  const declared = declaredOf(state.fleet, state.overlays);
  const scope: SecretScope = { secret, ...(service === undefined ? {} : { service }) };
  const users = secretUsers(declared, new Map(), scope);
  const [first] = users;
  if (first === undefined) return err(unknownSecret(state, scope));
  const live = findOverlay(state.overlays, keyOf(scope));
  const others = declared.rotations.filter(
    (rotation) =>
      rotation !== live && rotation.stage !== "revoked" && users.some((user) => covers(rotation, { secret, ...user })),
  );
  const [other] = others;
  if (other !== undefined) return refuse("/service", overlapping(other), "secret.overlap");
  const versions = new Set(users.map(({ wanted }) => wanted));
  if (versions.size > 1) return refuse("/service", manyVersions(users), "secret.ambiguous");
  return ok({ users, inUse: first.wanted, live: live?.kind === "secretRotation" ? live : undefined });
}

function keyOf({ secret, service }: SecretScope): string {
  return `secretRotation/${secret}${service === undefined ? "" : `/${service}`}`;
}

type Step = Pick<SecretRotation, "from" | "to" | "stage" | "compromised">;

/** Parsing mints the brands: the service exists, and the request's schema bounded the versions. */
function withRotation(state: FleetState, request: Request, step: Step, context: MutationContext): Proposal {
  const { secret, service } = request;
  const { from, to, stage, compromised } = step;
  const overlay = SecretRotation.parse({
    ...{ kind: "secretRotation", secret, from, stage },
    ...(service === undefined ? {} : { service }),
    ...(to === undefined ? {} : { to }),
    ...(compromised === undefined ? {} : { compromised }),
    ...provenanceOf(request, context),
  });
  return proposalOf(state, request, withOverlay(state.overlays, overlay), step);
}

/** The new version is given up before anybody was to use it. That the old one is compromised stays so. */
function withoutNewVersion(
  state: FleetState,
  request: Of<"revokeSecret">,
  { from, compromised }: SecretRotation,
  context: MutationContext,
): Proposal {
  if (compromised === true) return withRotation(state, request, { from, stage: "introduced", compromised }, context);
  return proposalOf(state, request, withoutOverlay(state.overlays, keyOf(request)), { from });
}

function unchanged(state: FleetState, request: Request, { live, inUse }: Subject): Proposal {
  return proposalOf(state, request, state.overlays, live ?? { from: inUse });
}

function proposalOf(
  state: FleetState,
  request: Request,
  overlays: FleetState["overlays"],
  { from, to, stage, compromised }: Omit<Step, "stage"> & { readonly stage?: RotationStage },
): Proposal {
  const outcome: Outcome = {
    ...{ kind: request.kind, secret: request.secret, from },
    ...(request.service === undefined ? {} : { service: request.service }),
    ...(to === undefined ? {} : { to }),
    ...(stage === undefined ? {} : { stage }),
    ...(compromised === undefined ? {} : { compromised }),
  };
  return { documents: state.documents, fleet: state.fleet, overlays, ...why(request), outcome };
}

// --- Refusals

function refuse(pointer: string, detail: string, code: string): Result<never, AdminRefusal> {
  return err({ code: "secretInvalid", detail, errors: [{ pointer, detail, code }] });
}

function unknownSecret({ fleet }: FleetState, { secret, service }: SecretScope): AdminRefusal {
  const having = fleet.clusters.flatMap(({ spec }) =>
    (spec.reports?.secrets ?? []).map(({ name }) => ({ name, service: spec.service as string })),
  );
  if (service !== undefined && having.some(({ name }) => name === secret)) {
    const names = [...new Set(having.filter(({ name }) => name === secret).map((one) => one.service))];
    const item = unknownName({ what: "service", name: service, names, pointer: "/service" });
    const detail = `No cluster of "${service}" is declared to have the secret "${secret}".`;
    return { code: "secretUnknown", detail, errors: [{ ...item, detail }] };
  }
  const item = unknownName({
    ...{ what: "secret", name: secret, pointer: "/name" },
    names: [...new Set(having.map(({ name }) => name))],
  });
  const hint = item.didYouMean === undefined ? "" : ` Did you mean "${item.didYouMean}"?`;
  return { code: "secretUnknown", detail: `${item.detail}${hint}`, errors: [item] };
}

function unfinished({ from, to }: SecretRotation): string {
  return `The rotation from ${from} to ${to} is not over: revoke ${from} first, or rotate back to it.`;
}

function notOld({ from, to }: SecretRotation, version: string): string {
  return version === to
    ? `${version} is in use: rotate to another version first.`
    : `That is not the old version of the rotation under way, which is ${from}.`;
}

function notCutOver({ from, to }: SecretRotation): string {
  return to === undefined
    ? `${from} is in use, and no version is known that could take its place: introduce one.`
    : `${from} is in use: cut over to ${to} first.`;
}

function overlapping({ service, from, to }: SecretRotation): string {
  const where = service === undefined ? "in all services" : `in the service ${service}`;
  return `The secret is being rotated from ${from}${to === undefined ? "" : ` to ${to}`} ${where}: that has to be over first.`;
}

function manyVersions(users: readonly SecretUser[]): string {
  const uses = [...new Set(users.map(({ wanted, service }) => `${wanted} (${service})`))].join(", ");
  return `Clusters are declared to use different versions: ${uses}. Say which service is meant, or declare one version.`;
}
