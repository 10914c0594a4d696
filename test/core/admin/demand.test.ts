/** What traffic the edges of a vantage have, and what all of them come to: rates that can be added up by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { factsOf, questionOf } from "../../../admin/core/explain/question.ts";
import { demandOf } from "../../../admin/core/plan/demand.ts";
import { DEMAND_REQUESTS_MIN, mergeDemand } from "../../../admin/core/propagation/demand.ts";
import {
  type BeaconDemand,
  DEMAND_WINDOW_MS,
  RecentDemand,
  SAMPLES_KEPT_MAX,
  SAMPLES_KEPT_MS,
} from "../../../admin/core/propagation/recent-demand.ts";
import { EdgeReport, RequestSample } from "../../../config/beacon.ts";
import { TrafficCounter } from "../../../worker/io/traffic.ts";
import { readPlace } from "../../../worker/routing/place.ts";

const report = (countries: Readonly<Record<string, number>>, more: object = {}): EdgeReport =>
  EdgeReport.parse({ isolate: "0123456789abcdef", revision: 1, requests: 1, atMs: 0, countries, ...more });

const sampleOf = (path: string) => ({ host: "web.example", method: "GET", path, key: "0123abcd" });

describe("the demand at a vantage", () => {
  test("is nothing while nobody has reported", () => {
    expect(new RecentDemand().view(0)).toEqual({
      ...{ requests: 0, requestsPerSecond: 0, countries: {}, routes: {}, samples: [] },
    });
  });

  test("is what was reported, by country and route, in requests a second", () => {
    const demand = new RecentDemand();
    demand.accept(report({ DE: 60, FR: 40 }, { routes: { web: 90, api: 10 } }), 0);
    expect(demand.view(0)).toEqual({
      ...{ requests: 100, requestsPerSecond: 10, samples: [] }, // a report stands for ten seconds
      ...{ countries: { DE: 6, FR: 4 }, routes: { web: 9, api: 1 } },
    });
  });

  test("knows nothing of what edges from before there were countries have", () => {
    const demand = new RecentDemand();
    demand.accept(EdgeReport.parse({ isolate: "0123456789abcdef", revision: 1, requests: 50, atMs: 0 }), 0);
    expect(demand.view(0)).toMatchObject({ requests: 0, requestsPerSecond: 0 });
  });

  // Twenty isolates that report every 11 s, each at its own time, with 55 requests: 100 a second.
  test.each([11_000, 30_000, 60_000, 61_234, 600_000, 3_605_000])(
    "settles at what it really is, %i ms after a start",
    (lastMs) => {
      const demand = new RecentDemand();
      for (let nowMs = 0; nowMs <= lastMs; nowMs += 550) demand.accept(report({ DE: 55 }), nowMs);
      const { requestsPerSecond } = demand.view(lastMs);
      expect(Math.abs(requestsPerSecond - 100)).toBeLessThan(8);
    },
  );

  test.each([
    [DEMAND_WINDOW_MS, 600],
    [DEMAND_WINDOW_MS + 9_999, 600],
    [DEMAND_WINDOW_MS + 10_000, 0],
  ])("after %i ms of silence %i requests are left", (nowMs, requests) => {
    const demand = new RecentDemand();
    demand.accept(report({ DE: 600 }), 0);
    expect(demand.view(nowMs).requests).toBe(requests);
  });

  test("starts over after a silence: the gap is not averaged in", () => {
    const demand = new RecentDemand();
    demand.accept(report({ DE: 600 }), 0);
    demand.accept(report({ DE: 100 }), 3_600_000);
    expect(demand.view(3_600_000).requestsPerSecond).toBe(10);
  });

  test("is bounded in routes, and loses none of the requests", () => {
    const demand = new RecentDemand();
    for (let i = 0; i < 2_000; i++) demand.accept(report({ DE: 1 }, { routes: { [`r${i}`]: 1 } }), 0);
    const { routes } = demand.view(0);
    expect(Object.keys(routes)).toHaveLength(1_000);
    expect(routes["*"]).toBeCloseTo(100.1);
  });

  test("keeps the newest samples, so many and so long", () => {
    const demand = new RecentDemand();
    for (let i = 0; i < SAMPLES_KEPT_MAX + 10; i++) demand.accept(report({}, { sample: [sampleOf(`/${i}`)] }), i);
    const { samples } = demand.view(1_000);
    expect([samples.length, samples[0]?.path, samples.at(-1)?.path]).toEqual([SAMPLES_KEPT_MAX, "/10", "/209"]);
    expect(demand.view(SAMPLES_KEPT_MS + 100).samples).toHaveLength(109);
    expect(demand.view(SAMPLES_KEPT_MS + 209).samples).toEqual([]);
  });
});

describe("the traffic of all vantages", () => {
  const beacon = (requests: number, countries: Readonly<Record<string, number>>, more = {}): BeaconDemand => ({
    ...{ requests, requestsPerSecond: requests / 10, countries, routes: {}, samples: [], ...more },
  });

  test("is their sum, without what has no name", () => {
    const merged = mergeDemand([
      beacon(100, { DE: 6, ZZ: 1, FR: 3 }, { routes: { web: 9, "*": 1 } }),
      beacon(50, { US: 4, DE: 1 }, { routes: { web: 2, api: 3 } }),
    ]);
    const countries = { DE: 7, FR: 3, US: 4 };
    expect(merged).toEqual({ demand: { windowMs: 1_000, countries, routes: { api: 3, web: 11 } }, samples: [] });
    expect(Object.keys(merged?.demand.countries ?? {})).toEqual(Object.keys(countries));
    expect(demandOf({ recorded: merged?.demand })).toMatchObject({ source: "recorded", requestsPerSecond: 14 });
  });

  test.each([
    ["no beacon", [], false],
    ["one request too few", [beacon(DEMAND_REQUESTS_MIN - 1, { DE: 1 })], false],
    ["just enough", [beacon(DEMAND_REQUESTS_MIN, { DE: 1 })], true],
    ["just enough together", [beacon(DEMAND_REQUESTS_MIN - 1, { DE: 1 }), beacon(1, { FR: 1 })], true],
    ["no country that has a name", [beacon(1_000, { ZZ: 100 })], false],
  ] as [string, BeaconDemand[], boolean][])("%s: known: %s", (_, beacons, known) => {
    expect(mergeDemand(beacons) !== undefined).toBe(known);
  });

  test("does not depend on the order of the beacons, and has every rate once", () => {
    const rates = fc.dictionary(fc.constantFrom("DE", "FR", "US", "XX"), fc.integer({ min: 1, max: 1_000 }));
    fc.assert(
      fc.property(fc.array(rates, { minLength: 1, maxLength: 5 }), (all) => {
        const beacons = all.map((countries) => beacon(1_000, countries));
        const merged = mergeDemand(beacons);
        expect(mergeDemand(beacons.toReversed())).toEqual(merged);
        const total = (record: object) => Object.values(record).reduce((sum: number, rate) => sum + rate, 0);
        const sum = all.reduce((partial, countries) => partial + total(countries), 0);
        expect(total(merged?.demand.countries ?? {})).toBe(sum);
      }),
    );
  });

  // What an edge saw and what a replay sees have to be the same, or a plan would decide about somebody else.
  test.each([
    [{ country: "US", continent: "NA", regionCode: "CA" }],
    [{ country: "DE", continent: "EU", isEUCountry: "1" }],
    [{ country: "T1" }],
    [{}],
  ])("has samples that come from where the request came from: %j", (geo) => {
    const place = readPlace(geo);
    const traffic = new TrafficCounter(() => 0);
    traffic.note("web", { method: "POST", host: "web.example", path: "/a", header: () => null, place, asn: 64_496 });
    const [sampled] = traffic.take().samples;
    const { clientHash: _, ...sample } = sampled ?? { clientHash: 0 };
    const recorded = RequestSample.parse({ ...sample, key: "0123abcd" });
    const [described] = mergeDemand([beacon(100, { DE: 10 }, { samples: [recorded] })])?.samples ?? [];
    const facts = described === undefined ? undefined : factsOf(questionOf(described, 0), new Set());
    // Coordinates of the client are not recorded; its country's own stand in.
    expect(facts).toMatchObject({ method: "POST", host: "web.example", path: "/a", asn: 64_496, place });
    expect(facts?.clientAddress).toBe("0123abcd");
  });
});
