/**
 * Where the bench's clients are: one entry a country, with the fields of `request.cf` that geo routing reads. Both the
 * HTTP load and the `decide` batches draw from it, so that countries, continents, EU, ASN and the "unknown" branches
 * are all walked.
 */
import type { Geo } from "../../worker/routing/place.ts";

export const CLIENT_GEOS: readonly Geo[] = [
  {
    country: "DE",
    continent: "EU",
    isEUCountry: "1",
    regionCode: "BE",
    latitude: "52.52",
    longitude: "13.40",
    asn: 3320,
  },
  { country: "US", continent: "NA", regionCode: "CA", latitude: "37.77", longitude: "-122.42", asn: 7922 },
  { country: "IN", continent: "AS", regionCode: "MH", latitude: "19.07", longitude: "72.88", asn: 55836 },
  {
    country: "FR",
    continent: "EU",
    isEUCountry: "1",
    regionCode: "IDF",
    latitude: "48.86",
    longitude: "2.35",
    asn: 3215,
  },
  { country: "BR", continent: "SA", regionCode: "SP", latitude: "-23.55", longitude: "-46.63", asn: 28573 },
  { country: "GB", continent: "EU", regionCode: "ENG", latitude: "51.51", longitude: "-0.13", asn: 2856 },
  { country: "JP", continent: "AS", regionCode: "13", latitude: "35.68", longitude: "139.69", asn: 2516 },
  { country: "NG", continent: "AF", regionCode: "LA", latitude: "6.45", longitude: "3.39", asn: 37148 },
  { country: "PL", continent: "EU", isEUCountry: "1", asn: 5617 },
  { country: "US", continent: "NA", regionCode: "NY", latitude: "40.71", longitude: "-74.01", asn: 701 },
  { country: "T1" },
  {},
];

/** Addresses as the platform gives them, v4 and v6; documentation ranges (RFC 5737, RFC 3849). */
export function clientAddress(draw: number): string {
  const low = draw & 0xff;
  return draw & 0x100 ? `203.0.113.${low}` : `2001:db8:${((draw >>> 9) & 0xffff).toString(16)}::${low.toString(16)}`;
}
