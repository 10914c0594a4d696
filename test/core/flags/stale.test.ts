/** When a flag is stale, and which reason is given. */
import { expect, test } from "vitest";
import { listFlags } from "../../../admin/core/flags/list-flags.ts";
import { TokenBuckets } from "../../../admin/core/flags/token-bucket.ts";
import { Overlay } from "../../../config/overlays.ts";
import { flag, fleetOf, route, soundBut } from "../config/fixtures.ts";

const TODAY = "2027-03-01";
const used = route("web", { steering: [{ name: "beta", when: { flag: "a" }, weights: { us: 1 } }] });
const HALF = {
  targeting: {
    fractional: [
      ["yes", 1],
      ["no", 1],
    ],
  },
};
const ALL = {
  targeting: {
    fractional: [
      ["yes", 100],
      ["no", 0],
    ],
  },
};
const killed = Overlay.parse({
  kind: "flagSwitch",
  flag: "a",
  state: "DISABLED",
  author: "kim",
  reason: "x",
  createdAtMs: 0,
});

const stateOf = (spec: { readonly [key: string]: unknown }, isUsed: boolean, overlays: readonly Overlay[] = []) => ({
  fleet: fleetOf(soundBut(flag("a", spec), ...(isUsed ? [used] : []))).fleet,
  overlays,
});

// biome-ignore format: a table reads in columns
test.each<[string, { readonly [key: string]: unknown }, boolean, ReturnType<typeof stateOf> | undefined, string | undefined]>([
  // what it is                   now                                    used   a month ago                  stale
  ["the same for all, for long",  {},                                    true,  stateOf({}, true),           "settled"],
  ["the same for all, since now", {},                                    true,  stateOf(HALF, true),         undefined],
  ["new",                         {},                                    true,  undefined,                   undefined],
  ["given to all by share",       ALL,                                   true,  stateOf(ALL, true),          "settled"],
  ["given to half",               HALF,                                  true,  stateOf(HALF, true),         undefined],
  ["given to all of a region",    { regions: { eu: { rollout: { variant: "yes", shareBps: 10_000 } } } }, true, stateOf({ regions: { eu: { rollout: { variant: "yes", shareBps: 10_000 } } } }, true), "settled"],
  ["given to half of a region",   { regions: { eu: { rollout: { variant: "yes", shareBps: 5_000 } } } }, true, stateOf({ regions: { eu: { rollout: { variant: "yes", shareBps: 5_000 } } } }, true), undefined],
  ["disabled for long",           { state: "DISABLED", ...HALF },        true,  stateOf({ state: "DISABLED", ...HALF }, true), "settled"],
  ["named by nothing for long",   HALF,                                  false, stateOf(HALF, false),        "unreferenced"],
  ["named by nothing any more",   HALF,                                  false, stateOf(HALF, true),         undefined],
  ["past its day",                { ...HALF, staleAfter: "2027-03-01" }, true,  undefined,                   "expired"],
  ["before its day",              { staleAfter: "2027-03-02" },          true,  stateOf({ staleAfter: "2027-03-02" }, true), undefined],
  ["meant to stay",               { staleAfter: "never" },               true,  stateOf({ staleAfter: "never" }, true), undefined],
])("a flag that is %s", (_, spec, isUsed, monthAgo, reason) => {
  const [found] = listFlags(stateOf(spec, isUsed), monthAgo, TODAY);
  expect(found?.stale?.reason).toBe(reason);
});

test("a switch that has just been thrown makes a flag young again", () => {
  const [found] = listFlags(stateOf({}, true, [killed]), stateOf({}, true), TODAY);
  expect([found?.on, found?.stale]).toEqual([false, undefined]);
});

test("a caller has a burst and then a rate, each its own", () => {
  const buckets = new TokenBuckets({ perSecond: 10, burst: 3 });
  const waits = (caller: string, nowMs: number, times: number) =>
    Array.from({ length: times }, () => buckets.waitMs(caller, nowMs));
  expect(waits("a", 0, 4)).toEqual([undefined, undefined, undefined, 100]);
  expect(waits("b", 0, 1)).toEqual([undefined]);
  expect(waits("a", 100, 2)).toEqual([undefined, 100]);
  expect(waits("a", 50, 1)).toEqual([100]);
  expect(waits("a", 10_000, 4)).toEqual([undefined, undefined, undefined, 100]);
});
