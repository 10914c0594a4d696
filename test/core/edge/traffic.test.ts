/** What an isolate counts of its traffic, and which requests it keeps as samples. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COUNTRIES_REPORTED_MAX,
  EdgeReport,
  EJECTIONS_REPORTED_MAX,
  REPORT_BYTES_MAX,
  RequestSample,
  ROUTES_REPORTED_MAX,
  SAMPLES_REPORTED_MAX,
} from "../../../config/beacon.ts";
import { NAME_LENGTH_MAX } from "../../../config/limits.ts";
import { createPseudonym } from "../../../worker/io/pseudonym.ts";
import { TrafficCounter } from "../../../worker/io/traffic.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import { readPlace } from "../../../worker/routing/place.ts";

function request(geo: object, fields: Partial<Facts> = {}): Facts {
  const plain = { method: "GET", host: "web.example", path: "/a", header: () => null, place: readPlace({ ...geo }) };
  return { ...plain, ...fields };
}

describe("countries", () => {
  test.each([
    [{ country: "DE" }, "DE"],
    [{ country: "XX" }, "XX"],
    [{}, "XX"],
    [{ country: "T1" }, "T1"],
    [{ country: "Germany" }, "XX"],
  ])("%j counts as %s", (geo, country) => {
    const traffic = new TrafficCounter(() => 0);
    traffic.note("web", request(geo));
    expect(traffic.take().countries.entries()).toEqual([[country, 1]]);
  });

  test("nothing is lost and nothing is unbounded, whatever comes", () => {
    const code = fc.stringMatching(/^[A-Z]{2}$/);
    const route = fc.stringMatching(/^[a-z][a-z0-9]{0,2}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(code, route), { maxLength: 1_000 }), (requests) => {
        const traffic = new TrafficCounter(() => 0.5);
        for (const [country, name] of requests) traffic.note(name, request({ country }));
        const { countries, routes } = traffic.take();
        for (const [counts, max] of [
          [countries, COUNTRIES_REPORTED_MAX],
          [routes, ROUTES_REPORTED_MAX],
        ] as const) {
          expect(counts.size).toBeLessThanOrEqual(max);
          expect(counts.entries().reduce((sum, [, count]) => sum + count, 0)).toBe(requests.length);
        }
      }),
    );
  });

  test("start over when they are taken", () => {
    const traffic = new TrafficCounter(() => 0);
    traffic.note("web", request({ country: "DE" }));
    traffic.take();
    const { countries, routes, samples } = traffic.take();
    expect([countries.size, routes.size, samples]).toEqual([0, 0, []]);
  });
});

describe("samples", () => {
  const paths = (traffic: TrafficCounter) => traffic.take().samples.map(({ path }) => path);

  test.each([
    // chance  requests  samples
    [0, 10, ["/0", "/1", "/2", "/3"]],
    [0.5, 60, ["/0", "/17", "/34", "/51"]],
    [0.99, 60, ["/0", "/32"]],
    [0.99, 1, ["/0"]],
  ])("with chance %d there are of %i requests %j", (chance, requests, expected) => {
    const traffic = new TrafficCounter(() => chance);
    for (let i = 0; i < requests; i++) traffic.note("web", request({}, { path: `/${i}` }));
    expect(paths(traffic)).toEqual(expected);
  });

  test("the gap goes on over a report, so that quiet isolates are not sampled more than busy ones", () => {
    const traffic = new TrafficCounter(() => 0.5);
    const sampled: string[] = [];
    for (let i = 0; i < 60; i++) {
      traffic.note("web", request({}, { path: `/${i}` }));
      sampled.push(...paths(traffic));
    }
    expect(sampled).toEqual(["/0", "/17", "/34", "/51"]);
  });

  test.each([
    ["a path that would have to be cut", { path: `/${"a".repeat(200)}` }, 0],
    ["the longest path", { path: `/${"a".repeat(199)}` }, 1],
    ["a method that nobody knows", { method: "A".repeat(21) }, 0],
    ["the longest method", { method: "A".repeat(20) }, 1],
  ])("%s", (_, fields, samples) => {
    const traffic = new TrafficCounter(() => 0);
    traffic.note("web", request({}, fields));
    expect(traffic.take().samples).toHaveLength(samples);
  });

  test("whatever is sampled passes the beacon's schema", async () => {
    const pseudonym = createPseudonym("secret");
    await fc.assert(
      fc.asyncProperty(
        fc.record({ country: fc.string(), regionCode: fc.string(), continent: fc.string(), isEUCountry: fc.string() }),
        fc.webPath(),
        fc.ipV6(),
        async (geo, path, clientAddress) => {
          const traffic = new TrafficCounter(() => 0);
          traffic.note("web", request(geo, { path: path === "" ? "/" : path, clientAddress, asn: 1 }));
          for (const { clientHash, ...sample } of traffic.take().samples)
            RequestSample.parse({ ...sample, key: await pseudonym(clientHash) });
        },
      ),
    );
  });
});

describe("a pseudonym", () => {
  test("is the same for one client in one isolate, and another in another", async () => {
    const [here, elsewhere] = [createPseudonym("one"), createPseudonym("two")];
    expect(await here(7)).toMatch(/^[0-9a-f]{8}$/);
    expect(await here(7)).toBe(await here(7));
    expect(await here(8)).not.toBe(await here(7));
    expect(await elsewhere(7)).not.toBe(await here(7));
  });

  test("clients of one IPv6 household have one, and clients without an address none that lasts", () => {
    const hashOf = (clientAddress: string | undefined, chance: number) => {
      const traffic = new TrafficCounter(() => chance);
      traffic.note("web", request({}, clientAddress === undefined ? {} : { clientAddress }));
      return traffic.take().samples[0]?.clientHash;
    };
    expect(hashOf("2001:db8::1", 0)).toBe(hashOf("2001:db8::2", 0.5));
    expect(hashOf("2001:db8:0:1::1", 0)).not.toBe(hashOf("2001:db8::1", 0));
    expect(hashOf(undefined, 0.25)).not.toBe(hashOf(undefined, 0.5));
  });
});

test("the largest report that an edge can make is one that a beacon reads", () => {
  const count = 1_000_000_000;
  const name = (i: number) => `${"r".repeat(NAME_LENGTH_MAX - 2)}${i}`;
  const letters = (i: number) => String.fromCharCode(65 + Math.floor(i / 26), 65 + (i % 26));
  const largest = EdgeReport.parse({
    ...{ isolate: "f".repeat(16), revision: Number.MAX_SAFE_INTEGER, requests: count, atMs: Number.MAX_SAFE_INTEGER },
    ...{ invariants: count, ownErrors: count },
    rejected: Array.from({ length: 4 }, () => ({ revision: Number.MAX_SAFE_INTEGER, code: "environmentWrong" })),
    countries: Object.fromEntries(Array.from({ length: COUNTRIES_REPORTED_MAX }, (_, i) => [letters(i), count])),
    routes: Object.fromEntries(Array.from({ length: ROUTES_REPORTED_MAX }, (_, i) => [name(i + 10), count])),
    sample: Array.from({ length: SAMPLES_REPORTED_MAX }, () => ({
      ...{ host: "h".repeat(253), method: "M".repeat(20), path: `/${"p".repeat(199)}`, key: "0".repeat(8) },
      ...{ country: "DE", continent: "EU", subdivision: "DE-BER", asn: 2 ** 32 - 1 },
    })),
    ejected: Array.from({ length: EJECTIONS_REPORTED_MAX }, (_, i) => ({
      ...{ cluster: name(i + 10), sinceMs: Number.MAX_SAFE_INTEGER, because: "consecutiveFailures" },
      ...{ failures: count, requests: count },
    })),
  });
  const { length } = JSON.stringify(largest);
  expect(length).toBeLessThanOrEqual(REPORT_BYTES_MAX);
  expect(length).toBeGreaterThan(0.9 * REPORT_BYTES_MAX);
});
