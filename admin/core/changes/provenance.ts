/**
 * Who made a piece of live state, why, and on whose behalf. What one manager (a pipeline, the people on call) has set,
 * another changes only when it says so: otherwise both would undo each other's work for ever, each believing it is right.
 */
import type { AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import type { Overlay } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import type { MutationContext } from "./mutation.ts";

type Why = { readonly reason: string; readonly ticket?: string };
type Owned = { readonly managedBy?: string; readonly takeOver?: boolean };

/** `reason` and `ticket` alone, without an absent ticket. */
export function why({ reason, ticket }: Why): Why {
  return ticket === undefined ? { reason } : { reason, ticket };
}

/** The fields that every overlay has; the caller's schema parses them. */
export function provenanceOf(request: Why & Owned, { author, manager, nowMs }: MutationContext) {
  return { author, ...why(request), managedBy: request.managedBy ?? manager, createdAtMs: nowMs };
}

/** Whether the request may change what is there. What nobody manages is anybody's. */
export function mayChange(
  existing: Overlay | undefined,
  request: Owned,
  { manager }: MutationContext,
): Result<undefined, AdminRefusal> {
  const holder = existing?.managedBy;
  if (holder === undefined || request.takeOver === true || holder === (request.managedBy ?? manager))
    return ok(undefined);
  return err(managedByOther([{ what: "This", holder, pointer: "/managedBy" }]));
}

export type HeldByOther = { readonly what: string; readonly holder: string; readonly pointer: string };

export function managedByOther(held: readonly HeldByOther[]): AdminRefusal {
  const errors = held.map(
    ({ what, holder, pointer }): AdminProblemItem => ({
      pointer,
      detail: `${what} is managed by "${holder}".`,
      code: "managedBy.other",
    }),
  );
  const holders = [...new Set(held.map(({ holder }) => holder))].join(", ");
  const detail = `${held.length === 1 ? "What would change is" : `${held.length} things that would change are`} managed by ${holders}. Send \`takeOver: true\` to change it all the same.`;
  return { code: "managedByOther", detail, errors };
}
