/** What the fleet object has for the figures of delivery: changes, what was asked for before them, and incidents. */
import { z } from "@hono/zod-openapi";
import type { AuditLeaf } from "../core/audit/leaf.ts";
import type { AskedFor, DeliveredChange, DeliveryIncident } from "../core/delivery/figures.ts";
import { type Places, scopeOfOutcome } from "../core/history/scope.ts";
import type { Window } from "../core/timeline/timeline.ts";
import { leavesBefore } from "./audit.ts";
import { changesWithin } from "./timeline.ts";

/** Newest first. */
export function deliveredWithin(sql: SqlStorage, places: Places, window: Window): readonly DeliveredChange[] {
  const changes = changesWithin(sql, window);
  const [newest, oldest] = [changes[0], changes.at(-1)].map((change) => change?.record.revision ?? 0);
  const approvals = approvalsOf(sql, oldest ?? 0, newest ?? 0);
  return changes.map(({ record: { revision, kind, createdAtMs: atMs }, outcome }) => {
    const backTo = outcome?.kind === "restore" || outcome?.kind === "withdraw" ? outcome.revision : undefined;
    const approvalAskedMs = approvals.get(revision);
    return {
      ...{ revision, kind, atMs, scope: scopeOfOutcome(outcome, places) },
      ...(backTo === undefined ? {} : { backTo }),
      ...(approvalAskedMs === undefined ? {} : { approvalAskedMs }),
    };
  });
}

/** When each revision that was approved was asked for. */
function approvalsOf(sql: SqlStorage, from: number, to: number): ReadonlyMap<number, number> {
  const rows = sql.exec("SELECT revision, created_at_ms FROM approvals WHERE revision BETWEEN ? AND ?", from, to);
  return new Map(rows.toArray().map((row) => [z.int().parse(row.revision), z.int().parse(row.created_at_ms)] as const));
}

/** Of one page of the audit log: where it ends, and what of it was planned, put up for approval or committed. */
export type AskedPage = {
  readonly asked: readonly AskedFor[];
  /** The lowest index and the earliest time that were read; absent at the end of the log. */
  readonly readTo?: { readonly index: number; readonly atMs: number };
};

export function askedBefore(sql: SqlStorage, before: number, limit: number): AskedPage {
  const leaves = leavesBefore(sql, before, limit);
  // Leaves are what the log itself has written; a test holds each of them to its schema.
  const parsed = leaves.map(({ text }) => JSON.parse(text) as AuditLeaf);
  const asked = parsed.flatMap(({ outcome, atMs, action, resource = "", after }): AskedFor[] => {
    const what = `${action} ${resource}`;
    if (outcome === "planned" || outcome === "pending") return [{ atMs, what }];
    return outcome === "committed" && after !== undefined ? [{ atMs, what, revision: after.revision }] : [];
  });
  const last = parsed.at(-1);
  return last === undefined ? { asked } : { asked, readTo: { index: last.index, atMs: last.atMs } };
}

/** Those that say that something is wrong with what is served; broken glass, drift and secrets are not about deployments. */
const CAUSES = new Set(["opened", "withdrawn"]);

export function deliveryIncidents(sql: SqlStorage, fromMs: number, limit: number): readonly DeliveryIncident[] {
  return sql
    .exec(
      "SELECT cause, opened_at_ms, closed_at_ms FROM incidents WHERE opened_at_ms >= ? ORDER BY opened_at_ms DESC LIMIT ?",
      ...[fromMs, limit],
    )
    .toArray()
    .filter(({ cause }) => CAUSES.has(z.object({ kind: z.string() }).parse(JSON.parse(String(cause))).kind))
    .map(({ opened_at_ms, closed_at_ms }) => ({
      openedAtMs: z.int().parse(opened_at_ms),
      ...(closed_at_ms === null ? {} : { closedAtMs: z.int().parse(closed_at_ms) }),
    }));
}
