/**
 * Where a second person says yes or no to a change that waits. The last yes commits it, by the same reasoning as if it
 * had just been asked for, and only if it would still do what was planned when it was asked for.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { may, type Principal } from "../core/authority/principal.ts";
import type { RequestedMutation } from "../core/changes/mutation.ts";
import type { Asker } from "../core/commit/change-request.ts";
import { refusalOf, type World } from "../core/commit/consider.ts";
import { incidentsOf } from "../core/commit/incidents.ts";
import { forbidden } from "../core/commit/preconditions.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Verdict } from "../core/safety/verdict.ts";
import {
  type ApprovalRecord,
  closeApproval,
  findApproval,
  isPending,
  loadApprovalRequest,
  voteOnApproval,
} from "../store/approvals.ts";
import type { NamedEntry } from "./audit-log.ts";
import type { CommitPath } from "./commit-path.ts";
import { type CommitWriter, leafState } from "./commit-writer.ts";
import type { Target } from "./target.ts";

export type Vote = { readonly id: string; readonly verdict: "approve" | "reject"; readonly reason: string };

export type ApprovalDeskDeps = {
  readonly sql: SqlStorage;
  readonly target: Target;
  readonly writer: CommitWriter;
  readonly path: CommitPath;
};

type Ballot = { readonly vote: Vote; readonly asker: Asker; readonly world: World };

export class ApprovalDesk {
  readonly #deps: ApprovalDeskDeps;

  constructor(deps: ApprovalDeskDeps) {
    this.#deps = deps;
  }

  /** What the change would do if it were made now; undefined once it is decided, or when it is not possible any more. */
  plan(approval: ApprovalRecord, world: World): Plan | undefined {
    if (!isPending(approval, world.nowMs)) return undefined;
    const { mutation, author } = this.#requestOf(approval);
    const considered = this.#deps.path.consider(mutation, author, world);
    return considered.ok ? this.#deps.path.plan(mutation, considered.value, world) : undefined;
  }

  /** The approval as it is afterwards. Synchronous, like every change. */
  vote(vote: Vote, asker: Asker, world: World): Result<ApprovalRecord, AdminRefusal> {
    const ballot = { vote, asker, world };
    if (!may(asker.principal, "approve")) return this.#refuse(ballot, forbidden(asker.principal, ["approve"]));
    const approval = findApproval(this.#deps.sql, vote.id);
    const refusal = approval === undefined ? UNKNOWN : whyNot(approval, asker.principal, world.nowMs);
    if (approval === undefined || refusal !== undefined) return this.#refuse(ballot, refusal ?? UNKNOWN);
    if (vote.verdict === "reject") return this.#close(ballot, "rejected");
    const yes = approval.votes.filter(({ verdict }) => verdict === "approve").length + 1;
    return yes < approval.required ? this.#count(ballot) : this.#commit(ballot, approval);
  }

  #count(ballot: Ballot): Result<ApprovalRecord, AdminRefusal> {
    this.#deps.writer.enter(this.#entryOf(ballot), () => this.#record(ballot));
    return this.#found(ballot.vote.id);
  }

  #close(ballot: Ballot, state: "rejected" | "stale"): Result<ApprovalRecord, AdminRefusal> {
    const { sql, writer } = this.#deps;
    writer.enter(this.#entryOf(ballot), () => {
      this.#record(ballot);
      closeApproval(sql, ballot.vote.id, { state });
    });
    return this.#found(ballot.vote.id);
  }

  #commit(ballot: Ballot, approval: ApprovalRecord): Result<ApprovalRecord, AdminRefusal> {
    const { sql, path, writer } = this.#deps;
    const { world } = ballot;
    const { mutation, author } = this.#requestOf(approval);
    const considered = path.consider(mutation, author, world);
    if (!considered.ok) return this.#refuse(ballot, considered.error);
    const denied = refusalOf(considered.value.verdicts);
    if (denied !== undefined) return this.#refuse(ballot, denied, considered.value.verdicts);
    if (considered.value.next === undefined || path.planDigest(mutation, considered.value) !== approval.planDigest) {
      writer.enter({ ...this.#entryOf(ballot), outcome: "refused", problem: "planStale" }, () =>
        closeApproval(sql, approval.id, { state: "stale" }),
      );
      return err(STALE);
    }
    writer.write(considered.value, {
      mutation,
      author: author.name,
      entry: entryBase(ballot),
      nowMs: world.nowMs,
      incidents: incidentsOf(mutation, { openedBy: author.name, openedAtMs: world.nowMs }),
      also: ({ stored }) => {
        this.#record(ballot);
        closeApproval(sql, approval.id, { state: "approved", revision: stored.state.revision });
      },
    });
    return this.#found(approval.id);
  }

  #requestOf({ id }: ApprovalRecord): { readonly mutation: RequestedMutation; readonly author: Principal } {
    // It is what the commit path kept, as JSON and back.
    return JSON.parse(loadApprovalRequest(this.#deps.sql, id)) as {
      readonly mutation: RequestedMutation;
      readonly author: Principal;
    };
  }

  #record({ vote, asker, world }: Ballot): void {
    const { id, verdict, reason } = vote;
    voteOnApproval(this.#deps.sql, id, { voter: asker.principal.name, verdict, reason, atMs: world.nowMs });
  }

  #found(id: string): Result<ApprovalRecord, AdminRefusal> {
    const approval = findApproval(this.#deps.sql, id);
    return approval === undefined ? err(UNKNOWN) : ok(approval);
  }

  #refuse(ballot: Ballot, refusal: AdminRefusal, verdicts: readonly Verdict[] = []): Result<never, AdminRefusal> {
    const decisions = verdicts.map(({ rule, outcome }) => ({ rule, outcome }));
    this.#deps.writer.enter({ ...this.#entryOf(ballot), outcome: "refused", problem: refusal.code, decisions });
    return err(refusal);
  }

  #entryOf(ballot: Ballot): NamedEntry {
    const before = leafState(this.#deps.target.stored);
    return { ...entryBase(ballot), atMs: ballot.world.nowMs, outcome: "done", before };
  }
}

function entryBase({ vote, asker }: Ballot) {
  return {
    request: asker.requestId,
    actor: asker.principal,
    action: `approval.${vote.verdict}`,
    resource: `approval/${vote.id}`,
    reason: vote.reason,
  };
}

/** The author is not the second person, and nobody counts twice. */
function whyNot(
  { state, expiresAtMs, author, votes }: ApprovalRecord,
  { name }: Principal,
  nowMs: number,
): AdminRefusal | undefined {
  if (state !== "pending") return { code: "approvalClosed", detail: `The approval is ${state}.` };
  if (expiresAtMs <= nowMs) return { code: "approvalClosed", detail: "The time to approve is over." };
  if (name === author) return { code: "approvalOwn", detail: "Whoever asks for a change does not approve it." };
  if (votes.some(({ voter }) => voter === name))
    return { code: "approvalOwn", detail: "You have said what you think of it already." };
  return undefined;
}

const UNKNOWN: AdminRefusal = { code: "approvalUnknown", detail: "There is no such approval." };

const STALE: AdminRefusal = {
  code: "planStale",
  detail:
    "The change would not do any more what was planned when it was asked for, so the approval is closed. Ask again.",
};
