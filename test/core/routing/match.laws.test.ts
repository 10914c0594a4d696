/** Which of many routes a request finds, held to the order as it is written down, without an index. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PathMatch } from "../../../config/shared-shapes.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import { buildRouteIndex, type Matchable, matchRoute } from "../../../worker/routing/match.ts";

/** In the index `Aa` and `BB` have the same hash, and `tqygjbc` has that of an empty segment. */
const SEGMENTS = ["a", "b", "Aa", "BB", "AaBB", "BBAa", "", "tqygjbc"];
const HOSTS = ["shop.example", "*.shop.example", "*.example", "*"];
const METHODS = ["GET", "POST"];

const path = (segment: fc.Arbitrary<string>) =>
  fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
const literal = fc.constantFrom(...SEGMENTS);
const parameter = fc.constantFrom(...SEGMENTS, ":x", ":y");

const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  path(literal).map((prefix) => ({ prefix })),
  path(literal).map((exact) => ({ exact })),
  path(parameter).map((pattern) => ({ pattern })),
);
const routeArbitrary: fc.Arbitrary<Matchable> = fc.record(
  {
    hosts: fc.uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1 }),
    paths: fc.array(pathMatch, { minLength: 1, maxLength: 3 }),
    methods: fc.subarray(METHODS, { minLength: 1 }),
    headers: fc.subarray([{ name: "x-one" }, { name: "x-two", value: "2" }], { minLength: 1 }),
  },
  { requiredKeys: ["hosts", "paths"] },
);
const factsArbitrary = fc
  .record({
    host: fc.constantFrom("shop.example", "eu.shop.example", "a.example", "elsewhere.test"),
    path: path(literal),
    method: fc.constantFrom(...METHODS),
    sent: fc.subarray([
      ["x-one", "1"],
      ["x-two", "2"],
    ] as const),
  })
  .map(({ sent, ...asked }): Facts => {
    const headers = new Map<string, string>(sent);
    const place = { eu: false, tor: false };
    return { ...asked, place, header: (name) => headers.get(name) ?? null };
  });

const segmentsOf = (text: string) => text.slice(1).split("/");

/** Longer texts first, as in Gateway API; undefined for a host that is not the route's. */
function hostRank(pattern: string, host: string): string | undefined {
  if (pattern === host) return "2";
  if (pattern === "*") return "0";
  return pattern.startsWith("*.") && host.endsWith(pattern.slice(1))
    ? `1${String(pattern.length).padStart(3, "0")}`
    : undefined;
}

/** Whole paths before prefixes; of whole paths a literal segment before a parameter from the left, of prefixes the longer. */
function pathRank(match: PathMatch, asked: string): string | undefined {
  const segments = segmentsOf(asked);
  if ("prefix" in match) {
    const trimmed = match.prefix.replace(/\/$/, "");
    const prefix = trimmed === "" ? [] : segmentsOf(trimmed);
    const holds = prefix.every((segment, at) => segments[at] === segment);
    return holds ? `0${String(prefix.length).padStart(3, "0")}` : undefined;
  }
  const isPattern = "pattern" in match;
  const wanted = segmentsOf(isPattern ? match.pattern : match.exact);
  const kinds = wanted.map((segment, at) => {
    if (isPattern && segment.startsWith(":")) return segments[at] === "" || segments[at] === undefined ? "x" : "0";
    return segments[at] === segment ? "1" : "x";
  });
  return wanted.length === segments.length && !kinds.includes("x") ? `1${kinds.join("")}` : undefined;
}

function rank(route: Matchable, { host, path: asked, method, header }: Facts): string | undefined {
  if (route.methods !== undefined && !route.methods.includes(method)) return undefined;
  const conditions = route.headers ?? [];
  const met = conditions.every(({ name, value }) =>
    value === undefined ? header(name) !== null : header(name) === value,
  );
  const best = (ranks: readonly (string | undefined)[]) =>
    ranks.filter((found) => found !== undefined).sort((a, b) => (a < b ? 1 : -1))[0];
  const ofHost = best(route.hosts.map((pattern) => hostRank(pattern, host)));
  const ofPath = best(route.paths.map((match) => pathRank(match, asked)));
  if (!met || ofHost === undefined || ofPath === undefined) return undefined;
  return [ofHost, ofPath, route.methods === undefined ? "0" : "1", conditions.length].join(" ");
}

test("a request finds a route than which none that matches is more specific, or none when none matches", () => {
  fc.assert(
    fc.property(fc.array(routeArbitrary, { maxLength: 8 }), factsArbitrary, (routes, facts) => {
      const found = matchRoute(buildRouteIndex(routes), facts);
      const [best] = routes.map((route) => rank(route, facts)).sort((a, b) => ((a ?? "") < (b ?? "") ? 1 : -1));
      const hostKnown = routes.some(({ hosts }) => hosts.some((host) => hostRank(host, facts.host) !== undefined));
      const nothing = hostKnown ? "noPath" : "noHost";
      expect(typeof found === "string" ? found : rank(found, facts)).toBe(best ?? nothing);
    }),
    { numRuns: 2_000 },
  );
});
