/** The newest status of every cluster, in memory and in storage. What is in a status has been judged before it comes here. */
import type { ClusterStatus } from "../../config/cluster-status.ts";
import {
  freshStatuses,
  type KnownStatus,
  nextKnown,
  type Statuses,
  type StatusSource,
} from "../core/status/statuses.ts";
import { keepPast, loadStatuses, saveStatus } from "../store/status-store.ts";

/** How stale the stored time of an unchanged status may be: a write for each pull of each cluster would be too many. */
const WRITE_MS = 60_000;

export class StatusBook {
  readonly #storage: DurableObjectStorage;
  readonly #known: Map<string, KnownStatus>;
  readonly #writtenAtMs = new Map<string, number>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#known = new Map(loadStatuses(storage.sql).map((known) => [known.status.cluster, known]));
  }

  get(cluster: string): KnownStatus | undefined {
    return this.#known.get(cluster);
  }

  all(): Iterable<KnownStatus> {
    return this.#known.values();
  }

  fresh(nowMs: number): Statuses {
    return freshStatuses(this.#known.values(), nowMs);
  }

  /** Whether the cluster reports something else than before. */
  take(status: ClusterStatus, source: StatusSource, nowMs: number): boolean {
    const before = this.#known.get(status.cluster);
    const { known, changed } = nextKnown(before, status, { source, nowMs });
    this.#known.set(status.cluster, known);
    // A signed status could be sent again by whoever has seen it, so its time has to survive a restart.
    const due = nowMs - (this.#writtenAtMs.get(status.cluster) ?? 0) >= WRITE_MS;
    if (changed || due || source.kind === "pushed") this.#write(known, changed ? before : undefined, nowMs);
    return changed;
  }

  /** Clusters that are gone are forgotten; storage has forgotten them already. */
  keepOnly(clusters: ReadonlySet<string>): void {
    for (const cluster of this.#known.keys()) if (!clusters.has(cluster)) this.#known.delete(cluster);
    for (const cluster of this.#writtenAtMs.keys()) if (!clusters.has(cluster)) this.#writtenAtMs.delete(cluster);
  }

  #write(known: KnownStatus, past: KnownStatus | undefined, nowMs: number): void {
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      if (past !== undefined) keepPast(sql, past, nowMs);
      saveStatus(sql, known);
    });
    this.#writtenAtMs.set(known.status.cluster, nowMs);
  }
}
