/**
 * The one way by which anything changes on request: authorise, replay, precondition, reason, rules, approvals, commit.
 * From the first look at the target to the transaction nothing is awaited, so nothing can come between. Every request
 * leaves one leaf in the audit log, whatever comes of it. Publishing is the caller's.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { canonicalJson } from "../../config/canonical.ts";
import { err, ok, type Result } from "../../config/result.ts";
import type { LeafOutcome } from "../core/audit/leaf.ts";
import { managerOf, may } from "../core/authority/principal.ts";
import { actionOf, actionsOf, type RequestedMutation, resourceOf } from "../core/changes/mutation.ts";
import type { FleetState } from "../core/changes/state.ts";
import type { Asker, ChangeRequest, ChangeResult } from "../core/commit/change-request.ts";
import { type Considered, consider, refusalOf, type World } from "../core/commit/consider.ts";
import { incidentsOf } from "../core/commit/incidents.ts";
import type { StoredState } from "../core/commit/next-state.ts";
import { forbidden, PRECONDITION_REQUIRED, stale } from "../core/commit/preconditions.ts";
import { sha256Hex } from "../core/digest.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Verdict } from "../core/safety/verdict.ts";
import { APPROVAL_KEPT_MS, insertApproval } from "../store/approvals.ts";
import { loadWritten } from "../store/fleet-store.ts";
import { findAnswer, keepAnswer } from "../store/idempotency.ts";
import { findRevisionByDigest, revisionsBefore } from "../store/revisions.ts";
import type { NamedEntry } from "./audit-log.ts";
import { type CommitWriter, leafState, type Written } from "./commit-writer.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Target } from "./target.ts";

/** How many of the latest revisions are looked at for who changed what since; more have no place in an answer. */
const SINCE_MAX = 200;

export type CommitDeps = {
  readonly sql: SqlStorage;
  readonly development: boolean;
  readonly target: Target;
  readonly writer: CommitWriter;
  readonly reckoning: Reckoning;
  /** A past state, undefined when it is not kept. */
  readonly past: (revision: number) => FleetState | undefined;
  /** What everybody but the canary vantage is served instead of a state, while something is tried. */
  readonly wide: (state: FleetState) => FleetState | undefined;
};

export type Answered = { readonly result: ChangeResult; readonly replayed: boolean };

type Attempt = { readonly request: ChangeRequest; readonly asker: Asker; readonly world: World };
/** What a leaf needs to know of it. */
type Noted = Omit<Attempt, "world"> & { readonly world: Pick<World, "nowMs"> };

export class CommitPath {
  readonly #deps: CommitDeps;

  constructor(deps: CommitDeps) {
    this.#deps = deps;
  }

  /** `world` is of just now. Synchronous: see above. */
  change(request: ChangeRequest, asker: Asker, world: World): Result<Answered, AdminRefusal> {
    const attempt = { request, asker, world };
    const missing = actionsOf(request.mutation).filter((action) => !may(asker.principal, action));
    if (missing.length > 0) return this.#refuse(attempt, forbidden(asker.principal, missing));
    const replay = this.#replay(attempt);
    if (replay !== undefined) return replay;
    const unmet = this.#unmetPrecondition(request);
    if (unmet !== undefined) return this.#refuse(attempt, unmet);

    const considered = this.consider(request.mutation, asker.principal, world);
    if (!considered.ok) return this.#refuse(attempt, considered.error);
    if (request.dryRun) return this.#answerDryRun(attempt, considered.value);
    const { next, verdicts, approvals } = considered.value;
    if (next === undefined) return this.#answerUnchanged(attempt, considered.value);
    const denied = refusalOf(verdicts);
    if (denied !== undefined) return this.#refuse(attempt, denied, verdicts);
    const planned = this.#stalePlan(attempt, considered.value);
    if (planned !== undefined) return this.#refuse(attempt, planned, verdicts);
    if (approvals.required > 0) return this.#askForApproval(attempt, considered.value);
    return this.#commit(attempt, considered.value);
  }

  /** For what is refused before there is a world to reason about. */
  refuse(request: ChangeRequest, asker: Asker, refusal: AdminRefusal): Result<never, AdminRefusal> {
    return this.#refuse({ request, asker, world: { nowMs: Date.now() } }, refusal);
  }

  /** The same reasoning for whoever else commits: approvals once they are given. */
  consider(mutation: RequestedMutation, author: Asker["principal"], world: World): Result<Considered, AdminRefusal> {
    const { target, development, past, reckoning, wide } = this.#deps;
    return consider({
      target: target.stored,
      mutation,
      context: {
        author: author.name,
        manager: managerOf(author),
        nowMs: world.nowMs,
        development,
        past,
      },
      world,
      compiler: reckoning,
      wide,
    });
  }

  planDigest(mutation: RequestedMutation, considered: Considered): string {
    const { target, reckoning } = this.#deps;
    return reckoning.planDigest({ mutation, considered, base: target.stored });
  }

  plan(mutation: RequestedMutation, considered: Considered, world: World): Plan {
    const { target, reckoning } = this.#deps;
    return reckoning.plan({ mutation, considered, base: target.stored, world });
  }

  /** What the request did when it came for the first time; a refusal when the key is another request's. */
  #replay(attempt: Attempt): Result<Answered, AdminRefusal> | undefined {
    const { request, asker, world } = attempt;
    if (request.idempotencyKey === undefined || request.dryRun) return undefined;
    const id = { principal: asker.principal.name, key: request.idempotencyKey };
    const known = findAnswer(this.#deps.sql, { ...id, nowMs: world.nowMs });
    if (known === undefined) return undefined;
    if (known.fingerprint !== fingerprintOf(request)) return this.#refuse(attempt, MISMATCH);
    this.#deps.writer.enter(this.#entryOf(attempt, "replayed", []));
    // It is what `#commit` kept, as JSON and back.
    return ok({ result: known.answer as ChangeResult, replayed: true });
  }

  #unmetPrecondition({ ifMatch }: ChangeRequest): AdminRefusal | undefined {
    const { sql, target } = this.#deps;
    const { state, digest } = target.stored;
    if (ifMatch === undefined) return PRECONDITION_REQUIRED;
    if (ifMatch === "*" || ifMatch.includes(digest)) return undefined;
    const [record] = ifMatch.flatMap((tag) => findRevisionByDigest(sql, tag) ?? []);
    const written = record === undefined ? undefined : loadWritten(sql, record);
    const since = record === undefined ? [] : revisionsBefore(sql, Number.MAX_SAFE_INTEGER, SINCE_MAX);
    return stale({
      target: { revision: state.revision, digest, documents: state.documents, overlays: state.overlays },
      seen: record === undefined || written === undefined ? undefined : { revision: record.revision, ...written },
      since: since.filter(({ revision }) => record !== undefined && revision > record.revision),
    });
  }

  #stalePlan({ request }: Attempt, considered: Considered): AdminRefusal | undefined {
    if (request.planDigest === undefined) return undefined;
    const digest = this.planDigest(request.mutation, considered);
    return digest === request.planDigest ? undefined : planStale(digest);
  }

  #answerDryRun(attempt: Attempt, considered: Considered): Result<Answered, AdminRefusal> {
    const { writer } = this.#deps;
    const plan = this.plan(attempt.request.mutation, considered, attempt.world);
    const auditIndex = writer.enter(this.#entryOf(attempt, "planned", considered.verdicts));
    return ok({ result: this.#doneHere(considered, { auditIndex, dryRun: true, plan }), replayed: false });
  }

  #answerUnchanged(attempt: Attempt, considered: Considered): Result<Answered, AdminRefusal> {
    const { writer } = this.#deps;
    const resultAt = (auditIndex: number) => this.#doneHere(considered, { auditIndex, dryRun: false });
    const auditIndex = writer.enter(this.#entryOf(attempt, "unchanged", []), (index) =>
      this.#keepAnswer(attempt, resultAt(index)),
    );
    return ok({ result: resultAt(auditIndex), replayed: false });
  }

  #commit(attempt: Attempt, considered: Considered): Result<Answered, AdminRefusal> {
    const { request, asker, world } = attempt;
    const resultOf = ({ stored, auditIndex }: Written) => doneAt(stored, considered, { auditIndex, dryRun: false });
    const written = this.#deps.writer.write(considered, {
      mutation: request.mutation,
      author: asker.principal.name,
      entry: entryBase(request.mutation, asker),
      nowMs: world.nowMs,
      incidents: incidentsOf(request.mutation, { openedBy: asker.principal.name, openedAtMs: world.nowMs }),
      also: (made) => this.#keepAnswer(attempt, resultOf(made)),
    });
    return ok({ result: resultOf(written), replayed: false });
  }

  #askForApproval(attempt: Attempt, considered: Considered): Result<Answered, AdminRefusal> {
    const { sql, writer, target } = this.#deps;
    const { request, asker, world } = attempt;
    const { mutation } = request;
    const { approvals, proposal } = considered;
    const approvalId = `approval-${asker.requestId}`;
    const resultAt = (auditIndex: number): ChangeResult => ({ kind: "pending", approvalId, auditIndex });
    const auditIndex = writer.enter(this.#entryOf(attempt, "pending", considered.verdicts), (index) => {
      insertApproval(
        sql,
        {
          id: approvalId,
          author: asker.principal.name,
          action: actionOf(mutation),
          resource: resourceOf(mutation),
          ...(proposal.reason === undefined ? {} : { reason: proposal.reason }),
          ...(proposal.ticket === undefined ? {} : { ticket: proposal.ticket }),
          because: approvals.because,
          planDigest: this.planDigest(mutation, considered),
          baseRevision: target.state.revision,
          required: approvals.required,
          createdAtMs: world.nowMs,
          expiresAtMs: world.nowMs + APPROVAL_KEPT_MS,
        },
        canonicalJson({ mutation, author: asker.principal }),
      );
      this.#keepAnswer(attempt, resultAt(index));
    });
    return ok({ result: resultAt(auditIndex), replayed: false });
  }

  #refuse(attempt: Noted, refusal: AdminRefusal, verdicts: readonly Verdict[] = []): Result<never, AdminRefusal> {
    const auditIndex = this.#deps.writer.enter({
      ...this.#entryOf(attempt, "refused", verdicts),
      problem: refusal.code,
    });
    return err({ ...refusal, more: { ...refusal.more, audit: { index: auditIndex } } });
  }

  #doneHere(considered: Considered, rest: Rest): ChangeResult {
    return { ...doneAt(this.#deps.target.stored, considered, rest), changed: considered.next !== undefined };
  }

  #entryOf(attempt: Noted, outcome: LeafOutcome, verdicts: readonly Verdict[]): NamedEntry {
    const { request, asker, world } = attempt;
    const { mutation } = request;
    return {
      ...entryBase(mutation, asker),
      ...("reason" in mutation && mutation.reason !== undefined ? { reason: mutation.reason } : {}),
      ...("ticket" in mutation && mutation.ticket !== undefined ? { ticket: mutation.ticket } : {}),
      atMs: world.nowMs,
      outcome,
      before: leafState(this.#deps.target.stored),
      ...(verdicts.length === 0
        ? {}
        : { decisions: verdicts.map(({ rule, outcome: said }) => ({ rule, outcome: said })) }),
    };
  }

  #keepAnswer({ request, asker, world }: Attempt, answer: ChangeResult): void {
    const { idempotencyKey: key, dryRun } = request;
    if (key === undefined || dryRun) return;
    const { name: principal } = asker.principal;
    const fingerprint = fingerprintOf(request);
    keepAnswer(this.#deps.sql, { principal, key, fingerprint, answer, createdAtMs: world.nowMs });
  }
}

type Rest = { readonly auditIndex: number; readonly dryRun: boolean; readonly plan?: Plan };

function doneAt({ state, digest }: StoredState, { proposal, verdicts }: Considered, rest: Rest) {
  const { outcome } = proposal;
  return { kind: "done" as const, revision: state.revision, digest, changed: true, outcome, verdicts, ...rest };
}

/** Of what is asked for, not of how: a retry may well have read a newer ETag meanwhile. */
export function fingerprintOf({ mutation }: ChangeRequest): string {
  return sha256Hex(canonicalJson(mutation));
}

function entryBase(mutation: RequestedMutation, { principal, requestId }: Asker) {
  return { request: requestId, actor: principal, action: actionOf(mutation), resource: resourceOf(mutation) };
}

export const IDEMPOTENCY_RUNNING: AdminRefusal = {
  code: "idempotencyRunning",
  detail: "The first request with this Idempotency-Key is still being worked on. Send it again in a moment.",
  retryAfterMs: 1_000,
};

const MISMATCH: AdminRefusal = {
  code: "idempotencyMismatch",
  detail: "This Idempotency-Key came with another request within the last 24 hours. A new request needs a new key.",
};

function planStale(digest: string): AdminRefusal {
  return {
    code: "planStale",
    detail: "The change would not do any more what was planned. Plan it again and look at what is different.",
    more: { plan: { digest } },
  };
}
