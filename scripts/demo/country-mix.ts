/** The demo's visitors: from where the country figures of the plan say that people are, and the same ones again and again. */
import { COUNTRY_MIX } from "../../admin/core/plan/country-mix.ts";
import { COUNTRIES, EU_COUNTRIES } from "../../config/countries.ts";
import { invariant } from "../../config/invariant.ts";

const USERS_TOTAL = COUNTRY_MIX.reduce((sum, { usersMillion }) => sum + usersMillion, 0);

/** A visitor as the `Fairlead-Geo` header says it: the fields of `request.cf`, and the address they come from. */
export type Visitor = {
  readonly country: string;
  readonly continent?: string;
  readonly isEUCountry?: "1";
  readonly latitude?: string;
  readonly longitude?: string;
  readonly asn?: number;
  readonly clientAddress: string;
};

/** Each country has this many visitors, who come back: affinity is visible only with returning addresses. */
const VISITORS_PER_COUNTRY = 256;

/** The same two draws, each a uint32, always give the same visitor. */
export function pickVisitor(countryDraw: number, visitorDraw: number): Visitor {
  const index = pickCountry(countryDraw);
  const share = COUNTRY_MIX[index];
  invariant(share !== undefined, "the index is one of the mix");
  const country = COUNTRIES.get(share.code);
  // 198.18.0.0/15 belongs to benchmarks (RFC 2544): nobody's real address.
  const clientAddress = `198.18.${index}.${visitorDraw % VISITORS_PER_COUNTRY}`;
  if (country === undefined) return { country: share.code, clientAddress };
  return {
    country: share.code,
    continent: country.continent,
    ...(EU_COUNTRIES.has(share.code) ? { isEUCountry: "1" as const } : {}),
    latitude: String(country.latitude),
    longitude: String(country.longitude),
    ...(share.asn === undefined ? {} : { asn: share.asn }),
    clientAddress,
  };
}

function pickCountry(draw: number): number {
  let point = (draw / 2 ** 32) * USERS_TOTAL;
  for (const [index, { usersMillion }] of COUNTRY_MIX.entries()) {
    if (point < usersMillion) return index;
    point -= usersMillion;
  }
  invariant(false, "a point below the total lands on a country");
}
