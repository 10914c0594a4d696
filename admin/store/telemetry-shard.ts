/**
 * The account of one data centre: which reports were counted, the windows they went to, and what the root has not
 * acknowledged yet. Everything about a report is written in one transaction, so a crash leaves it either counted once or
 * not at all, and then the edge sends it again. Knows nothing of clocks, alarms and connections.
 */
import type { TelemetryDropped, TelemetryReport } from "../../config/telemetry.ts";
import { forgetIsolates, type HeardIsolates, hear } from "../core/telemetry/heard.ts";
import { packRows, unpackRows } from "../core/telemetry/packed.ts";
import { mergeRows, requestsOf } from "../core/telemetry/rows.ts";
import { type Folded, NOTHING_FOLDED, windowOfReport } from "../core/telemetry/windows.ts";
import { NumberedTexts } from "./numbered-texts.ts";
import {
  addToWindows,
  type Contribution,
  dropWindows,
  foldWindows,
  loadWindow,
  startsBetween,
  upkeepDueMs,
} from "./telemetry-windows.ts";

/** After a window's end: by then edges have told of it, or tried once. */
export const PUSH_AFTER_MS = 8_000;
const WINDOW_MS = 10_000;

/** In one message to the root. When it does not answer, windows wait, and fewer and larger messages are made of them. */
const PUSHED_WINDOWS_MAX = 6;
/** A message a minute for a day; when the root is away for longer the oldest are given up, and said so. */
export const OUTBOX_MAX = 1_440;

/** What a shard tells the root: windows that ended, or what came late for some. In order, one at a time. */
export type TelemetryPush = {
  /** The data centre. */
  readonly shard: string;
  /** Made anew with the storage, where numbers begin again. */
  readonly incarnation: string;
  readonly sequence: number;
  /** What `readPush` reads. */
  readonly text: string;
};

type PushedText = {
  readonly windows: readonly (readonly [startMs: number, rows: unknown])[];
  readonly lost: TelemetryDropped;
};

export type PushContent = {
  readonly contributions: readonly Contribution[];
  /** What edges and the shard gave up. */
  readonly lost: TelemetryDropped;
};

export function readPush(text: string): PushContent {
  // A shard of this or an earlier release wrote it; rows are checked as they are unpacked.
  const { windows, lost } = JSON.parse(text) as PushedText;
  return { contributions: windows.map(([startMs, rows]) => ({ startMs, rows: unpackRows(rows) })), lost };
}

type State = {
  readonly incarnation: string;
  readonly folded: Folded;
  readonly heard: HeardIsolates;
  /** Windows that begin before have been handed to the outbox. */
  readonly pushedUntilMs: number;
  /** Of the next message. */
  readonly sequence: number;
  /** What edges and this shard gave up and the root has not been told of. */
  readonly lost: TelemetryDropped;
};

export type ShardOptions = { readonly shard: string; readonly incarnation: string };

export class TelemetryShard {
  readonly #storage: Pick<DurableObjectStorage, "sql" | "transactionSync">;
  readonly #shard: string;
  readonly #outbox: NumberedTexts;
  /** One text. */
  readonly #kept: NumberedTexts;
  #state: State;

  /** `incarnation` is used once, when the storage is new. */
  constructor(storage: Pick<DurableObjectStorage, "sql" | "transactionSync">, { shard, incarnation }: ShardOptions) {
    this.#storage = storage;
    this.#shard = shard;
    this.#outbox = new NumberedTexts(storage.sql, "outbox");
    this.#kept = new NumberedTexts(storage.sql, "state");
    const text = this.#kept.load(0);
    // Written by `#change` of this or an earlier release.
    this.#state = text === undefined ? newState(incarnation) : (JSON.parse(text) as State);
  }

  /** Counts those that were not counted before. When it returns they are written down. */
  accept(reports: readonly TelemetryReport[], nowMs: number): void {
    this.#change((state) => {
      const heard = { ...state.heard };
      let lost = state.lost;
      const contributions: Contribution[] = [];
      for (const { isolate, sequence, fromMs, rows, dropped } of reports) {
        const after = hear(heard[isolate], sequence, nowMs);
        if (after === undefined) continue;
        heard[isolate] = after;
        if (dropped !== undefined) lost = addLost(lost, dropped);
        contributions.push({ startMs: windowOfReport(fromMs, nowMs), rows });
      }
      addToWindows(this.#storage.sql, contributions, state.folded, nowMs);
      const late = contributions.filter(({ startMs }) => startMs < state.pushedUntilMs);
      return this.#enqueueLate({ ...state, heard: forgetIsolates(heard, nowMs), lost }, late);
    });
  }

  /** Makes messages of windows that ended, folds and drops. Whether there is more to drop. */
  tend(nowMs: number): boolean {
    let more = false;
    this.#change((state) => {
      const pushed = this.#enqueueEnded(state, nowMs);
      const folded = foldWindows(this.#storage.sql, pushed.folded, nowMs, pushed.pushedUntilMs);
      more = dropWindows(this.#storage.sql, folded, nowMs);
      return { ...pushed, folded };
    });
    return more;
  }

  /** The oldest message that is not acknowledged. */
  nextPush(): TelemetryPush | undefined {
    const sequence = this.#outbox.lowest();
    const text = sequence === undefined ? undefined : this.#outbox.load(sequence);
    if (sequence === undefined || text === undefined) return undefined;
    return { shard: this.#shard, incarnation: this.#state.incarnation, sequence, text };
  }

  acknowledge(sequence: number): void {
    this.#storage.transactionSync(() => this.#outbox.dropUpTo(sequence));
  }

  /** When `tend` has something to do next, if ever. Messages in the outbox are due at once. */
  dueMs(): number | undefined {
    const { pushedUntilMs, folded } = this.#state;
    const [open] = startsBetween(this.#storage.sql, 0, pushedUntilMs, Number.MAX_SAFE_INTEGER);
    const pushes = open === undefined ? [] : [open + WINDOW_MS + PUSH_AFTER_MS];
    const upkeep = upkeepDueMs(this.#storage.sql, folded);
    const due = upkeep === undefined ? pushes : [...pushes, upkeep];
    return due.length === 0 ? undefined : Math.min(...due);
  }

  get lost(): TelemetryDropped {
    return this.#state.lost;
  }

  /** One transaction: what `work` writes and the state after it. In memory only when it is on disk. */
  #change(work: (state: State) => State): void {
    this.#state = this.#storage.transactionSync(() => {
      const after = work(this.#state);
      this.#kept.save(0, JSON.stringify(after));
      return after;
    });
  }

  #enqueueEnded(state: State, nowMs: number): State {
    const untilMs = Math.floor((nowMs - PUSH_AFTER_MS) / WINDOW_MS) * WINDOW_MS;
    const ended = startsBetween(this.#storage.sql, 0, state.pushedUntilMs, untilMs);
    if (ended.length === 0) return { ...state, pushedUntilMs: Math.max(untilMs, state.pushedUntilMs) };
    // While the root does not answer, messages are not made until they are full.
    if (this.#outboxSize() > 0 && ended.length < PUSHED_WINDOWS_MAX) return state;
    const taken = ended.slice(0, PUSHED_WINDOWS_MAX);
    const windows = taken.map((startMs) => ({
      startMs,
      rows: loadWindow(this.#storage.sql, { level: 0, startMs }),
    }));
    const next = ended[PUSHED_WINDOWS_MAX] ?? Math.max(untilMs, state.pushedUntilMs);
    return this.#enqueueEnded({ ...this.#enqueue(state, windows), pushedUntilMs: next }, nowMs);
  }

  /** Late rows for windows that the root has, or will have by a message that is made already. */
  #enqueueLate(state: State, late: readonly Contribution[]): State {
    if (late.length === 0) return state;
    const newest = state.sequence - 1;
    const oldest = this.#outbox.lowest();
    // The oldest may be on its way; any other can still be added to.
    const text = oldest === undefined || oldest >= newest ? undefined : this.#outbox.load(newest);
    if (text === undefined) return this.#enqueue(state, late);
    const { contributions, lost } = readPush(text);
    this.#saveMessage(newest, [...contributions, ...late], lost);
    return state;
  }

  #enqueue(state: State, windows: readonly Contribution[]): State {
    this.#saveMessage(state.sequence, windows, state.lost);
    return { ...state, sequence: state.sequence + 1, lost: this.#giveUpOldest() };
  }

  #giveUpOldest(): TelemetryDropped {
    if (this.#outboxSize() <= OUTBOX_MAX) return NOTHING_LOST;
    const oldest = this.nextPush();
    if (oldest === undefined) return NOTHING_LOST;
    this.#outbox.dropUpTo(oldest.sequence);
    const { contributions, lost } = readPush(oldest.text);
    const requests = contributions.reduce((sum, { rows }) => sum + requestsOf(rows), 0);
    return addLost(lost, { reports: 1, requests });
  }

  #outboxSize(): number {
    // Numbers have no gaps between the oldest and the newest.
    const [oldest, newest] = [this.#outbox.lowest(), this.#outbox.highest()];
    return oldest === undefined || newest === undefined ? 0 : newest - oldest + 1;
  }

  #saveMessage(sequence: number, contributions: readonly Contribution[], lost: TelemetryDropped): void {
    const byStart = Map.groupBy(contributions, ({ startMs }) => startMs);
    const windows = Array.from(
      byStart,
      ([startMs, parts]) => [startMs, packRows(mergeRows(...parts.map(({ rows }) => rows)))] as const,
    );
    this.#outbox.save(sequence, JSON.stringify({ windows, lost } satisfies PushedText));
  }
}

const NOTHING_LOST: TelemetryDropped = { reports: 0, requests: 0 };

function newState(incarnation: string): State {
  const nothing = { folded: NOTHING_FOLDED, heard: {}, pushedUntilMs: 0, sequence: 1, lost: NOTHING_LOST };
  return { incarnation, ...nothing };
}

export function addLost(a: TelemetryDropped, b: TelemetryDropped): TelemetryDropped {
  return { reports: a.reports + b.reports, requests: a.requests + b.requests };
}
