import { describe, expect, test } from "vitest";
import { COUNTRY_MIX } from "../../../admin/core/plan/country-mix.ts";
import { demandOf } from "../../../admin/core/plan/demand.ts";

const RECORDED = { windowMs: 60_000, countries: { DE: 900, US: 300 }, routes: { web: 1_000, api: 200 } };
const POLICY = { demand: { requestsPerSecond: 5_000 } };

describe("the demand that a plan reckons with", () => {
  test.each([
    // recorded                             policy      source        rate
    [RECORDED, POLICY, "recorded", 20],
    [RECORDED, undefined, "recorded", 20],
    [{ ...RECORDED, countries: {} }, POLICY, "policy", 5_000],
    [{ ...RECORDED, countries: { DE: 0 } }, undefined, "countryMix", undefined],
    [undefined, POLICY, "policy", 5_000],
    [undefined, {}, "countryMix", undefined],
    [undefined, undefined, "countryMix", undefined],
  ])("%j and the policy %j: %s at %s requests/s", (recorded, policy, source, rate) => {
    const demand = demandOf({ recorded, policy });
    expect([demand.source, demand.requestsPerSecond]).toEqual([source, rate]);
  });

  test("what was recorded says from where and for which routes", () => {
    expect(demandOf({ recorded: RECORDED })).toMatchObject({ countries: RECORDED.countries, routes: RECORDED.routes });
    // Requests that name no route say nothing about the routes, so each of them counts the same.
    expect(demandOf({ recorded: { ...RECORDED, routes: {} } })).not.toHaveProperty("routes");
  });

  test("without a record, clients are where people use the internet", () => {
    const { countries, routes } = demandOf({ policy: POLICY });
    expect(Object.keys(countries)).toEqual(COUNTRY_MIX.map(({ code }) => code));
    expect(countries.DE).toBe(78);
    expect(routes).toBeUndefined();
  });
});
