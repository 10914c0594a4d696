/**
 * Where the timeline comes from, one entry a kind. Each source answers a page of its own order; here it is asked again until
 * enough of what it has passes the filter, and no longer than anybody wants to wait.
 */
import { isWithin, type Places, type ScopeFilter } from "../core/history/scope.ts";
import { alertEntry, driftEntry, healthEntry } from "../core/timeline/entries.ts";
import {
  boundFor,
  type Position,
  type SourcePage,
  type TimelineEntry,
  type TimelineKind,
  type Window,
} from "../core/timeline/timeline.ts";
import { type AdminEnv, alertStub, fleetStub, healthStub, statusStub } from "../env.ts";

/** Rows that a source is asked for at once, and how often: of what does not pass the filter a page may hold little. */
const ROWS_MAX = 200;
const ROUNDS_MAX = 5;

export type TimelineQuestion = ScopeFilter & {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cursor: Position | undefined;
  readonly limit: number;
};

/** A row, and the entry that it makes, if it makes one. */
type Row = { readonly atMs: number; readonly number: number; readonly entry: TimelineEntry | undefined };

type Source = (env: AdminEnv, window: Window, places: Places) => Promise<readonly Row[]>;

const own = (entry: TimelineEntry): Row => ({ atMs: entry.atMs, number: entry.number, entry });

const SOURCES: Readonly<Record<TimelineKind, Source>> = {
  incident: async (env, window) => (await fleetStub(env).incidentEventsWithin(window)).map(own),
  alert: async (env, window) => (await alertStub(env).alertsToldWithin(window)).map((told) => own(alertEntry(told))),
  change: async (env, window) => (await fleetStub(env).changesWithin(window)).map(own),
  health: async (env, window, places) =>
    (await healthStub(env).transitionsWithin(window)).map(({ number, transition }) => ({
      ...{ atMs: transition.atMs, number },
      entry: healthEntry(transition, number, places),
    })),
  drift: async (env, window, places) =>
    (await statusStub(env).driftEventsWithin(window)).map((event) => own(driftEntry(event, places))),
};

/** Throws when the source cannot be asked. */
export async function readSource(
  env: AdminEnv,
  kind: TimelineKind,
  places: Places,
  { cursor, fromMs, toMs, limit, ...filter }: TimelineQuestion,
): Promise<SourcePage> {
  const entries: TimelineEntry[] = [];
  let bound = boundFor(kind, cursor, toMs);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const rows = await SOURCES[kind](env, { fromMs, ...bound, limit: ROWS_MAX }, places);
    const found = rows.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
    entries.push(...found.filter(({ scope }) => isWithin(scope, filter, places)));
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_MAX) return { entries };
    bound = { beforeMs: last.atMs, beforeNumber: last.number };
    // One more than the page has room for says that there is a next one; what follows is for that.
    if (entries.length > limit) break;
  }
  return { entries, readTo: { kind, atMs: bound.beforeMs, number: bound.beforeNumber } };
}
