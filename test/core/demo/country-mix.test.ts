import fc from "fast-check";
import { expect, test } from "vitest";
import { COUNTRY_MIX } from "../../../admin/core/plan/country-mix.ts";
import { COUNTRIES } from "../../../config/countries.ts";
import { pickVisitor } from "../../../scripts/demo/country-mix.ts";

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("every country of the mix is known, but for the two that are none", () => {
  const unknown = COUNTRY_MIX.filter(({ code }) => !COUNTRIES.has(code)).map(({ code }) => code);
  expect(unknown).toEqual(["XX", "T1"]);
});

test("each country is visited as often as its share says", () => {
  const total = COUNTRY_MIX.reduce((sum, { usersMillion }) => sum + usersMillion, 0);
  const visits = new Map<string, number>();
  for (let user = 0; user < total; user++) {
    const { country } = pickVisitor(Math.floor(((user + 0.5) / total) * 2 ** 32), 0);
    visits.set(country, (visits.get(country) ?? 0) + 1);
  }
  expect(Object.fromEntries(visits)).toEqual(
    Object.fromEntries(COUNTRY_MIX.map(({ code, usersMillion }) => [code, usersMillion])),
  );
});

test("any two draws give a visitor, the same one each time, with an address of its country", () => {
  fc.assert(
    fc.property(uint32, uint32, (countryDraw, visitorDraw) => {
      const visitor = pickVisitor(countryDraw, visitorDraw);
      expect(pickVisitor(countryDraw, visitorDraw)).toEqual(visitor);
      const index = COUNTRY_MIX.findIndex(({ code }) => code === visitor.country);
      expect(visitor.clientAddress).toMatch(new RegExp(`^198\\.18\\.${index}\\.\\d{1,3}$`));
    }),
  );
});

test("a German visitor looks as Cloudflare would describe one", () => {
  const draws = Array.from({ length: 4_096 }, (_, i) => pickVisitor(i * 2 ** 20, 7));
  expect(draws.find(({ country }) => country === "DE")).toEqual({
    country: "DE",
    continent: "EU",
    isEUCountry: "1",
    latitude: "51",
    longitude: "9",
    asn: 3320,
    clientAddress: "198.18.12.7",
  });
});
