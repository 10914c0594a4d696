/**
 * Writes one change: the revision, what it leaves behind (outbox, history of controls, deleted documents, incidents, what
 * is tried where) and its audit leaf, in one transaction with whatever the caller adds. All of it is there afterwards, or
 * nothing.
 */
import { invariant } from "../../config/invariant.ts";
import type { AuditEntry } from "../core/audit/leaf.ts";
import type { Mutation } from "../core/changes/mutation.ts";
import type { Considered } from "../core/commit/consider.ts";
import { changesRouting } from "../core/commit/direction.ts";
import type { NewIncident } from "../core/commit/incidents.ts";
import type { StoredState } from "../core/commit/next-state.ts";
import { publishingAfter, publishingInForce } from "../core/publish/hold.ts";
import { logEvent } from "../log.ts";
import { keepChanges } from "../store/control-history.ts";
import { keepDeleted } from "../store/deleted-documents.ts";
import { commit } from "../store/fleet-store.ts";
import { openIncident } from "../store/incidents.ts";
import { loadPublishing, savePublishing } from "../store/publishing.ts";
import type { RevisionRecord } from "../store/revisions.ts";
import type { AuditLog, NamedEntry } from "./audit-log.ts";
import { carriersOf } from "./publisher.ts";
import type { Target } from "./target.ts";

/** Who makes the change and how it is entered. */
export type Making = {
  readonly mutation: Mutation;
  readonly author: string;
  readonly entry: Omit<NamedEntry, "outcome" | "before" | "after" | "decisions" | "atMs">;
  readonly nowMs: number;
  readonly incidents: readonly NewIncident[];
  /** Does what else belongs into the same transaction. */
  readonly also?: (written: Written) => void;
};

export type Written = { readonly stored: StoredState; readonly auditIndex: number };

export class CommitWriter {
  readonly #storage: DurableObjectStorage;
  readonly #audit: AuditLog;
  readonly #target: Target;
  readonly #check: () => void;

  /** `check` throws while nothing may be written: the storage is being filled from a backup. */
  constructor(storage: DurableObjectStorage, audit: AuditLog, target: Target, check: () => void) {
    this.#storage = storage;
    this.#audit = audit;
    this.#target = target;
    this.#check = check;
  }

  /** `considered` must be of the present target; nothing may have been awaited since. */
  write(considered: Considered, making: Making): Written {
    this.#check();
    const written = this.#storage.transactionSync(() => this.#writeAll(considered, making));
    this.#target.replace(written.stored);
    const { revision } = written.stored.state;
    const { mutation, author, entry } = making;
    logEvent("revision.committed", { revision, kind: mutation.kind, author, requestId: entry.request });
    return written;
  }

  /** A leaf for what makes no revision, and whatever belongs into the same transaction; answers with its index. */
  enter(entry: NamedEntry, also?: (auditIndex: number) => void): number {
    this.#check();
    return this.#storage.transactionSync(() => {
      const { index } = this.#audit.append(entry);
      also?.(index);
      return index;
    });
  }

  #writeAll(considered: Considered, making: Making): Written {
    const { sql } = this.#storage;
    const { next, proposal, verdicts, controls } = considered;
    invariant(next !== undefined, "there is something to commit");
    const before = this.#target.stored;
    const { stored, documentsText, overlaysText } = next;
    const record = recordOf(stored, before, considered, making);
    const carriers = carriersOf(stored.state);
    const fits = commit(sql, { record, documentsText, overlaysText, outcome: proposal.outcome, carriers });
    // Reading the target and writing its successor is one step of a single-threaded object.
    invariant(fits, "the parent is still the target");

    keepChanges(sql, controls);
    keepDeleted(sql, considered.safety.before.documents, stored.state.documents, {
      lastRevision: before.state.revision,
      deletedBy: making.author,
      deletedAtMs: making.nowMs,
    });
    savePublishing(
      sql,
      publishingAfter(loadPublishing(sql), {
        revision: stored.state.revision,
        policy: publishingInForce(before.state.fleet, stored.state.fleet),
        urgent: considered.safety.direction === "safe" || !changesRouting(making.mutation),
        withdraws: making.mutation.kind === "withdraw",
        nowMs: making.nowMs,
      }),
    );
    for (const incident of making.incidents) openIncident(sql, { ...incident, revision: stored.state.revision });
    const auditIndex = this.#audit.append({
      ...making.entry,
      ...reasonOf(considered, making),
      atMs: making.nowMs,
      outcome: "committed",
      before: leafState(before),
      after: leafState(stored),
      decisions: verdicts.map(({ rule, outcome }) => ({ rule, outcome })),
    }).index;
    const written = { stored, auditIndex };
    making.also?.(written);
    return written;
  }
}

/** The proposal's own reason, unless the entry has one (an approval has its own). */
function reasonOf({ proposal }: Considered, { entry }: Making): Pick<AuditEntry, "reason" | "ticket"> {
  const reason = entry.reason ?? proposal.reason;
  const ticket = entry.ticket ?? proposal.ticket;
  return { ...(reason === undefined ? {} : { reason }), ...(ticket === undefined ? {} : { ticket }) };
}

export function leafState({ state, digest }: StoredState): { readonly revision: number; readonly digest: string } {
  return { revision: state.revision, digest };
}

function recordOf(
  stored: StoredState,
  before: StoredState,
  { proposal }: Considered,
  { mutation, author, nowMs }: Making,
): RevisionRecord {
  const { reason, ticket } = proposal;
  return {
    revision: stored.state.revision,
    parent: before.state.revision,
    digest: stored.digest,
    documentsDigest: stored.documentsDigest,
    overlaysDigest: stored.overlaysDigest,
    kind: mutation.kind,
    author,
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    createdAtMs: nowMs,
  };
}
