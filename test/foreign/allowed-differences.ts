/** Where http-cache-tests may see the edge differ from its own origin: test ids, both results, and why that is right. */

export type AllowedDifference = {
  readonly because: string;
  /** What every one of these tests says of the direct way, and of the way through the edge. */
  readonly direct: RegExp;
  readonly edge: RegExp;
  readonly ids: readonly string[];
};

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    because:
      "The origin ends the connection without an answer. Direct, the client's request fails; through the edge it has an " +
      "answer, our 502, which the suite then takes for one that a cache has made wrongly.",
    direct: /^TypeError: fetch failed$/,
    edge: /^(Assertion|Setup): Response 2 (comes from cache|does not come from cache)$/,
    ids: [
      "stale-close",
      "stale-close-must-revalidate",
      "stale-close-no-cache",
      "stale-close-proxy-revalidate",
      "stale-close-s-maxage=2",
      "stale-sie-503",
      "stale-sie-close",
      "stale-warning-become",
      "stale-warning-stored",
    ],
  },
  {
    because:
      "workerd answers 501 to methods that it does not know, before any Worker sees them; it knows this one only by the " +
      "name of MSEARCH.",
    direct: /^(passed|Assertion: Response 3 does not come from cache)$/,
    edge: /^Setup: Response 2 status is 501, not (200|500)$/,
    ids: ["invalidate-M-SEARCH", "invalidate-M-SEARCH-cl", "invalidate-M-SEARCH-failed"],
  },
];
