/**
 * Changes that wait for a second person. An approval is bound to what was asked for, to the plan that its author saw and
 * to the revision that it was planned on; who may vote and what a vote comes to is decided elsewhere. Rows are the record
 * of who let what happen and stay; what was asked for is a text of its own that goes when the time to decide is over.
 */
import { z } from "@hono/zod-openapi";
import { invariant } from "../../config/invariant.ts";
import { loadText, saveText } from "./texts.ts";

/** To decide. What a plan said a day ago is about another fleet and other traffic. */
export const APPROVAL_KEPT_MS = 24 * 3_600_000;

/** `stale`: by the time it was approved, the change would no longer have done what the plan said. */
export const APPROVAL_STATES = ["pending", "approved", "rejected", "expired", "stale"] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export type Vote = {
  readonly voter: string;
  readonly verdict: "approve" | "reject";
  readonly reason: string;
  readonly atMs: number;
};

export type ApprovalRecord = {
  readonly id: string;
  /** Counts from 1 in the order of asking. */
  readonly number: number;
  readonly author: string;
  readonly action: string;
  readonly resource: string;
  readonly reason?: string;
  readonly ticket?: string;
  /** Why a second person is due, a sentence each. */
  readonly because: readonly string[];
  readonly planDigest: string;
  readonly baseRevision: number;
  /** How many people beside the author. */
  readonly required: number;
  readonly state: ApprovalState;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** What it became, once it is approved. */
  readonly revision?: number;
  /** In the order in which they were cast; one for each voter. */
  readonly votes: readonly Vote[];
};

export type NewApproval = Omit<ApprovalRecord, "number" | "state" | "revision" | "votes">;

const Votes = z.array(
  z.object({ voter: z.string(), verdict: z.enum(["approve", "reject"]), reason: z.string(), atMs: z.int() }),
);

const Row = z.object({
  number: z.int().min(1),
  approval_id: z.string(),
  author: z.string(),
  action: z.string(),
  resource: z.string(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  because: z.string(),
  plan_digest: z.string(),
  base_revision: z.int().min(0),
  required: z.int().min(1),
  state: z.enum(APPROVAL_STATES),
  created_at_ms: z.int(),
  expires_at_ms: z.int(),
  revision: z.int().nullable(),
  votes: z.string(),
});

/** `request` says as JSON what is to be done once it is approved. To be called inside a transaction. */
export function insertApproval(sql: SqlStorage, approval: NewApproval, request: string): void {
  const { id, author, action, resource, reason = null, ticket = null, because } = approval;
  const { planDigest, baseRevision, required, createdAtMs, expiresAtMs } = approval;
  saveText(sql, requestText(id), request);
  sql.exec(
    `INSERT INTO approvals (approval_id, author, action, resource, reason, ticket, because, plan_digest, base_revision,
      required, state, created_at_ms, expires_at_ms, votes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, '[]')`,
    ...[id, author, action, resource, reason, ticket, JSON.stringify(because), planDigest, baseRevision, required],
    ...[createdAtMs, expiresAtMs],
  );
}

export function findApproval(sql: SqlStorage, id: string): ApprovalRecord | undefined {
  const [row] = sql.exec("SELECT * FROM approvals WHERE approval_id = ?", id).toArray();
  return row === undefined ? undefined : recordOf(row);
}

/** Newest first, those with a number below `before`. */
export function approvalsBefore(sql: SqlStorage, before: number, limit: number): readonly ApprovalRecord[] {
  return sql
    .exec("SELECT * FROM approvals WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)
    .toArray()
    .map(recordOf);
}

/** Those that can still be decided, soonest to expire first. */
export function pendingApprovals(sql: SqlStorage, nowMs: number): readonly ApprovalRecord[] {
  return sql
    .exec("SELECT * FROM approvals WHERE state = 'pending' AND expires_at_ms > ? ORDER BY expires_at_ms", nowMs)
    .toArray()
    .map(recordOf);
}

export function countPendingApprovals(sql: SqlStorage, nowMs: number): number {
  const counted = sql.exec(
    "SELECT COUNT(*) AS count FROM approvals WHERE state = 'pending' AND expires_at_ms > ?",
    nowMs,
  );
  return z.int().parse(counted.one().count);
}

/** Whether it can still be decided: its time may be over before anybody has noticed. */
export function isPending({ state, expiresAtMs }: ApprovalRecord, nowMs: number): boolean {
  return state === "pending" && nowMs < expiresAtMs;
}

/** What `insertApproval` was given. Kept as long as the approval could be decided. */
export function loadApprovalRequest(sql: SqlStorage, id: string): string {
  const text = loadText(sql, requestText(id));
  invariant(text !== undefined, "an approval that can be decided has its request");
  return text;
}

/** A person has one vote, while the approval is pending and its time is not over. */
export function voteOnApproval(sql: SqlStorage, id: string, vote: Vote): void {
  const approval = findApproval(sql, id);
  invariant(approval !== undefined && isPending(approval, vote.atMs), "only a pending approval is voted on");
  invariant(!approval.votes.some(({ voter }) => voter === vote.voter), "nobody votes twice");
  sql.exec("UPDATE approvals SET votes = ? WHERE approval_id = ?", JSON.stringify([...approval.votes, vote]), id);
}

export type Closing =
  | { readonly state: "approved"; readonly revision: number }
  | { readonly state: "rejected" | "stale" };

export function closeApproval(sql: SqlStorage, id: string, closing: Closing): void {
  const revision = closing.state === "approved" ? closing.revision : null;
  const closed = sql.exec(
    "UPDATE approvals SET state = ?, revision = ? WHERE approval_id = ? AND state = 'pending' RETURNING number",
    ...[closing.state, revision, id],
  );
  invariant(closed.toArray().length === 1, "only a pending approval is closed");
}

/** Ends what nobody decided in time, forgets what was asked for in all whose time is over, and answers those ended. */
export function expireApprovals(sql: SqlStorage, nowMs: number): readonly ApprovalRecord[] {
  const ended = sql
    .exec("UPDATE approvals SET state = 'expired' WHERE state = 'pending' AND expires_at_ms <= ? RETURNING *", nowMs)
    .toArray()
    .map(recordOf);
  // By name and not when an approval closes: a backup that is being read must find what its pending approvals ask for.
  sql.exec(
    `DELETE FROM texts WHERE name IN (
      SELECT name FROM texts JOIN approvals ON approval_id = substr(name, length('approval/') + 1)
      WHERE name >= 'approval/' AND name < 'approval0' AND expires_at_ms <= ?)`,
    nowMs,
  );
  return ended;
}

/** When `expireApprovals` has something to do, for the alarm. */
export function nextApprovalExpiryMs(sql: SqlStorage): number | undefined {
  const [row] = sql
    .exec("SELECT expires_at_ms FROM approvals WHERE state = 'pending' ORDER BY expires_at_ms LIMIT 1")
    .toArray();
  return row === undefined ? undefined : Row.shape.expires_at_ms.parse(row.expires_at_ms);
}

function requestText(id: string): string {
  return `approval/${id}`;
}

function recordOf(row: Record<string, SqlStorageValue>): ApprovalRecord {
  const { number, author, action, resource, reason, ticket, required, state, revision, ...parsed } = Row.parse(row);
  return {
    ...{ id: parsed.approval_id, number, author, action, resource },
    ...(reason === null ? {} : { reason }),
    ...(ticket === null ? {} : { ticket }),
    because: z.array(z.string()).parse(JSON.parse(parsed.because)),
    ...{ planDigest: parsed.plan_digest, baseRevision: parsed.base_revision, required, state },
    ...{ createdAtMs: parsed.created_at_ms, expiresAtMs: parsed.expires_at_ms },
    ...(revision === null ? {} : { revision }),
    votes: Votes.parse(JSON.parse(parsed.votes)),
  };
}
