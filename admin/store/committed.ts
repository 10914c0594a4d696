/** A revision with what its change did, as the reasoning about history wants it. */
import { invariant } from "../../config/invariant.ts";
import type { MutationKind, Outcome } from "../core/changes/mutation.ts";
import { loadOutcome } from "./fleet-store.ts";
import { findRevision, isKnownKind, type RevisionRecord } from "./revisions.ts";

export type CommittedChange = { readonly record: RevisionRecord; readonly outcome: Outcome | undefined };

/** The revision has to be there. */
export function loadCommitted(sql: SqlStorage, revision: number): CommittedChange {
  const record = findRevision(sql, revision);
  invariant(record !== undefined, "a revision that is asked for by its number is there");
  return { record, outcome: outcomeOf(sql, record) };
}

/** Undefined when it is no longer kept, and of kinds that only earlier releases had. */
export function outcomeOf(sql: SqlStorage, { revision }: Pick<RevisionRecord, "revision">): Outcome | undefined {
  const outcome = loadOutcome(sql, revision);
  const kind: unknown = Reflect.get(Object(outcome), "kind");
  // It is what a commit wrote, under a kind that this release writes, too.
  return typeof kind === "string" && isKnownKind(kind)
    ? (outcome as Outcome & { readonly kind: MutationKind })
    : undefined;
}
