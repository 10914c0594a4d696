/** When an isolate tells of what it answered, under which number, and what becomes of what does not come through. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  TELEMETRY_REPORT_BYTES_MAX,
  TELEMETRY_REPORT_ROWS_MAX,
  TELEMETRY_ROWS_MAX,
  type TelemetryReport,
  type TelemetryRow,
} from "../../../config/telemetry.ts";
import { TelemetryReportSchema } from "../../../config/telemetry-report.ts";
import { POINTS_MAX, pointsOf } from "../../../worker/io/analytics-engine.ts";
import { TelemetryReporter } from "../../../worker/io/telemetry.ts";
import type { Attempt } from "../../../worker/routing/decision.ts";
import { row } from "../telemetry/rows.ts";

const BLUE: Attempt = { cluster: "europe-blue", region: "europe", side: "stable", endpoint: "http://127.0.0.1" };

/** Sleepers wake when the clock gets there. */
class World {
  now = 100_000;
  chance = 0;
  /** The platform ends what requests leave behind: who sleeps never wakes. */
  cutOff: boolean = false;
  /** How many of the next tries fail. */
  failures = 0;
  readonly told: { readonly colo: string; readonly report: TelemetryReport; readonly atMs: number }[] = [];
  readonly sunk: TelemetryRow[] = [];
  readonly events: string[] = [];
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];
  readonly #background: Promise<unknown>[] = [];
  reporter = this.#reporter(10_000);

  #reporter(windowMs: number): TelemetryReporter {
    return new TelemetryReporter({
      ...{ isolate: "0123456789abcdef", windowMs, chance: () => this.chance },
      tell: async (colo, report) => {
        this.told.push({
          colo,
          report: TelemetryReportSchema.parse(JSON.parse(JSON.stringify(report))),
          atMs: this.now,
        });
        if (this.failures === 0) return;
        this.failures -= 1;
        throw new Error("unreachable");
      },
      sink: (_, rows) => void this.sunk.push(...rows),
      sleep: (ms) =>
        new Promise((wake) => {
          if (!this.cutOff) this.#sleepers.push({ untilMs: this.now + ms, wake });
        }),
      log: (event) => void this.events.push(event),
    });
  }

  switchOff(): void {
    this.reporter = this.#reporter(0);
  }

  answer(attempt = BLUE, cf: unknown = { colo: "FRA" }): void {
    const answer = { revision: 7, service: "web", attempt, continent: "EU", status: 200, own: false, latencyMs: 5 };
    const background = { waitUntil: (work: Promise<unknown>) => void this.#background.push(work) };
    this.reporter.note(answer, this.now, { cf }, background);
  }

  get promises(): number {
    return this.#background.length;
  }

  /** Lets `ms` pass, and everything happen that is due on the way. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.now + ms;
    for (;;) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      const [next] = this.#sleepers.filter((one) => one.untilMs <= untilMs).sort((a, b) => a.untilMs - b.untilMs);
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      this.now = Math.max(this.now, next.untilMs);
      next.wake();
    }
    this.now = untilMs;
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a window", () => {
  test.each([
    // chance  told at
    [0, 110_000],
    [0.5, 111_500],
    [0.99, 112_970],
  ])("with chance %d is told at %i, also when no request comes after", async (chance, atMs) => {
    world.chance = chance;
    world.answer();
    world.answer();
    await world.pass(30_000);
    expect(world.told).toMatchObject([
      { colo: "FRA", atMs, report: { sequence: 0, fromMs: 100_000, rows: [{ requests: 2 }] } },
    ]);
    expect(world.promises).toBe(1);
  });

  test("ends by the clock, and the next one has its own rows and its own number", async () => {
    world.chance = 0.9;
    world.answer();
    await world.pass(10_500); // the first is not told yet
    world.answer();
    world.answer();
    await world.pass(30_000);
    expect(world.told.map(({ report }) => [report.sequence, report.fromMs, report.rows[0]?.requests])).toEqual([
      [0, 100_000, 1],
      [1, 110_000, 2],
    ]);
  });

  test("costs nothing while there are no requests, or when telemetry is off", async () => {
    await world.pass(60_000);
    world.switchOff();
    world.answer();
    await world.pass(60_000);
    expect([world.told, world.promises]).toEqual([[], 0]);
  });

  test.each([
    [{ colo: "NRT" }, "NRT"],
    [{ colo: "../x" }, "local"],
    [{}, "local"],
    [null, "local"],
  ])("of a request with %j goes to %s", async (cf, colo) => {
    world.answer(BLUE, cf);
    await world.pass(30_000);
    expect(world.told.map((one) => one.colo)).toEqual([colo]);
  });

  test("of very many kinds goes out in several reports, each within its limit", async () => {
    for (let index = 0; index < 400; index += 1) world.answer({ ...BLUE, cluster: `${"c".repeat(59)}-${index}` });
    await world.pass(30_000);
    expect(world.told.map(({ report }) => report.sequence)).toEqual([0, 1, 2, 3]);
    const rows = world.told.flatMap(({ report }) => report.rows);
    expect(rows.length).toBeLessThanOrEqual(TELEMETRY_ROWS_MAX);
    expect(rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(400);
  });
});

describe("a report that does not come through", () => {
  test("is sent once more, the same under the same number", async () => {
    world.failures = 1;
    world.answer();
    await world.pass(30_000);
    expect(world.told.map(({ atMs }) => atMs)).toEqual([110_000, 113_000]);
    expect(world.told[0]?.report).toEqual(world.told[1]?.report);
    expect(world.events).toEqual([]);
  });

  test("twice is dropped, and the next one says so; one line an outage", async () => {
    world.failures = 4;
    world.answer();
    world.answer();
    await world.pass(20_000);
    world.answer();
    await world.pass(20_000);
    world.answer();
    await world.pass(20_000);
    expect(world.told.map(({ report }) => [report.sequence, report.dropped])).toEqual([
      [0, undefined],
      [0, undefined],
      [1, { reports: 1, requests: 2 }],
      [1, { reports: 1, requests: 2 }],
      [2, { reports: 2, requests: 3 }],
    ]);
    expect(world.events).toEqual(["telemetry.dropped"]);
  });
});

test("a window whose request was cut off is told with the next, and of too many the oldest is given up", async () => {
  world.cutOff = true;
  for (let window = 0; window < 6; window += 1) {
    world.answer();
    world.now += 10_000;
  }
  world.cutOff = false;
  world.answer();
  await world.pass(30_000);
  const rows = world.told.flatMap(({ report }) => report.rows).reduce((sum, { requests }) => sum + requests, 0);
  const dropped = world.told.reduce((sum, { report }) => sum + (report.dropped?.requests ?? 0), 0);
  expect([rows, dropped]).toEqual([4, 3]);
});

test("the largest report that there can be is within the limit", () => {
  const name = "n".repeat(63);
  const times = Array.from({ length: 782 }, (_, bin) => 0.1 * 1.0202 ** bin);
  const largest = row({ service: name, region: name, cluster: name, revision: 999_999_999 }, times);
  const bins = largest.latency.bins.map((value, index) => (index % 2 === 1 ? 99_999_999 : value));
  const one = { ...largest, latency: { sumUs: Number.MAX_SAFE_INTEGER, bins } };
  const rows = Array.from({ length: TELEMETRY_REPORT_ROWS_MAX }, () => one);
  expect(JSON.stringify({ rows }).length).toBeLessThan(TELEMETRY_REPORT_BYTES_MAX);
});

describe("data points of Analytics Engine", () => {
  test("are the rows with the most requests, as many as one invocation may write", async () => {
    world.answer();
    await world.pass(30_000);
    expect(world.sunk).toHaveLength(1);
    const rows = Array.from({ length: 40 }, (_, index) => row({ cluster: `c${index}` }, Array(index + 1).fill(100)));
    const points = pointsOf("FRA", rows);
    expect(points).toHaveLength(POINTS_MAX);
    expect(points[0]).toMatchObject({
      indexes: ["web"],
      blobs: ["web", "europe", "c39", "stable", "EU", "2xx", "FRA"],
    });
    const [requests, sumMs, median, , , revision] = points[0]?.doubles ?? [];
    expect([requests, sumMs, revision]).toEqual([40, 4_000, 7]);
    expect(Math.abs((median ?? 0) - 100)).toBeLessThanOrEqual(1);
  });
});
