/** Which vantage is near to whom. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VANTAGES } from "../../../config/vantage.ts";
import { rankVantages, VantageMap } from "../../../worker/routing/nearest-vantage.ts";

describe("the nearest vantage", () => {
  const all = new VantageMap(VANTAGES);

  test.each([
    ["Paris", 48.9, 2.4, "weur"],
    ["Kyiv", 50.5, 30.5, "eeur"],
    ["Chicago", 41.9, -87.6, "enam"],
    ["Seattle", 47.6, -122.3, "wnam"],
    ["Lima", -12, -77, "sam"],
    ["Mumbai", 19.1, 72.9, "me"],
    ["Bangkok", 13.8, 100.5, "apac"],
    ["Surabaya", -7.3, 112.7, "apac-se"],
    ["Seoul", 37.6, 127, "apac-ne"],
    ["Auckland, across the date line", -36.8, 174.8, "oc"],
    ["Nairobi", -1.3, 36.8, "afr"],
    ["the north pole", 90, 0, "eeur"],
    ["the south pole", -90, 180, "oc"],
    ["the date line from the west", 0, 180, "oc"],
    ["the date line from the east", 0, -180, "oc"],
  ])("of %s", (_, latitude, longitude, vantage) => {
    expect(all.nearest({ latitude, longitude })).toBe(vantage);
  });

  test("nobody is near to no vantage", () => {
    expect(new VantageMap([]).nearest({ latitude: 0, longitude: 0 })).toBe(undefined);
  });

  test("law: it is the first of the ranking from the middle of the client's cell of a degree, asked once or again", () => {
    fc.assert(
      fc.property(
        fc.subarray([...VANTAGES], { minLength: 1 }),
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        (vantages, latitude, longitude) => {
          const map = new VantageMap(vantages);
          const [first] = rankVantages(vantages, { latitude: Math.round(latitude), longitude: Math.round(longitude) });
          for (let i = 0; i < 2; i += 1) expect(map.nearest({ latitude, longitude })).toBe(first);
        },
      ),
    );
  });
});
