/** Ranking by measured latency, and the health view that it and the ramps end up in. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composeHealth, type HealthInputs } from "../../../worker/routing/compose-health.ts";
import { LATENCY_DEFAULTS, LatencyTracker, settle } from "../../../worker/routing/latency.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { world } from "./world.ts";

function record(tracker: LatencyTracker, region: string, ms: number, times: number, now = 0): void {
  for (let i = 0; i < times; i += 1) tracker.record("web/DE", region, ms, now);
}

describe("settle", () => {
  test.each([
    // before, figures, after
    [[], { a: 50, b: 40 }, ["b", "a"]],
    [["a", "b"], { a: 50, b: 45 }, ["a", "b"]], // 5 ms is no clear margin
    [["a", "b"], { a: 50, b: 39 }, ["b", "a"]],
    [["a", "b"], { a: 200, b: 175 }, ["a", "b"]], // 25 ms, but only 12.5%
    [["a", "b"], { a: 200, b: 169 }, ["b", "a"]],
    [["a", "b"], { b: 90 }, ["b"]],
    [["a"], { a: 50, b: 45 }, ["a", "b"]],
    [["a"], { a: 50, b: 10 }, ["b", "a"]],
  ])("%j with %j becomes %j", (before, figures: Record<string, number>, after) => {
    expect(settle(before, Object.keys(figures), (region) => figures[region] ?? 0, LATENCY_DEFAULTS)).toEqual(after);
  });

  test("law: the outcome holds the measured regions once each, and settling again changes nothing", () => {
    const figures = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.nat(500));
    fc.assert(
      fc.property(fc.subarray(["a", "b", "c", "d"]), figures, (before, ms) => {
        const msOf = (region: string) => ms[region] ?? 0;
        const after = settle(before, Object.keys(ms), msOf, LATENCY_DEFAULTS);
        expect(after).toHaveLength(Object.keys(ms).length);
        expect(new Set(after)).toEqual(new Set(Object.keys(ms)));
        if (after.length <= 2) expect(settle(after, Object.keys(ms), msOf, LATENCY_DEFAULTS)).toEqual(after);
      }),
    );
  });
});

describe("LatencyTracker", () => {
  test("a region counts after five samples, and one slow answer moves nothing", () => {
    const tracker = new LatencyTracker();
    record(tracker, "a", 20, 4);
    expect(tracker.ranks().get("web/DE")).toEqual([]);
    record(tracker, "a", 20, 1);
    record(tracker, "b", 60, 5);
    expect(tracker.ranks().get("web/DE")).toEqual(["a", "b"]);
    const before = tracker.generation;
    record(tracker, "a", 90, 1);
    expect(tracker.ranks().get("web/DE")).toEqual(["a", "b"]);
    expect(tracker.generation).toBe(before);
    record(tracker, "a", 120, 6);
    expect(tracker.ranks().get("web/DE")).toEqual(["b", "a"]);
  });

  test("figures go stale, and memory is bounded", () => {
    const tracker = new LatencyTracker({ ...LATENCY_DEFAULTS, keysMax: 3 });
    record(tracker, "a", 20, 5);
    record(tracker, "b", 30, 5, 600_001);
    expect(tracker.ranks().get("web/DE")).toEqual(["b"]);
    for (const country of ["FR", "NL", "BE", "AT"]) tracker.record(`web/${country}`, "a", 1, 0);
    expect([...tracker.ranks().keys()]).toEqual(["web/NL", "web/BE", "web/AT"]);
  });
});

describe("composeHealth", () => {
  const snapshot = loadSnapshot(world());
  const inputs = (more: Partial<HealthInputs>): HealthInputs => ({
    vantage: "global",
    states: new Map(),
    recoveredAtMs: new Map(),
    ejected: new Set(),
    dimmed: new Set(),
    returnedAtMs: new Map(),
    utilizationBps: new Map(),
    lagMs: new Map(),
    latencyRanks: new Map(),
    ...more,
  });
  const at = (more: Partial<HealthInputs>, now: number) => {
    const { view, ramping } = composeHealth(snapshot, inputs(more), now);
    return [view.capacityBps.get("eu-west-blue"), ramping];
  };

  test.each([
    // inputs, now, capacity and ramping (60 s, floor 10%)
    [{}, 0, [undefined, false]],
    [{ recoveredAtMs: new Map([["eu-west-blue", 1_000]]) }, 1_000, [1_000, true]],
    [{ recoveredAtMs: new Map([["eu-west-blue", 1_000]]) }, 31_000, [5_000, true]],
    [{ recoveredAtMs: new Map([["eu-west-blue", 1_000]]) }, 61_000, [undefined, false]],
    [
      { recoveredAtMs: new Map([["eu-west-blue", 1_000]]), returnedAtMs: new Map([["eu-west-blue", 31_000]]) },
      31_000,
      [1_000, true],
    ],
    [{ dimmed: new Set(["eu-west-blue"]) }, 0, [1_000, false]],
  ])("%j at %i ms gives %j", (more, now, expected) => {
    expect(at(more, now)).toEqual(expected);
  });

  test("a region that was drained comes back ramped, all of its clusters together", () => {
    const undrained = loadSnapshot(
      world({ regions: { "eu-west": { availability: { adminState: "enabled", returnedAtMs: 5_000 } } } }),
    );
    const { view } = composeHealth(undrained, inputs({}), 20_000);
    expect([...view.capacityBps]).toEqual([["eu-west-blue", 2_500]]);
  });
});
