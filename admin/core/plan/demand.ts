/** Which traffic a plan reckons with: what edges have reported, else what the Policy says, else only where people are. */
import type { PolicySpec } from "../../../config/policy.ts";
import { COUNTRY_MIX } from "./country-mix.ts";
import type { Demand } from "./projection.ts";

/** Requests that edges have counted. */
export type RecordedDemand = {
  /** Over so long; above 0. */
  readonly windowMs: number;
  /** ISO 3166-1 alpha-2; `XX` unknown, `T1` Tor. */
  readonly countries: Readonly<Record<string, number>>;
  /** By route name. */
  readonly routes: Readonly<Record<string, number>>;
};

const MIX: Demand["countries"] = Object.fromEntries(COUNTRY_MIX.map(({ code, usersMillion }) => [code, usersMillion]));

export function demandOf({
  recorded,
  policy,
}: {
  readonly recorded?: RecordedDemand | undefined;
  readonly policy?: Pick<PolicySpec, "demand"> | undefined;
}): Demand {
  const requests = recorded === undefined ? 0 : total(recorded.countries);
  if (recorded !== undefined && requests > 0) {
    return {
      source: "recorded",
      requestsPerSecond: (1_000 * requests) / recorded.windowMs,
      countries: recorded.countries,
      // Without counts by route nothing is known of the routes, which is not that nobody uses them.
      ...(total(recorded.routes) > 0 ? { routes: recorded.routes } : {}),
    };
  }
  const requestsPerSecond = policy?.demand?.requestsPerSecond;
  if (requestsPerSecond === undefined) return { source: "countryMix", countries: MIX };
  return { source: "policy", requestsPerSecond, countries: MIX };
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
