/** What is read from the outside: places, hosts, distances. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COUNTRIES, EU_COUNTRIES } from "../../../config/countries.ts";
import { greatCircleKm, nearness, unitVector } from "../../../worker/routing/distance.ts";
import { normalizeHost } from "../../../worker/routing/host.ts";
import { readAsn, readPlace } from "../../../worker/routing/place.ts";

describe("readPlace", () => {
  test.each([
    // request.cf, place
    [{}, { eu: false, tor: false }],
    [
      { country: "T1", latitude: "52", longitude: "13" },
      { eu: false, tor: true },
    ],
    [{ country: "XX" }, { eu: false, tor: false }],
    [{ country: "de" }, { eu: false, tor: false }],
    [{ country: "QQ" }, { eu: false, tor: false, country: "QQ" }],
    [
      { country: "GB", isEUCountry: undefined, latitude: "51.5", longitude: "-0.1" },
      {
        eu: false,
        tor: false,
        country: "GB",
        continent: "EU",
        coordinates: { latitude: 51.5, longitude: -0.1, from: "client" },
      },
    ],
    [
      { country: "US", regionCode: "CA", continent: "NA", latitude: "1e9", longitude: "0" },
      {
        eu: false,
        tor: false,
        country: "US",
        subdivision: "US-CA",
        continent: "NA",
        coordinates: { latitude: 38, longitude: -97, from: "country" },
      },
    ],
    [
      { country: "DE", regionCode: "<b>", latitude: "NaN", longitude: "13" },
      {
        eu: true,
        tor: false,
        country: "DE",
        continent: "EU",
        coordinates: { latitude: 51, longitude: 9, from: "country" },
      },
    ],
  ])("%j reads as %j", (geo, place) => {
    expect(readPlace(geo)).toEqual(place);
  });

  test.each([
    [64_500, 64_500],
    ["64500", 64_500],
    [0, undefined],
    [-1, undefined],
    [1.5, undefined],
    ["", undefined],
    [undefined, undefined],
    [2 ** 32, undefined],
  ])("asn %j reads as %j", (asn, expected) => {
    expect(readAsn({ asn })).toBe(expected);
  });

  test("every country has a continent and a point on the globe, and the EU has 27 of them", () => {
    expect(COUNTRIES.size).toBe(250);
    for (const { code, latitude, longitude } of COUNTRIES.values()) {
      expect(code).toMatch(/^[A-Z]{2}$/);
      expect(Math.abs(latitude)).toBeLessThanOrEqual(90);
      expect(Math.abs(longitude)).toBeLessThanOrEqual(180);
    }
    expect(EU_COUNTRIES.size).toBe(27);
    expect([...EU_COUNTRIES].filter((code) => COUNTRIES.get(code)?.continent !== "EU")).toEqual([]);
  });
});

describe("normalizeHost", () => {
  test.each([
    ["shop.example.com", "shop.example.com"],
    ["Shop.Example.COM:8443", "shop.example.com"],
    ["shop.example.com.", "shop.example.com"],
    ["shop.example.com.:80", "shop.example.com"],
    ["127.0.0.1:8787", "127.0.0.1"],
    ["[2001:DB8::1]:443", "[2001:db8::1]"],
    ["a_b.example.com", "a_b.example.com"],
    ["", undefined],
    [".", undefined],
    ["a..b", undefined],
    ["shop.example.com..", undefined],
    ["good@evil.example", undefined],
    ["shop.example.com/path", undefined],
    ["shop.example.com\\x", undefined],
    ["shop.example.com:99999", undefined],
    ["shop.example.com:", undefined],
    ["shop example", undefined],
    ["::1", undefined],
    [`${"a".repeat(254)}`, undefined],
    ["exämple.com", undefined],
  ])("%j reads as %j", (value, host) => {
    expect(normalizeHost(value)).toBe(host);
  });

  test("never throws, and what it returns it would return again", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const host = normalizeHost(value);
        if (host !== undefined) expect(normalizeHost(host)).toBe(host);
      }),
    );
  });
});

describe("distance", () => {
  test.each([
    // Berlin to New York, then edges of the globe
    [{ latitude: 52.52, longitude: 13.405 }, { latitude: 40.7128, longitude: -74.006 }, 6_385],
    [{ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 }, 20_015],
    [{ latitude: 90, longitude: 0 }, { latitude: 90, longitude: 77 }, 0],
    [{ latitude: 0, longitude: 179.5 }, { latitude: 0, longitude: -179.5 }, 111],
  ])("%j to %j is %i km", (a, b, km) => {
    expect(Math.round(greatCircleKm(unitVector(a), unitVector(b)))).toBe(km);
  });

  test("nearness and distance rank the same", () => {
    const point = fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(point, point, point, (from, a, b) => {
        const [f, x, y] = [unitVector(from), unitVector(a), unitVector(b)];
        if (greatCircleKm(f, x) + 0.2 < greatCircleKm(f, y)) expect(nearness(f, x)).toBeGreaterThan(nearness(f, y));
      }),
    );
  });
});
