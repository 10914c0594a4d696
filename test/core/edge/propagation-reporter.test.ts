/** When an isolate says which revision it serves, to whom, and what it counts. */
import { beforeEach, describe, expect, test } from "vitest";
import { BEACON_REPORT_PATH, EdgeReport } from "../../../config/beacon.ts";
import type { Vantage } from "../../../config/documents.ts";
import { PropagationReporter } from "../../../worker/io/propagation.ts";

const TOKYO = { latitude: 35.7, longitude: 139.7, from: "client" } as const;

class World {
  now = 100_000;
  chance = 0;
  beacons: readonly Vantage[] = ["weur", "apac-ne"];
  fails: boolean = false;
  readonly told: { vantage: Vantage; report: EdgeReport }[] = [];
  readonly events: string[] = [];
  readonly background: Promise<unknown>[] = [];
  readonly reporter = new PropagationReporter({
    isolate: "0123456789abcdef",
    chance: () => this.chance,
    ask: async (vantage, path, init) => {
      expect([path, init?.method]).toEqual([BEACON_REPORT_PATH, "POST"]);
      this.told.push({ vantage, report: EdgeReport.parse(JSON.parse(String(init?.body))) });
      if (this.fails) throw new Error("unreachable");
      return new Response(null, { status: 204 });
    },
    log: (event) => void this.events.push(event),
  });

  /** One request after `ms`, served by `revision`. */
  async request(ms: number, revision = 7): Promise<void> {
    this.now += ms;
    this.reporter.served(
      { revision, beacons: this.beacons },
      {
        place: { coordinates: TOKYO },
        now: this.now,
        background: { waitUntil: (work) => void this.background.push(work) },
      },
    );
    await Promise.all(this.background);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a report", () => {
  test.each([
    // chance  first after  then after
    [0, 0, 10_000],
    [0.5, 5_000, 11_000],
    [0.99, 9_900, 11_980],
  ])("with chance %d comes after %i ms, and then after %i ms", async (chance, first, then) => {
    world.chance = chance;
    await world.request(0);
    if (first > 0) {
      await world.request(first - 1);
      expect(world.told).toEqual([]);
      await world.request(1);
    }
    expect(world.told).toHaveLength(1);
    await world.request(then - 1);
    expect(world.told).toHaveLength(1);
    await world.request(1);
    expect(world.told).toHaveLength(2);
  });

  test("goes to the nearest beacon and counts the requests since the one before", async () => {
    await world.request(0);
    for (let i = 0; i < 4; i++) await world.request(2_500);
    expect(world.told.map(({ vantage, report }) => [vantage, report])).toEqual([
      ["apac-ne", { isolate: "0123456789abcdef", revision: 7, requests: 1, atMs: 100_000 }],
      ["apac-ne", { isolate: "0123456789abcdef", revision: 7, requests: 4, atMs: 110_000 }],
    ]);
  });

  test("counts only what the new revision decided, when it changed meanwhile", async () => {
    await world.request(0);
    for (const revision of [7, 7, 8, 8]) await world.request(2_500, revision);
    expect(world.told.at(-1)?.report).toMatchObject({ revision: 8, requests: 2 });
  });

  test("goes to another beacon after a failure, with one log line for an outage", async () => {
    world.fails = true;
    for (let i = 0; i < 4; i++) await world.request(10_000);
    expect(world.told.map(({ vantage }) => vantage)).toEqual(["apac-ne", "weur", "apac-ne", "weur"]);
    expect(world.events).toEqual(["report.failed"]);
    world.fails = false;
    for (let i = 0; i < 2; i++) await world.request(10_000);
    expect(world.told.slice(-2).map(({ vantage }) => vantage)).toEqual(["apac-ne", "apac-ne"]);
  });

  test("is not made when there is no beacon to tell", async () => {
    world.beacons = [];
    for (let i = 0; i < 4; i++) await world.request(10_000);
    expect(world.told).toEqual([]);
  });
});
