/** When an isolate says which revision it serves and how that goes, to whom, and what it counts. */
import { beforeEach, describe, expect, test } from "vitest";
import { BEACON_REPORT_PATH, EdgeReport, EJECTIONS_REPORTED_MAX, REPORT_URGENT_MS } from "../../../config/beacon.ts";
import { Revision } from "../../../config/ids.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { PropagationReporter } from "../../../worker/io/propagation.ts";
import { Rejections } from "../../../worker/io/rejections.ts";
import { TrafficCounter } from "../../../worker/io/traffic.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import type { Ejection } from "../../../worker/routing/outlier.ts";

const TOKYO = { latitude: 35.7, longitude: 139.7, from: "client" } as const;

class World {
  now = 100_000;
  chance = 0;
  beacons: readonly Vantage[] = ["weur", "apac-ne"];
  fails: boolean = false;
  readonly told: { vantage: Vantage; report: EdgeReport }[] = [];
  readonly events: string[] = [];
  readonly background: Promise<unknown>[] = [];
  readonly traffic = new TrafficCounter(() => this.chance);
  readonly rejections = new Rejections();
  ejections: readonly Ejection[] = [];
  readonly reporter = new PropagationReporter({
    isolate: "0123456789abcdef",
    traffic: this.traffic,
    rejections: this.rejections,
    ejections: () => this.ejections,
    pseudonym: async (clientHash) => clientHash.toString(16).padStart(8, "0"),
    chance: () => this.chance,
    ask: async (vantage, path, init) => {
      expect([path, init?.method]).toEqual([BEACON_REPORT_PATH, "POST"]);
      this.told.push({ vantage, report: EdgeReport.parse(JSON.parse(String(init?.body))) });
      if (this.fails) throw new Error("unreachable");
      return new Response(null, { status: 204 });
    },
    log: (event) => void this.events.push(event),
  });

  readonly context = { waitUntil: (work: Promise<unknown>) => void this.background.push(work) };

  /** One request after `ms`, served by `revision`. */
  async request(ms: number, revision = 7): Promise<void> {
    this.now += ms;
    this.reporter.served({ revision, beacons: this.beacons }, TOKYO, this.now, this.context);
    await Promise.all(this.background);
  }

  /** A request that dies of a bug after `ms`. */
  async bug(ms: number, revision = 7): Promise<void> {
    await this.request(ms, revision);
    this.reporter.noteInternalError({ revision, beacons: this.beacons }, this.now, this.context);
    await Promise.all(this.background);
  }

  async rejection(ms: number, revision = 8): Promise<void> {
    this.now += ms;
    this.rejections.note({ revision: Revision.parse(revision), code: "signatureWrong" });
    await this.reporter.noteRejection({ revision: 7, beacons: this.beacons }, TOKYO, this.now);
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

describe("errors", () => {
  test("are counted for the revision under which they happened", async () => {
    await world.request(0);
    await world.request(1);
    for (const revision of [7, 7, 6]) world.reporter.noteOwnError(revision);
    await world.request(9_999);
    expect(world.told.at(-1)?.report).toMatchObject({ requests: 2, ownErrors: 2 });
    await world.request(10_000);
    expect(world.told.at(-1)?.report).not.toHaveProperty("ownErrors");
  });

  test("are forgotten with their revision", async () => {
    await world.request(0);
    world.reporter.noteOwnError(7);
    await world.request(5_000, 8);
    world.reporter.noteOwnError(7); // its request was on its way when the revision changed
    await world.request(5_000, 8);
    expect(world.told.at(-1)?.report).toEqual({ isolate: "0123456789abcdef", revision: 8, requests: 2, atMs: 110_000 });
  });
});

describe("a bug", () => {
  test("is told at once, as an error of the edge's own, too", async () => {
    world.chance = 0.99;
    await world.bug(0);
    expect(world.told.map(({ report }) => report)).toEqual([
      { isolate: "0123456789abcdef", revision: 7, requests: 1, invariants: 1, ownErrors: 1, atMs: 100_000 },
    ]);
  });

  test("is news once for each revision; the others go with the ordinary reports", async () => {
    for (let i = 0; i < 20; i++) await world.bug(1_000);
    for (let i = 0; i < 20; i++) await world.bug(1_000, 8);
    const told = world.told.map(({ report }) => [report.revision, report.invariants ?? 0, report.atMs - 100_000]);
    expect(told).toEqual([
      [7, 0, 1_000], // the ordinary first report, in which the bug is not yet
      [7, 1, 2_000], // so soon after it, the news waited for the next request
      [7, 10, 12_000],
      [8, 1, 21_000],
      [8, 9, 31_000],
    ]);
  });
});

describe("a refused snapshot", () => {
  test("is told at once, to the nearest beacon, although there was no request", async () => {
    await world.rejection(0);
    expect(world.told).toEqual([
      {
        vantage: "apac-ne",
        report: {
          ...{ isolate: "0123456789abcdef", revision: 7, requests: 0, atMs: 100_000 },
          rejected: [{ revision: 8, code: "signatureWrong" }],
        },
      },
    ]);
  });

  test.each([
    [REPORT_URGENT_MS - 1, 1],
    [REPORT_URGENT_MS, 2],
  ])("%i ms after a report makes the reports %i; then the next request brings it", async (ms, reports) => {
    await world.request(0);
    await world.rejection(ms);
    expect(world.told).toHaveLength(reports);
    await world.request(REPORT_URGENT_MS - ms);
    expect(world.told).toHaveLength(2);
    expect(world.told.at(-1)?.report.rejected).toHaveLength(1);
  });

  test("stays in the reports until it has been made good, so that a lost report loses nothing", async () => {
    world.fails = true;
    await world.rejection(0);
    world.fails = false;
    await world.request(20_000);
    expect(world.told.at(-1)?.report.rejected).toEqual([{ revision: 8, code: "signatureWrong" }]);
    world.rejections.settle(9);
    await world.request(20_000, 9);
    expect(world.told.at(-1)?.report).not.toHaveProperty("rejected");
  });
});

describe("ejected clusters", () => {
  const out = (cluster: string): Ejection => ({
    ...{ cluster, sinceMs: 99_000, because: "consecutiveFailures", failures: 5, requests: 9 },
  });

  test("go along for as long as they are out", async () => {
    world.ejections = [out("blue"), { ...out("green"), because: "successRate" }];
    await world.request(0);
    expect(world.told.at(-1)?.report.ejected).toEqual(world.ejections);
    await world.request(10_000);
    expect(world.told.at(-1)?.report.ejected).toEqual(world.ejections);
    world.ejections = [];
    await world.request(10_000);
    expect(world.told.at(-1)?.report).not.toHaveProperty("ejected");
  });

  test("are the latest when there are too many", async () => {
    world.ejections = Array.from({ length: 100 }, (_, i) => out(`c${i}`));
    await world.request(0);
    expect(world.told.at(-1)?.report.ejected).toEqual(world.ejections.slice(0, EJECTIONS_REPORTED_MAX));
  });
});

describe("traffic", () => {
  const facts = (country: string, clientAddress?: string): Facts => ({
    ...{ method: "GET", host: "web.example", path: "/a", header: () => null, asn: 64_496 },
    place: { country, eu: true, tor: false, continent: "EU", subdivision: `${country}-BE` },
    ...(clientAddress === undefined ? {} : { clientAddress }),
  });

  test("goes along by country and route, with samples of it, whatever the revision", async () => {
    await world.request(0);
    for (const [country, revision] of [
      ["DE", 7],
      ["DE", 7],
      ["FR", 8],
    ] as const) {
      world.traffic.note("web", facts(country, "192.0.2.7"));
      await world.request(4_000, revision);
    }
    const { report } = world.told.at(-1) ?? {};
    expect(report).toMatchObject({ revision: 8, requests: 1, countries: { DE: 2, FR: 1 }, routes: { web: 3 } });
    expect(report?.sample).toHaveLength(3);
    expect(report?.sample?.[0]).toEqual({
      ...{ host: "web.example", method: "GET", path: "/a", asn: 64_496 },
      ...{ country: "DE", continent: "EU", subdivision: "DE-BE", key: expect.stringMatching(/^[0-9a-f]{8}$/) },
    });
    expect(JSON.stringify(report)).not.toContain("192.0.2.7");
  });

  test("that nobody could be told of is not told later in one lump", async () => {
    world.beacons = [];
    world.traffic.note("web", facts("DE"));
    await world.request(0);
    world.beacons = ["weur"];
    await world.request(10_000);
    expect(world.told.at(-1)?.report).toEqual({ isolate: "0123456789abcdef", revision: 7, requests: 1, atMs: 110_000 });
  });
});
