/** Selectors of clients: each says something, names countries that exist, and does not hide the rules behind it. */
import { COUNTRIES } from "../countries.ts";
import type { SteeringWhen } from "../documents/route.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { PLACE_KEYS, type PlaceSelector } from "../place.ts";
import { findingAt, type Placed } from "../placed.ts";
import type { CheckInput } from "./check.ts";

type Selector = {
  readonly placed: Placed<unknown>;
  readonly when: PlaceSelector;
  readonly path: FindingPath;
  /** What it may say. */
  readonly keys: readonly string[];
};

/** A rule may also leave the place open and go by something else. */
const STEERING_KEYS = [...PLACE_KEYS, "asns", "headers", "flag"] as const satisfies readonly (keyof SteeringWhen)[];

function selectorsOf({ services, routes }: CheckInput): readonly Selector[] {
  return [
    ...services.flatMap((placed) =>
      (placed.document.spec.residency ?? []).map(
        ({ clients }, index): Selector => ({
          placed,
          when: clients,
          path: ["spec", "residency", index, "clients"],
          keys: PLACE_KEYS,
        }),
      ),
    ),
    ...routes.flatMap((placed) =>
      (placed.document.spec.steering ?? []).map(
        ({ when }, index): Selector => ({
          placed,
          when,
          path: ["spec", "steering", index, "when"],
          keys: STEERING_KEYS,
        }),
      ),
    ),
  ];
}

export function checkSelectorsSaySomething(input: CheckInput): readonly Finding[] {
  return selectorsOf(input).flatMap(({ placed, when, path, keys }) => {
    if (Object.keys(when).length > 0) return [];
    const message = `this selects nobody: name at least one of ${keys.join(", ")}`;
    return [findingAt(placed, { code: "selector.empty", path, message })];
  });
}

export function checkSteeringReachable({ routes }: CheckInput): readonly Finding[] {
  return routes.flatMap((route) => {
    const rules = route.document.spec.steering ?? [];
    const all = rules.findIndex(({ when }) => takesEveryone(when));
    const taker = rules[all];
    if (taker === undefined) return [];
    const message = `rule "${taker.name}" before it takes every client, so this one is never reached`;
    return rules.slice(all + 1).map((_, offset) =>
      findingAt(route, {
        code: "steering.unreachable",
        severity: "warning",
        path: ["spec", "steering", all + 1 + offset],
        message,
      }),
    );
  });
}

/** A rule that depends on a flag takes nobody while that is off. */
function takesEveryone({ any, asns, headers, flag }: SteeringWhen): boolean {
  return any === true && asns === undefined && headers === undefined && flag === undefined;
}

export function checkCountries(input: CheckInput): readonly Finding[] {
  return selectorsOf(input).flatMap(({ placed, when, path }) => [
    ...(when.countries ?? []).flatMap((code, index) => unknownCountry(placed, code, [...path, "countries", index])),
    ...(when.subdivisions ?? []).flatMap((code, index) =>
      unknownCountry(placed, code.slice(0, 2), [...path, "subdivisions", index]),
    ),
  ]);
}

/** What Cloudflare says where there is no country: not known, and Tor. */
const NO_COUNTRY: ReadonlySet<string> = new Set(["XX", "T1"]);

/** Codes people write for countries that have another one in ISO 3166-1. */
const MISTAKEN_CODES: ReadonlyMap<string, string> = new Map([
  ["UK", "GB"],
  ["EN", "GB"],
  ["EL", "GR"],
  ["SP", "ES"],
  ["JA", "JP"],
  ["KO", "KR"],
  ["CS", "CZ"],
  ["DA", "DK"],
  ["SU", "RU"],
]);

function unknownCountry(placed: Placed<unknown>, code: string, path: FindingPath): Finding[] {
  if (COUNTRIES.has(code)) return [];
  const hint = NO_COUNTRY.has(code) ? ': clients without a known country are selected by "unknown: true"' : "";
  const message = `"${code}" is not the code of a country (ISO 3166-1 alpha-2)${hint}`;
  return [findingAt(placed, { code: "country.unknown", path, message, didYouMean: meantCountry(code) })];
}

/** In two letters any code is one slip away from dozens, so only known mistakes and swapped letters are guessed. */
function meantCountry(code: string): string | undefined {
  const swapped = `${code.slice(1)}${code.slice(0, 1)}`;
  return MISTAKEN_CODES.get(code) ?? (COUNTRIES.has(swapped) ? swapped : undefined);
}
