/** Past revisions: read, compared, and brought back as states to reason about. */
import type { Snapshot } from "../../config/snapshot.ts";
import type { FleetState } from "../core/changes/state.ts";
import type { StoredState } from "../core/commit/next-state.ts";
import { diffWritten, type WrittenDiff } from "../core/commit/preconditions.ts";
import { loadOutcome, loadRevisionState, loadWritten, type ReadOptions } from "../store/fleet-store.ts";
import { findRevision, type RevisionRecord } from "../store/revisions.ts";
import { snapshotOf, type Target } from "./target.ts";

export type RevisionView = {
  readonly record: RevisionRecord;
  /** What the change did, and what is different from its parent. Absent when they are no longer kept. */
  readonly outcome?: unknown;
  readonly diff?: WrittenDiff;
};

/** States that were read lately: explaining a past revision again and again need not read it again and again. */
const STATES_KEPT = 4;

const EMPTY = { documents: [], overlays: [] };

export class History {
  readonly #sql: SqlStorage;
  readonly #options: ReadOptions;
  readonly #target: Target;
  readonly #states = new Map<number, StoredState>();

  constructor(sql: SqlStorage, options: ReadOptions, target: Target) {
    this.#sql = sql;
    this.#options = options;
    this.#target = target;
  }

  read(revision: number): RevisionView | undefined {
    const record = findRevision(this.#sql, revision);
    if (record === undefined) return undefined;
    const outcome = loadOutcome(this.#sql, revision);
    const diff = this.diff(record.parent, revision);
    return { record, ...(outcome === undefined ? {} : { outcome }), ...(diff === undefined ? {} : { diff }) };
  }

  /** Undefined when one of them is not there or no longer kept. Revision 0 is the empty fleet. */
  diff(from: number, to: number): WrittenDiff | undefined {
    const [before, after] = [from, to].map((revision) => this.#written(revision));
    return before === undefined || after === undefined ? undefined : diffWritten(before, after);
  }

  stored(revision: number): StoredState | undefined {
    if (revision === this.#target.state.revision) return this.#target.stored;
    const known = this.#states.get(revision);
    if (known !== undefined) return known;
    const stored = loadRevisionState(this.#sql, revision, this.#options);
    if (stored !== undefined) this.#keep(revision, stored);
    return stored;
  }

  state(revision: number): FleetState | undefined {
    return this.stored(revision)?.state;
  }

  /** What the edge reads at that revision, or at the target. */
  snapshot(revision: number | undefined): Snapshot | undefined {
    const state = this.state(revision ?? this.#target.state.revision);
    return state === undefined ? undefined : snapshotOf(state);
  }

  #written(revision: number) {
    if (revision === 0) return EMPTY;
    const record = findRevision(this.#sql, revision);
    return record === undefined ? undefined : loadWritten(this.#sql, record);
  }

  #keep(revision: number, stored: StoredState): void {
    const [oldest] = this.#states.keys();
    if (this.#states.size >= STATES_KEPT && oldest !== undefined) this.#states.delete(oldest);
    this.#states.set(revision, stored);
  }
}
