/**
 * What leaves a record and makes no revision: writes that were refused before they got here, tokens that nobody holds,
 * names that are forgotten, tokens that show decisions.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { type Duty, may } from "../core/authority/principal.ts";
import type { Asker } from "../core/commit/change-request.ts";
import { forbidden } from "../core/commit/preconditions.ts";
import type { AdminEnv } from "../env.ts";
import type { AuditLog, ErasedSubject, Erasure, NamedEntry } from "./audit-log.ts";
import { type CommitWriter, leafState } from "./commit-writer.ts";
import { type DebugTokenRequest, type IssuedDebugToken, issueDebugToken } from "./debug-token-issuer.ts";
import type { Target } from "./target.ts";

export type EarlyRefusal = { readonly method: string; readonly path: string; readonly problem: string };
export type TokenRefusals = { readonly requestId: string; readonly requests: number };

export type Performance = {
  readonly duty: Duty;
  readonly resource: string;
  readonly reason: string;
  readonly problem?: AdminRefusal;
};

type Act = Pick<NamedEntry, "action" | "resource" | "reason" | "ticket" | "problem">;

export type RecordDeskDeps = {
  readonly env: AdminEnv;
  readonly sql: SqlStorage;
  readonly audit: AuditLog;
  readonly target: Target;
  readonly writer: CommitWriter;
};

export class RecordDesk {
  readonly #deps: RecordDeskDeps;

  constructor(deps: RecordDeskDeps) {
    this.#deps = deps;
  }

  /** Enters what somebody did, or was refused; answers with the index of the leaf. */
  enter(asker: { readonly principal: NamedEntry["actor"]; readonly requestId: string }, act: Act): number {
    return this.#deps.writer.enter(this.#entryOf(asker, act));
  }

  refused(asker: Asker, { method, path, problem }: EarlyRefusal): void {
    this.enter(asker, { action: "request.refused", resource: `${method} ${path}`, problem });
  }

  tokensRefused({ requestId, requests }: TokenRefusals): void {
    const principal = { name: "nobody", kind: "unauthenticated", roles: [] } as const;
    const act = { action: "token.refused", problem: "unauthenticated" };
    this.#deps.writer.enter({ ...this.#entryOf({ principal, requestId }, act), requests });
  }

  /** What is done elsewhere is entered here first, whoever may not is refused. `problem`: why it will not be done. */
  perform({ duty, resource, reason, problem }: Performance, asker: Asker): Result<number, AdminRefusal> {
    const act = { action: duty, resource, reason };
    const refusal = whyNot(asker, duty) ?? problem;
    return refusal === undefined ? ok(this.enter(asker, act)) : this.#refuse(asker, act, refusal);
  }

  erase({ subject, ...why }: Erasure, asker: Asker): Result<ErasedSubject, AdminRefusal> {
    const { audit, writer } = this.#deps;
    const act = { action: "audit.erase", resource: `subject/${subject}`, ...why };
    const refusal = whyNot(asker, "audit.erase") ?? (audit.knows(subject) ? undefined : SUBJECT_UNKNOWN);
    if (refusal !== undefined) return this.#refuse(asker, act, refusal);
    // The leaf first: whoever has themselves forgotten must not be written down anew by it.
    let changed = false;
    const auditIndex = writer.enter(this.#entryOf(asker, act), () => {
      changed = audit.erase(subject) === "erased";
    });
    return ok({ subject, changed, auditIndex });
  }

  async issueDebugToken(
    request: Omit<DebugTokenRequest, "actor">,
    asker: Asker,
  ): Promise<Result<IssuedDebugToken, AdminRefusal>> {
    const { reason, ticket, host = "*" } = request;
    const why = ticket === undefined ? { reason } : { reason, ticket };
    const act = { action: "debugToken.issue", resource: `host/${host}`, ...why };
    const missing = whyNot(asker, "debugToken.issue");
    if (missing !== undefined) return this.#refuse(asker, act, missing);
    const issued = await issueDebugToken(this.#deps, { ...request, actor: asker.principal.name });
    if (!issued.ok) return this.#refuse(asker, act, issued.error);
    this.enter(asker, act);
    return issued;
  }

  #refuse(asker: Asker, act: Act, refusal: AdminRefusal): Result<never, AdminRefusal> {
    this.enter(asker, { ...act, problem: refusal.code });
    return err(refusal);
  }

  #entryOf(
    { principal, requestId }: { readonly principal: NamedEntry["actor"]; readonly requestId: string },
    act: Act,
  ): NamedEntry {
    const outcome = act.problem === undefined ? "done" : "refused";
    const before = leafState(this.#deps.target.stored);
    return { request: requestId, actor: principal, atMs: Date.now(), outcome, before, ...act };
  }
}

function whyNot({ principal }: Asker, duty: Duty): AdminRefusal | undefined {
  return may(principal, duty) ? undefined : forbidden(principal, [duty]);
}

const SUBJECT_UNKNOWN: AdminRefusal = { code: "auditUnknown", detail: "No entry of the log has that subject." };
