/**
 * The target and what is made of it, in memory: read once, replaced by each commit. What is expensive (the compiled
 * snapshot) is made when somebody first asks for it and kept as long as the state.
 */
import { compile } from "../../config/compile.ts";
import { Revision } from "../../config/ids.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { FleetState } from "../core/changes/state.ts";
import type { StoredState } from "../core/commit/next-state.ts";
import { loadTarget, type ReadOptions } from "../store/fleet-store.ts";

export class Target {
  readonly #sql: SqlStorage;
  readonly #options: ReadOptions;
  #stored: StoredState | undefined;

  constructor(sql: SqlStorage, options: ReadOptions) {
    this.#sql = sql;
    this.#options = options;
  }

  get stored(): StoredState {
    this.#stored ??= loadTarget(this.#sql, this.#options);
    return this.#stored;
  }

  get state(): FleetState {
    return this.stored.state;
  }

  /** After a commit: what has just been written. */
  replace(stored: StoredState): void {
    this.#stored = stored;
  }

  /** After storage was filled behind its back. */
  forget(): void {
    this.#stored = undefined;
  }
}

const snapshots = new WeakMap<FleetState, Snapshot>();

/** What edges read of a state; the same object for the same state. */
export function snapshotOf(state: FleetState): Snapshot {
  const known = snapshots.get(state);
  if (known !== undefined) return known;
  const { fleet, overlays, environment, revision } = state;
  const snapshot = compile({ fleet, overlays, environment, revision: Revision.parse(revision) });
  snapshots.set(state, snapshot);
  return snapshot;
}
