/**
 * The account of all data centres together: their windows, and totals that only grow. A shard's messages come in order,
 * so the highest number of each is enough to count none twice; it is written in the same transaction as what the message
 * said. Knows nothing of clocks, alarms and connections.
 */
import type { TelemetryDropped, TelemetryRow } from "../../config/telemetry.ts";
import { requestsOf } from "../core/telemetry/rows.ts";
import { addToTotals, type TelemetryTotal } from "../core/telemetry/totals.ts";
import { type Folded, foldableUntil, NOTHING_FOLDED } from "../core/telemetry/windows.ts";
import { NumberedTexts } from "./numbered-texts.ts";
import { addLost, type PushContent, type TelemetryPush } from "./telemetry-shard.ts";
import {
  addToWindows,
  type Contribution,
  dropWindows,
  foldWindows,
  oldestStart,
  readWindows,
  upkeepDueMs,
} from "./telemetry-windows.ts";

/** There are some 330 data centres. What more would say is counted as lost. */
export const SHARDS_MAX = 1_000;
/** As long as anything is kept of it. */
const SHARD_KEPT_MS = 36 * 24 * 60 * 60_000;

/** A message whose text has been read: one that cannot be is its sender's trouble alone. */
export type ReadPush = Omit<TelemetryPush, "text"> & { readonly content: PushContent };

type ShardState = {
  readonly incarnation: string;
  readonly sequence: number;
  readonly heardAtMs: number;
};

type State = {
  readonly folded: Folded;
  readonly shards: Readonly<Record<string, ShardState>>;
  /** What edges and shards gave up since the first message. */
  readonly lost: TelemetryDropped;
};

export type LedgerSummary = {
  readonly lost: TelemetryDropped;
  /** In the order of their names. */
  readonly shards: readonly { readonly shard: string; readonly heardAtMs: number }[];
};

export class TelemetryLedger {
  readonly #storage: Pick<DurableObjectStorage, "sql" | "transactionSync">;
  /** One text each. */
  readonly #keptState: NumberedTexts;
  readonly #keptTotals: NumberedTexts;
  #state: State;
  #totals: readonly TelemetryTotal[];

  constructor(storage: Pick<DurableObjectStorage, "sql" | "transactionSync">) {
    this.#storage = storage;
    this.#keptState = new NumberedTexts(storage.sql, "state");
    this.#keptTotals = new NumberedTexts(storage.sql, "totals");
    const state = this.#keptState.load(0);
    const totals = this.#keptTotals.load(0);
    // Both were written by `#save` of this or an earlier release.
    this.#state = state === undefined ? NOTHING : (JSON.parse(state) as State);
    this.#totals = totals === undefined ? [] : (JSON.parse(totals) as readonly TelemetryTotal[]);
  }

  /** Counts those that were not counted before. When it returns they are written down and may be acknowledged. */
  accept(pushes: readonly ReadPush[], nowMs: number): void {
    const shards: Record<string, ShardState> = recentShards(this.#state.shards, nowMs);
    let { lost } = this.#state;
    const contributions: Contribution[] = [];
    for (const { shard, incarnation, sequence, content } of pushes) {
      const before = shards[shard];
      if (before?.incarnation === incarnation && sequence <= before.sequence) continue;
      lost = addLost(lost, content.lost);
      if (before === undefined && Object.keys(shards).length >= SHARDS_MAX) {
        const requests = content.contributions.reduce((sum, { rows }) => sum + requestsOf(rows), 0);
        lost = addLost(lost, { reports: 1, requests });
        continue;
      }
      shards[shard] = { incarnation, sequence, heardAtMs: nowMs };
      contributions.push(...content.contributions);
    }
    this.#save((folded) => {
      addToWindows(this.#storage.sql, contributions, folded, nowMs);
      const totals = addToTotals(
        this.#totals,
        contributions.flatMap(({ rows }) => rows),
      );
      return [{ folded, shards, lost }, totals];
    });
  }

  /** Folds and drops. Whether there is more to drop. */
  tend(nowMs: number): boolean {
    let more = false;
    this.#save((before) => {
      const folded = foldWindows(this.#storage.sql, before, nowMs);
      more = dropWindows(this.#storage.sql, folded, nowMs);
      return [{ ...this.#state, folded }, this.#totals];
    });
    return more;
  }

  dueMs(): number | undefined {
    return upkeepDueMs(this.#storage.sql, this.#state.folded);
  }

  /** All rows of a stretch of time, not yet merged. */
  read(range: { readonly fromMs: number; readonly toMs: number }, nowMs: number): readonly TelemetryRow[] {
    this.#fold(nowMs);
    return readWindows(this.#storage.sql, range, this.#state.folded, nowMs);
  }

  /** Since when there is anything to read. */
  beganMs(): number | undefined {
    return oldestStart(this.#storage.sql);
  }

  get folded(): Folded {
    return this.#state.folded;
  }

  totals(): readonly TelemetryTotal[] {
    return this.#totals;
  }

  summary(): LedgerSummary {
    const { lost, shards } = this.#state;
    const names = Object.entries(shards).map(([shard, { heardAtMs }]) => ({ shard, heardAtMs }));
    return { lost, shards: names.sort((a, b) => (a.shard < b.shard ? -1 : 1)) };
  }

  /** Coarse windows are read where there are any, so what is due is made of them first. */
  #fold(nowMs: number): void {
    if (foldableUntil(nowMs).minutesMs <= this.#state.folded.minutesMs) return;
    this.#save((before) => [{ ...this.#state, folded: foldWindows(this.#storage.sql, before, nowMs) }, this.#totals]);
  }

  /** One transaction: what `work` writes, and state and totals after it where they changed. */
  #save(work: (folded: Folded) => readonly [State, readonly TelemetryTotal[]]): void {
    const [state, totals] = this.#storage.transactionSync(() => {
      const after = work(this.#state.folded);
      const text = JSON.stringify(after[0]);
      if (text !== JSON.stringify(this.#state)) this.#keptState.save(0, text);
      if (after[1] !== this.#totals) this.#keptTotals.save(0, JSON.stringify(after[1]));
      return after;
    });
    this.#state = state;
    this.#totals = totals;
  }
}

const NOTHING: State = { folded: NOTHING_FOLDED, shards: {}, lost: { reports: 0, requests: 0 } };

function recentShards(shards: State["shards"], nowMs: number): Record<string, ShardState> {
  return Object.fromEntries(Object.entries(shards).filter(([, { heardAtMs }]) => nowMs - heardAtMs < SHARD_KEPT_MS));
}
