/**
 * The account of telemetry under faults, told by a seed: isolates report to shards, shards to the root; messages come
 * late, twice, in another order or not at all, objects crash between any two steps and in the middle of a transaction,
 * the root is away for hours. At the end everything that was acknowledged is counted, once, wherever it is read.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countRows, slowOf } from "../../../admin/core/telemetry/counts.ts";
import { packRows, unpackRows } from "../../../admin/core/telemetry/packed.ts";
import { boundRows, mergeRows, requestsOf } from "../../../admin/core/telemetry/rows.ts";
import { LATE_MS_MAX, LEVELS } from "../../../admin/core/telemetry/windows.ts";
import { TELEMETRY_MIGRATIONS } from "../../../admin/store/migrations.ts";
import { TelemetryLedger } from "../../../admin/store/telemetry-ledger.ts";
import { OUTBOX_MAX, readPush, type TelemetryPush, TelemetryShard } from "../../../admin/store/telemetry-shard.ts";
import { DROPPED_MAX, startsBetween } from "../../../admin/store/telemetry-windows.ts";
import { countOf, quantile, sketchOf } from "../../../config/sketch.ts";
import { TELEMETRY_WINDOW_MS, type TelemetryReport, type TelemetryRow } from "../../../config/telemetry.ts";
import { KEY, row } from "./rows.ts";
import { openStorage, type TestStorage } from "./sqlite-storage.ts";

const START_MS = Date.UTC(2026, 0, 5, 11, 58, 20);
const HOUR_MS = 60 * 60_000;

/** mulberry32: small, and the same everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class World {
  readonly #chance: () => number;
  nowMs = START_MS;
  readonly shardStorages: TestStorage[] = [];
  shards: TelemetryShard[] = [];
  readonly rootStorage = openStorage(TELEMETRY_MIGRATIONS);
  root = new TelemetryLedger(this.rootStorage);
  /** What has come or may come again: to which shard, which report. */
  readonly #sent: { readonly shard: number; readonly report: TelemetryReport }[] = [];
  readonly #pushes: TelemetryPush[] = [];
  readonly #sequences = new Map<string, number>();
  /** By the report's window. */
  readonly truth: { readonly startMs: number; readonly times: readonly number[]; readonly bad: boolean }[] = [];

  constructor(seed: number, shards = 3) {
    this.#chance = random(seed);
    for (let index = 0; index < shards; index += 1) {
      this.shardStorages.push(openStorage(TELEMETRY_MIGRATIONS));
      this.shards.push(this.#openShard(index));
    }
  }

  #openShard(index: number): TelemetryShard {
    const storage = this.shardStorages[index];
    if (storage === undefined) throw new Error("there is a storage for each shard");
    return new TelemetryShard(storage, { shard: `S${index}`, incarnation: `first-${index}` });
  }

  #below(limit: number): number {
    return Math.floor(this.#chance() * limit);
  }

  /** An isolate has a report, of a window that ended now or a while ago, and it comes through at some time. */
  report(): void {
    const shard = this.#below(this.shards.length);
    const isolate = `${shard}${this.#below(5)}`.padStart(16, "0");
    const sequence = this.#sequences.get(isolate) ?? 0;
    this.#sequences.set(isolate, sequence + 1);
    const ageMs = this.#chance() < 0.1 ? this.#below(LATE_MS_MAX) : this.#below(20_000);
    const startMs = Math.floor((this.nowMs - ageMs) / TELEMETRY_WINDOW_MS) * TELEMETRY_WINDOW_MS;
    const times = Array.from({ length: 1 + this.#below(5) }, () => this.#below(400));
    const bad = this.#chance() < 0.2;
    const rows = [row({ cluster: `c${shard}`, statusClass: bad ? "5xx" : "2xx" }, times)];
    this.truth.push({ startMs, times, bad });
    const report = { isolate, sequence, fromMs: startMs, rows };
    this.#sent.push({ shard, report });
    this.shards[shard]?.accept([report], this.nowMs);
  }

  /** One that came before comes again. */
  repeat(): void {
    const again = this.#sent[Math.max(0, this.#sent.length - 1 - this.#below(20))];
    if (again !== undefined) this.shards[again.shard]?.accept([again.report, again.report], this.nowMs);
  }

  tend(): void {
    for (const shard of this.shards) shard.tend(this.nowMs);
    this.root.tend(this.nowMs);
  }

  /** A message goes up; it or its acknowledgement may be lost. */
  push(): void {
    for (const shard of this.shards) {
      const push = shard.nextPush();
      if (push === undefined || this.#chance() < 0.2) continue;
      this.#pushes.push(push);
      this.#acceptPush(push);
      if (this.#chance() < 0.7) shard.acknowledge(push.sequence);
    }
  }

  /** A message that was held up on its way comes now. */
  repeatPush(): void {
    const again = this.#pushes[this.#below(this.#pushes.length)];
    if (again !== undefined) this.#acceptPush(again);
  }

  #acceptPush({ text, ...push }: TelemetryPush): void {
    this.root.accept([{ ...push, content: readPush(text) }], this.nowMs);
  }

  /** What is in memory is gone. */
  crash(): void {
    this.root = new TelemetryLedger(this.rootStorage);
    this.shards = this.shards.map((_, index) => this.#openShard(index));
  }

  step(): void {
    this.nowMs += this.#below(8_000);
    const dice = this.#chance();
    if (dice < 0.5) this.report();
    else if (dice < 0.6) this.repeat();
    else if (dice < 0.75) this.tend();
    else if (dice < 0.9) this.push();
    else if (dice < 0.95) this.repeatPush();
    else this.crash();
  }

  /** Until nobody has anything left to say. */
  settle(): void {
    for (let round = 0; round < 200; round += 1) {
      this.nowMs += 20_000;
      this.tend();
      for (const shard of this.shards) {
        const push = shard.nextPush();
        if (push === undefined) continue;
        this.#acceptPush(push);
        shard.acknowledge(push.sequence);
      }
    }
  }

  truthOf(fromMs: number, toMs: number): number[] {
    return this.truth.filter(({ startMs }) => startMs >= fromMs && startMs < toMs).flatMap(({ times }) => times);
  }
}

describe.each([1, 2, 3, 4, 5, 6])("world %i", (seed) => {
  test("ends with everything counted once, in every window and in the totals", () => {
    const world = new World(seed);
    for (let step = 0; step < 500; step += 1) world.step();
    world.settle();
    const endMs = Math.ceil(world.nowMs / HOUR_MS) * HOUR_MS;
    const all = world.truthOf(0, endMs);
    expect(all.length).toBeGreaterThan(400);

    const rows = world.root.read({ fromMs: START_MS - 2 * HOUR_MS, toMs: endMs }, world.nowMs);
    expect(requestsOf(rows)).toBe(all.length);
    expect(mergeRows(rows.map((one) => ({ ...one, key: KEY })))[0]?.latency).toEqual(sketchOf(all));

    for (const size of [TELEMETRY_WINDOW_MS, 60_000, 7 * 60_000]) {
      const recentMs = Math.floor((world.nowMs - HOUR_MS / 2) / 60_000) * 60_000;
      for (let fromMs = recentMs; fromMs < world.nowMs; fromMs += size) {
        const found = requestsOf(world.root.read({ fromMs, toMs: fromMs + size }, world.nowMs));
        expect([fromMs, size, found]).toEqual([fromMs, size, world.truthOf(fromMs, fromMs + size).length]);
      }
    }

    const totals = world.root.totals();
    expect(totals.reduce((sum, { requests }) => sum + requests, 0)).toBe(all.length);
    expect(totals.reduce((sum, { latencySumMs }) => sum + latencySumMs, 0)).toBe(all.reduce((sum, ms) => sum + ms, 0));
    const bad = world.truth.filter((one) => one.bad).flatMap(({ times }) => times).length;
    const counts = countRows(rows);
    expect(counts.reduce((sum, one) => sum + one.bad, 0)).toBe(bad);
    expect(counts.reduce((sum, one) => sum + one.total, 0)).toBe(all.length);

    // And the shards have the same, each its own.
    const ofShards = world.shards.flatMap((_, index) => shardRequests(world, index));
    expect(ofShards.reduce((sum, requests) => sum + requests, 0)).toBe(all.length);
    expect(world.root.summary().lost).toEqual({ reports: 0, requests: 0 });
  });
});

/** What a shard has, at whatever level, counted once: every request is in one hour, or not folded that far. */
function shardRequests(world: World, index: number): number {
  const storage = world.shardStorages[index];
  if (storage === undefined) throw new Error("there is a storage for each shard");
  // A ledger reads any store of windows; it is given the shard's, whose state says how far it was folded.
  const reader = new TelemetryLedger(storage);
  return requestsOf(reader.read({ fromMs: START_MS - 2 * HOUR_MS, toMs: world.nowMs }, world.nowMs));
}

describe("a long time", () => {
  test("hours are exact after days, and what is too old is dropped, a bounded number at a time", () => {
    const world = new World(42, 1);
    for (let step = 0; step < 300; step += 1) world.step();
    world.settle();
    const all = world.truthOf(0, world.nowMs).length;
    const [firstMs, lastMs] = [START_MS - HOUR_MS, world.nowMs];

    world.nowMs += 2 * 24 * HOUR_MS;
    while (world.root.tend(world.nowMs));
    expect(startsBetween(world.rootStorage.sql, 0, 0, world.nowMs)).toEqual([]);
    expect(startsBetween(world.rootStorage.sql, 1, 0, world.nowMs)).toEqual([]);
    expect(requestsOf(world.root.read({ fromMs: firstMs, toMs: lastMs }, world.nowMs))).toBe(all);

    world.nowMs = START_MS + LEVELS[2].keptMs + 3 * HOUR_MS;
    while (world.root.tend(world.nowMs));
    expect(startsBetween(world.rootStorage.sql, 2, 0, START_MS)).toEqual([]);
    expect(world.root.totals().reduce((sum, { requests }) => sum + requests, 0)).toBe(all);
    expect(world.root.dueMs() === undefined || (world.root.dueMs() ?? 0) > world.nowMs).toBe(true);
  });

  test("drops no more windows at once than it may", () => {
    const storage = openStorage(TELEMETRY_MIGRATIONS);
    const insert = "INSERT INTO numbered_texts (kind, number, part, text) VALUES ('windows0', ?, 0, '[]')";
    for (let index = 0; index < DROPPED_MAX + 1; index += 1) storage.sql.exec(insert, index * TELEMETRY_WINDOW_MS);
    const root = new TelemetryLedger(storage);
    expect(root.tend(START_MS)).toBe(true);
    expect(startsBetween(storage.sql, 0, 0, START_MS)).toHaveLength(1);
    expect(root.tend(START_MS)).toBe(false);
    expect(startsBetween(storage.sql, 0, 0, START_MS)).toEqual([]);
  });

  test("a root that is away for a day loses nothing, and what is given up after that is said", () => {
    const shard = new TelemetryShard(openStorage(TELEMETRY_MIGRATIONS), { shard: "FRA", incarnation: "a" });
    let nowMs = START_MS;
    let sequence = 0;
    const minutes = OUTBOX_MAX + 60;
    for (let minute = 0; minute < minutes; minute += 6) {
      const reports = Array.from({ length: 36 }, (_, window) => ({
        ...{ isolate: `${window % 6}`.padStart(16, "0"), sequence: sequence + window, rows: [row({}, [5])] },
        fromMs: nowMs + window * TELEMETRY_WINDOW_MS,
      }));
      sequence += 36;
      nowMs += 6 * 60_000;
      shard.accept(reports, nowMs);
      shard.tend(nowMs);
    }
    nowMs += 60_000;
    shard.tend(nowMs);
    const root = new TelemetryLedger(openStorage(TELEMETRY_MIGRATIONS));
    const pushes = Array.from({ length: OUTBOX_MAX }, () => {
      const push = shard.nextPush();
      if (push === undefined) return [];
      shard.acknowledge(push.sequence);
      return [{ ...push, content: readPush(push.text) }];
    });
    root.accept(pushes.flat(), nowMs);
    const counted = root.totals().reduce((sum, { requests }) => sum + requests, 0);
    const lost = root.summary().lost.requests + shard.lost.requests;
    expect(shard.nextPush()).toBeUndefined();
    expect(counted + lost).toBe(sequence);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(67 * 6);
  }, 30_000); // a day of windows: 2 s on a quiet machine
});

test("a crash in the middle of a transaction leaves a report uncounted, and its repetition counts it", () => {
  const storage = openStorage(TELEMETRY_MIGRATIONS);
  const broken: TestStorage = {
    sql: storage.sql,
    transactionSync: (work) =>
      storage.transactionSync(() => {
        work();
        throw new Error("the machine is gone");
      }),
  };
  const report = { isolate: "a".repeat(16), sequence: 1, fromMs: START_MS, rows: [row({}, [5, 6])] };
  const options = { shard: "FRA", incarnation: "a" };
  expect(() => new TelemetryShard(broken, options).accept([report], START_MS)).toThrow("the machine is gone");
  const shard = new TelemetryShard(storage, options);
  shard.accept([report], START_MS);
  shard.accept([report], START_MS);
  shard.tend(START_MS + 60_000);
  const { contributions } = readPush(shard.nextPush()?.text ?? "");
  expect(contributions.map(({ rows }) => requestsOf(rows))).toEqual([2]);
});

function failoversOf(rows: readonly TelemetryRow[]): number {
  return rows.reduce((sum, { failovers = 0 }) => sum + failovers, 0);
}

describe("rows", () => {
  const name = fc.constantFrom("a", "b", "c");
  const rows = fc.array(
    fc
      .record({
        cluster: name,
        statusClass: fc.constantFrom("2xx", "5xx"),
        times: fc.array(fc.nat(500), { minLength: 1 }),
        failovers: fc.nat(2),
      })
      .map(({ cluster, statusClass, times, failovers }) =>
        row({ cluster, statusClass: statusClass as "2xx" | "5xx" }, times, failovers),
      ),
    { maxLength: 12 },
  );
  const sorted = (list: ReturnType<typeof mergeRows>) =>
    [...list].sort((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1));

  test("merge like a sum: in any order and any grouping", () => {
    fc.assert(
      fc.property(rows, rows, rows, (a, b, c) => {
        expect(sorted(mergeRows(mergeRows(a, b), c))).toEqual(sorted(mergeRows(c, mergeRows(b, a))));
        expect(sorted(mergeRows(a, []))).toEqual(sorted(mergeRows(a)));
      }),
    );
  });

  test("are the same after a way as text, also those of a release that knew no failovers", () => {
    fc.assert(
      fc.property(rows, (list) => {
        expect(unpackRows(JSON.parse(JSON.stringify(packRows(list))))).toEqual(list);
      }),
    );
    expect(unpackRows([["web", "europe", "europe-blue", "stable", "EU", "2xx", 7, 0, 0, []]])).toEqual([row({}, [])]);
  });

  test("are bounded whatever the labels, and the sums of each status class stay the same", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 40 }), (list, rowsMax, binsMax) => {
        const merged = mergeRows(list);
        const bounded = boundRows(merged, { rowsMax, binsMax });
        expect(bounded.length).toBeLessThanOrEqual(rowsMax + 2);
        for (const statusClass of ["2xx", "5xx"]) {
          const of = (all: typeof merged) => all.filter(({ key }) => key.statusClass === statusClass);
          expect(requestsOf(of(bounded))).toBe(requestsOf(of(merged)));
          expect(failoversOf(of(bounded))).toBe(failoversOf(of(merged)));
          expect(of(bounded).reduce((sum, { latency }) => sum + countOf(latency), 0)).toBe(requestsOf(of(merged)));
        }
      }),
    );
  });
});

test("counts tell clusters apart, and say how many good answers were slow", () => {
  const counts = countRows([
    row({ continent: "EU" }, [10, 20, 900]),
    row({ continent: "AS" }, [800]),
    row({ statusClass: "5xx" }, [5_000]),
    row({ cluster: "europe-green", statusClass: "own" }, [3]),
  ]);
  expect(counts.map(({ cluster, total, bad }) => [cluster, total, bad])).toEqual([
    ["europe-blue", 5, 1],
    ["europe-green", 1, 1],
  ]);
  expect(counts.map((one) => slowOf(one, 500))).toEqual([2, 0]);
  expect(quantile(counts[0]?.latency ?? sketchOf([]), 1)).toBeGreaterThan(890);
});
