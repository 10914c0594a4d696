/** Passive outlier detection at its edges, against Envoy's published figures, and by seeded story. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ejectionMs,
  OUTLIER_DEFAULTS,
  OutlierDetector,
  type OutlierOptions,
  successRateThreshold,
} from "../../../worker/routing/outlier.ts";
import { rampShareBps } from "../../../worker/routing/ramp.ts";
import { readVectors } from "../vectors.ts";

type OutlierVectors = {
  ejection_time_cases: { times_ejected: number; expected_s: number }[];
  success_rate_cases: { success_rates_percent: number[]; factor: number; threshold: number; ejected: number[] }[];
};
const vectors = readVectors<OutlierVectors>("envoy-outlier.json");

/** base 30 s, at most 300 s (envoy docs arch_overview/upstream/outlier.rst) */
const EJECTION_ROWS: readonly (readonly [number, number])[] = [
  [1, 30],
  [2, 60],
  [3, 90],
  [10, 300],
  [11, 300],
  ...(vectors?.ejection_time_cases ?? []).map((row) => [row.times_ejected, row.expected_s] as const),
];

/** mean - 1.9 population standard deviations */
const SUCCESS_RATE_ROWS: readonly (readonly [readonly number[], number, readonly number[]])[] = [
  [[100, 100, 100, 100, 50], 52, [50]],
  [[99, 98, 97, 99, 60], 61.4959, [60]],
  [[100, 100, 100, 100, 100], 100, []],
  ...(vectors?.success_rate_cases ?? []).map((row) => [row.success_rates_percent, row.threshold, row.ejected] as const),
];

const NO_JITTER: OutlierOptions = { ...OUTLIER_DEFAULTS, jitterMsMax: 0 };
const peers = (size: number, group = "web/eu-west") => ({ group, size });

function fail(detector: OutlierDetector, cluster: string, times: number, size: number, now = 0) {
  return Array.from({ length: times }, () =>
    detector.record({ cluster, peers: peers(size), success: false }, now, 0),
  ).at(-1);
}

describe("published figures", () => {
  test.each(EJECTION_ROWS)("ejected %i times in a row: %i s", (times, seconds) => {
    expect(ejectionMs(times, OUTLIER_DEFAULTS)).toBe(seconds * 1_000);
  });

  test.each(SUCCESS_RATE_ROWS)("rates %j: threshold %f, ejected %j", (rates, threshold, ejected) => {
    expect(successRateThreshold(rates, 1_900)).toBeCloseTo(threshold, 3);
    expect(rates.filter((rate) => rate < successRateThreshold(rates, 1_900))).toEqual(ejected);
  });
});

describe("consecutive failures", () => {
  test.each([
    // failures, success between, ejected
    [4, false, false],
    [5, false, true],
    [8, true, false],
  ])("%i failures, interrupted %s: ejected %s", (failures, interrupted, ejected) => {
    const detector = new OutlierDetector(NO_JITTER);
    fail(detector, "a", interrupted ? failures / 2 : failures, 3);
    if (interrupted) {
      detector.record({ cluster: "a", peers: peers(3), success: true }, 0, 0);
      fail(detector, "a", failures / 2, 3);
    }
    expect(detector.ejected().has("a")).toBe(ejected);
  });

  test("comes back after its time, stays out longer the next time, and a clean interval takes one off", () => {
    const detector = new OutlierDetector(NO_JITTER);
    expect(fail(detector, "a", 5, 3, 0)).toMatchObject({ kind: "ejected", untilMs: 30_000 });
    expect(detector.sweep(29_999, 0)).toEqual([]);
    expect(detector.sweep(30_000, 0)).toMatchObject([{ kind: "returned" }]);
    expect(detector.returnedAt()).toEqual(new Map([["a", 30_000]]));
    expect(fail(detector, "a", 5, 3, 31_000)).toMatchObject({ untilMs: 91_000 });
    detector.sweep(91_000, 0);
    for (let now = 101_000; now <= 131_000; now += 10_000) detector.sweep(now, 0);
    expect(fail(detector, "a", 5, 3, 132_000)).toMatchObject({ untilMs: 162_000 });
  });

  test("jitter spreads the returns, and is the caller's draw", () => {
    const until = (draw: number) => {
      const detector = new OutlierDetector(OUTLIER_DEFAULTS);
      for (let i = 0; i < 4; i += 1) detector.record({ cluster: "a", peers: peers(3), success: false }, 0, draw);
      return detector.record({ cluster: "a", peers: peers(3), success: false }, 0, draw)?.untilMs;
    };
    expect(until(0)).toBe(30_000);
    expect(until(2 ** 31)).toBe(31_500);
  });
});

describe("what speaks against a cluster that is out", () => {
  const record = (detector: OutlierDetector, success: boolean, times: number, now: number, size = 3) => {
    for (let i = 0; i < times; i += 1) detector.record({ cluster: "a", peers: peers(size), success }, now, 0);
  };
  const counts = (detector: OutlierDetector) => detector.ejections().map((one) => [one.failures, one.requests]);

  test("is what was seen in the interval in which it went out, and since", () => {
    const detector = new OutlierDetector(NO_JITTER);
    detector.sweep(0, 0);
    record(detector, true, 90, 1);
    detector.sweep(10_000, 0);
    record(detector, true, 7, 10_001);
    record(detector, false, 5, 10_002);
    expect(detector.ejections()).toEqual([
      { cluster: "a", sinceMs: 10_002, because: "consecutiveFailures", failures: 5, requests: 12 },
    ]);
    record(detector, false, 2, 10_003); // a last resort
    detector.sweep(20_000, 0);
    expect(counts(detector)).toEqual([[7, 14]]);
    record(detector, true, 3, 20_001);
    expect(counts(detector)).toEqual([[7, 17]]);
  });

  test("counts the whole row of failures, also those of the interval before", () => {
    const detector = new OutlierDetector(NO_JITTER);
    detector.sweep(0, 0);
    record(detector, false, 3, 9_999);
    detector.sweep(10_000, 0);
    record(detector, false, 2, 10_001);
    expect(counts(detector)).toEqual([[5, 5]]);
  });

  test("is of this time, not of the time before", () => {
    const detector = new OutlierDetector(NO_JITTER);
    record(detector, false, 9, 0);
    detector.sweep(30_000, 0);
    expect(detector.ejections()).toEqual([]);
    detector.sweep(40_000, 0);
    record(detector, false, 5, 40_001);
    expect(counts(detector)).toEqual([[5, 5]]);
  });

  test("is told of the last of a region as well, which is dimmed", () => {
    const detector = new OutlierDetector(NO_JITTER);
    record(detector, false, 5, 0, 1);
    expect(detector.ejections()).toMatchObject([{ cluster: "a", because: "consecutiveFailures" }]);
  });

  test("may be its success rate", () => {
    const detector = new OutlierDetector({ ...NO_JITTER, consecutiveFailures: 1_000 });
    detector.sweep(0, 0);
    for (const cluster of ["a", "b", "c", "d", "e"]) {
      for (let i = 0; i < 100; i += 1)
        detector.record({ cluster, peers: peers(5), success: cluster !== "e" || i % 2 === 0 }, 1, 0);
    }
    detector.sweep(10_000, 0);
    expect(detector.ejections()).toEqual([
      { cluster: "e", sinceMs: 10_000, because: "successRate", failures: 50, requests: 100 },
    ]);
  });

  test("law: there are never more failures than requests, and they go with what is out or dimmed", () => {
    const step = fc.record({ cluster: fc.constantFrom("a", "b"), success: fc.boolean(), waitMs: fc.nat(9_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const detector = new OutlierDetector({ ...NO_JITTER, consecutiveFailures: 2 });
        let now = 0;
        for (const { cluster, success, waitMs } of steps) {
          now += waitMs;
          detector.sweep(now, 0);
          detector.record({ cluster, peers: peers(2), success }, now, 0);
          const told = detector.ejections();
          const out = [...detector.ejected(), ...detector.dimmed()].sort();
          expect(told.map((one) => one.cluster).sort()).toEqual(out);
          for (const { failures, requests } of told) {
            expect(failures).toBeGreaterThanOrEqual(2);
            expect(requests).toBeGreaterThanOrEqual(failures);
          }
        }
      }),
    );
  });
});

describe("what is never taken out", () => {
  test("the last cluster of a region is dimmed, not ejected", () => {
    const alone = new OutlierDetector(NO_JITTER);
    expect(fail(alone, "a", 5, 1)).toMatchObject({ kind: "dimmed" });
    expect(alone.ejected().size).toBe(0);
    const pair = new OutlierDetector(NO_JITTER);
    expect(fail(pair, "a", 5, 2)).toMatchObject({ kind: "ejected" });
    expect(fail(pair, "b", 5, 2)).toMatchObject({ kind: "dimmed" });
  });

  test("no more than the largest share goes: two of four, not three", () => {
    const detector = new OutlierDetector(NO_JITTER);
    for (const cluster of ["a", "b", "c"]) fail(detector, cluster, 5, 4);
    expect([...detector.ejected()]).toEqual(["a", "b"]);
  });

  test("clusters of another region do not count", () => {
    const detector = new OutlierDetector(NO_JITTER);
    for (const [cluster, group] of [
      ["a", "web/eu-west"],
      ["b", "web/us-east"],
    ] as const) {
      for (let i = 0; i < 5; i += 1) detector.record({ cluster, peers: peers(2, group), success: false }, 0, 0);
    }
    expect([...detector.ejected()].sort()).toEqual(["a", "b"]);
  });

  test("law: every group keeps a cluster that is not ejected, whatever happens in whatever order", () => {
    const step = fc.record({
      cluster: fc.constantFrom("a", "b", "c", "d"),
      success: fc.boolean(),
      waitMs: fc.nat(20_000),
      draw: fc.nat(),
      times: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, size) => {
        const detector = new OutlierDetector();
        const names = ["a", "b", "c", "d"].slice(0, size);
        let now = 0;
        for (const { cluster, success, waitMs, draw, times } of steps) {
          now += waitMs;
          detector.sweep(now, draw);
          if (!names.includes(cluster)) continue;
          for (let i = 0; i < times; i += 1) detector.record({ cluster, peers: peers(size), success }, now, draw);
          expect(names.some((name) => !detector.ejected().has(name))).toBe(true);
        }
        detector.sweep(now + 1_000_000, 0);
        expect(detector.ejected().size + detector.dimmed().size).toBe(0);
        detector.retain(() => false);
        expect(detector.observations()).toEqual([]);
      }),
    );
  });
});

describe("success rate", () => {
  const interval = (detector: OutlierDetector, rates: Readonly<Record<string, number>>, requests: number) => {
    detector.sweep(0, 0);
    for (const [cluster, rate] of Object.entries(rates)) {
      for (let i = 0; i < requests; i += 1) {
        // Failures lie between successes, so that it is the rate that tells.
        const success = Math.floor(((i + 1) * rate) / 100) > Math.floor((i * rate) / 100);
        detector.record({ cluster, peers: peers(Object.keys(rates).length), success }, 1, 0);
      }
    }
    detector.sweep(10_000, 0);
    return [...detector.ejected()];
  };
  const RATES = { a: 100, b: 100, c: 100, d: 100, e: 60 };

  test.each([
    [RATES, 100, ["e"]],
    [RATES, 99, []],
    [{ a: 100, e: 60 }, 200, []],
    [{ a: 90, b: 90, c: 90, d: 90, e: 90 }, 200, []],
  ])("%j over %i requests each ejects %j", (rates, requests, ejected) => {
    const options = { ...NO_JITTER, consecutiveFailures: 1_000 };
    expect(interval(new OutlierDetector(options), rates, requests)).toEqual(ejected);
  });
});

describe("ramp", () => {
  test.each([
    // Envoy slow start, aggression 1, window 60 s, floor 10%
    [0, 1_000],
    [6_000, 1_000],
    [15_000, 2_500],
    [30_000, 5_000],
    [45_000, 7_500],
    [59_999, 9_500],
    [60_000, 10_000],
    [-5, 1_000],
  ])("%i ms after the return: %i", (elapsedMs, share) => {
    expect(rampShareBps(elapsedMs, { rampMs: 60_000, floorBps: 1_000 })).toBe(share);
  });

  test("without a ramp everything comes back at once", () => {
    expect(rampShareBps(0, { rampMs: 0, floorBps: 1_000 })).toBe(10_000);
  });
});
