/**
 * Where a client is, read from the field names of `request.cf` and compared with the selectors of documents. Every
 * field may be missing or odd: no country, `XX`, Tor (`T1`), no coordinates. Those are ordinary clients of unknown
 * place, never errors.
 */
import { COUNTRIES, EU_COUNTRIES } from "../../config/countries.ts";
import type { PlaceSelector } from "../../config/place.ts";
import { PLACE_KEYS } from "../../config/place.ts";
import type { Facts, Place } from "./facts.ts";

/** Geo as the platform gives it; values are checked here and nowhere else. */
export type Geo = { readonly [field: string]: unknown };

const TOR: Place = {
  country: undefined,
  subdivision: undefined,
  continent: undefined,
  eu: false,
  coordinates: undefined,
  tor: true,
};

export function readPlace(geo: Geo): Place {
  const country = readCode(geo.country, /^[A-Z]{2}$/);
  if (geo.country === "T1") return TOR;
  // XX is Cloudflare's "no country data"; coordinates without a country are still good for distance.
  const known = country !== undefined && country !== "XX" ? country : undefined;
  const entry = known === undefined ? undefined : COUNTRIES.get(known);
  const subdivision = readCode(geo.regionCode, /^[A-Z0-9]{1,3}$/);
  const continent = readCode(geo.continent, /^[A-Z]{2}$/) ?? entry?.continent;
  const coordinates = readCoordinates(geo) ?? (entry === undefined ? undefined : countryCoordinates(entry));
  // All names, known or not: places of one shape are read faster by everything behind this.
  return {
    country: known,
    subdivision: known === undefined || subdivision === undefined ? undefined : `${known}-${subdivision}`,
    continent,
    eu: geo.isEUCountry === "1" || geo.isEUCountry === true || (known !== undefined && EU_COUNTRIES.has(known)),
    coordinates,
    tor: false,
  };
}

export function readAsn(geo: Geo): number | undefined {
  const asn = typeof geo.asn === "string" ? Number(geo.asn) : geo.asn;
  return typeof asn === "number" && Number.isInteger(asn) && asn > 0 && asn <= 4_294_967_295 ? asn : undefined;
}

function readCode(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

function readCoordinates(geo: Geo): Place["coordinates"] {
  const latitude = readDegrees(geo.latitude, 90);
  const longitude = readDegrees(geo.longitude, 180);
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude, from: "client" };
}

/** `request.cf` carries degrees as strings; an empty string is missing, not zero. */
function readDegrees(value: unknown, limit: number): number | undefined {
  const degrees = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof degrees === "number" && Math.abs(degrees) <= limit ? degrees : undefined;
}

function countryCoordinates(entry: { latitude: number; longitude: number }): Place["coordinates"] {
  return { latitude: entry.latitude, longitude: entry.longitude, from: "country" };
}

/** A selector with its lists as sets, made once per revision; undefined for lists that it does not have. */
export type CompiledSelector = {
  readonly any: boolean;
  readonly eu: boolean;
  readonly unknown: boolean;
  readonly countries: ReadonlySet<string> | undefined;
  readonly subdivisions: ReadonlySet<string> | undefined;
  readonly continents: ReadonlySet<string> | undefined;
};

function compileSelector(selector: PlaceSelector): CompiledSelector {
  return {
    any: selector.any === true,
    eu: selector.eu === true,
    unknown: selector.unknown === true,
    countries: selector.countries === undefined ? undefined : new Set(selector.countries),
    subdivisions: selector.subdivisions === undefined ? undefined : new Set(selector.subdivisions),
    continents: selector.continents === undefined ? undefined : new Set(selector.continents),
  };
}

/** Compiles selectors, each spelling once: hundreds of routes say "Europe", and one copy of it stays in the cache. */
export function selectorCompiler(): (selector: PlaceSelector) => CompiledSelector {
  const compiled = new Map<string, CompiledSelector>();
  return (selector) => {
    const spelling = JSON.stringify(PLACE_KEYS.map((key) => selector[key] ?? null));
    const known = compiled.get(spelling) ?? compileSelector(selector);
    compiled.set(spelling, known);
    return known;
  };
}

/** True when the selector names a place at all; one that does not leaves the place open. */
export function namesPlace(selector: PlaceSelector): boolean {
  return PLACE_KEYS.some((key) => selector[key] !== undefined);
}

/** Places are a union. A client whose country is not known matches only `any`, `unknown` and a known continent. */
export function matchesPlace(selector: CompiledSelector, place: Facts["place"]): boolean {
  if (selector.any) return true;
  if (place.country === undefined && selector.unknown) return true;
  if (place.eu && selector.eu) return true;
  if (place.country !== undefined && selector.countries?.has(place.country) === true) return true;
  if (place.continent !== undefined && selector.continents?.has(place.continent) === true) return true;
  return place.subdivision !== undefined && selector.subdivisions?.has(place.subdivision) === true;
}
