/**
 * Priority loads, panic, degraded capacity and locality weights against Envoy's published tables. The rows are written
 * down here with their source; where FAIRLEAD_VECTORS names the folder of the same tables as JSON, every row there is
 * run as well. Two rows of Envoy's panic page do not follow from Envoy's own formula (marked "slip"): the formula holds.
 */
import { describe, expect, test } from "vitest";
import { localityWeight, priorityLoads } from "../../../worker/routing/priority.ts";
import { readVectors } from "../vectors.ts";

const ENVOY = { overprovisioningFactor: 140, panicThreshold: 50 };

function loadsOf(healthyPercents: readonly number[], options = ENVOY) {
  return priorityLoads(
    healthyPercents.map((healthy) => ({ healthy, degraded: 0, total: 100 })),
    options,
  );
}

/** envoyproxy/envoy docs: arch_overview/upstream/load_balancing/priority.rst */
const PRIORITY_ROWS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [100, 100],
    [100, 0],
  ],
  [
    [72, 100],
    [100, 0],
  ],
  [
    [71, 100],
    [99, 1],
  ],
  [
    [50, 100],
    [70, 30],
  ],
  [
    [25, 100],
    [35, 65],
  ],
  [
    [0, 100],
    [0, 100],
  ],
  [
    [72, 72],
    [100, 0],
  ],
  [
    [71, 71],
    [99, 1],
  ],
  [
    [50, 50],
    [70, 30],
  ],
  [
    [25, 25],
    [50, 50],
  ],
  [
    [100, 100, 100],
    [100, 0, 0],
  ],
  [
    [72, 72, 100],
    [100, 0, 0],
  ],
  [
    [71, 71, 100],
    [99, 1, 0],
  ],
  [
    [50, 50, 100],
    [70, 30, 0],
  ],
  [
    [25, 100, 100],
    [35, 65, 0],
  ],
  [
    [25, 25, 100],
    [35, 35, 30],
  ],
  // The page rounds to 36/36/28; the integer algorithm gives the two left-over points to the first level.
  [
    [25, 25, 20],
    [37, 35, 28],
  ],
];

/** .../panic_threshold.rst: healthy percents, load, panic, normalized total. */
const PANIC_ROWS: readonly (readonly [readonly number[], readonly number[], readonly boolean[], number])[] = [
  [[72, 72], [100, 0], [false, false], 100],
  [[71, 71], [99, 1], [false, false], 100],
  [[50, 60], [70, 30], [false, false], 100], // slip: the page says 50/50
  [[25, 100], [35, 65], [false, false], 100], // slip: the page says 25/75
  [[25, 25], [50, 50], [true, true], 70],
  [[5, 65], [8, 92], [true, false], 98], // the page rounds 7.14/92.86
];

/** .../degraded.rst: healthy, degraded and unhealthy percent of one level; percent to healthy and to degraded. */
const DEGRADED_ROWS: readonly (readonly [number, number, number, number, number])[] = [
  [100, 0, 0, 100, 0],
  [71, 0, 29, 100, 0],
  [71, 29, 0, 99, 1],
  [25, 65, 10, 35, 65],
  [5, 0, 95, 100, 0],
];

/** .../locality_weight.rst: X has weight 1, Y has 2 and is healthy; healthy percent of X, exact percent of X. */
const LOCALITY_ROWS: readonly (readonly [number, number])[] = [
  [100, 33.33],
  [70, 32.89],
  [69, 32.57],
  [50, 25.93],
  [25, 14.89],
  [0, 0],
];

type PriorityVector = { healthy_percent: number[]; recomputed: number[] };
type PanicVector = {
  healthy_percent: number[];
  recomputed_load: number[];
  recomputed_panic: boolean[];
  recomputed_normalized: number;
};
type DegradedVector = {
  healthy_degraded_unhealthy_percent: [number, number, number];
  expected_to_healthy: number;
  expected_to_degraded: number;
};
type LocalityVector = {
  table: { healthy_percent: [number, number]; exact_percent: [number, number] }[];
  unit_test_unhealthy_failover: {
    healthy: [number, number];
    total: [number, number];
    exact_percent: [number, number];
  }[];
};

/** Our own rows, then those of the folder when there is one. */
const priorityRows = [
  ...PRIORITY_ROWS,
  ...(readVectors<{ cases: PriorityVector[] }>("envoy-priority-load.json")?.cases ?? []).map(
    (row) => [row.healthy_percent, row.recomputed] as const,
  ),
];
const panicRows = [
  ...PANIC_ROWS,
  ...(readVectors<{ cases: PanicVector[] }>("envoy-panic-threshold.json")?.cases ?? []).map(
    (row) => [row.healthy_percent, row.recomputed_load, row.recomputed_panic, row.recomputed_normalized] as const,
  ),
];
const degradedRows = [
  ...DEGRADED_ROWS,
  ...(readVectors<{ cases: DegradedVector[] }>("envoy-degraded.json")?.cases ?? []).map(
    (row) => [...row.healthy_degraded_unhealthy_percent, row.expected_to_healthy, row.expected_to_degraded] as const,
  ),
];
const localityVectors = readVectors<LocalityVector>("envoy-locality-weighted.json");
const localityRows = [
  ...LOCALITY_ROWS,
  ...(localityVectors?.table ?? []).map((row) => [row.healthy_percent[0], row.exact_percent[0]] as const),
  ...(localityVectors?.unit_test_unhealthy_failover ?? []).map(
    (row) => [(100 * row.healthy[0]) / row.total[0], row.exact_percent[0]] as const,
  ),
];

describe("priority loads", () => {
  test.each(priorityRows)("healthy %j percent load %j", (healthy, load) => {
    expect(loadsOf(healthy).levels.map((level) => level.healthyLoad)).toEqual(load);
  });

  test("unit tests of Envoy with 5 hosts a level: 1,1,1 healthy and 0,2,1 healthy", () => {
    const five = (healthy: number, degraded = 0) => ({ healthy, degraded, total: 5 });
    const total = priorityLoads([five(1), five(1), five(1)], ENVOY);
    expect(total.levels.map((level) => level.healthyLoad)).toEqual([34, 33, 33]);
    expect(total.levels.every((level) => level.panic)).toBe(true);
    expect(priorityLoads([five(0), five(2), five(1)], ENVOY).levels.map((l) => l.healthyLoad)).toEqual([0, 67, 33]);
  });

  test("degraded clusters of every level come after the healthy ones of every level", () => {
    const five = (healthy: number, degraded: number) => ({ healthy, degraded, total: 5 });
    const { levels } = priorityLoads([five(0, 1), five(0, 5), five(1, 0)], ENVOY);
    expect(levels.map((level) => level.healthyLoad)).toEqual([0, 0, 28]);
    expect(levels.map((level) => level.degradedLoad)).toEqual([28, 44, 0]);
  });

  test.each(degradedRows)("%i%% healthy, %i%% degraded, %i%% down: %i to healthy, %i to degraded", (...row) => {
    const [healthy, degraded, , toHealthy, toDegraded] = row;
    const [level] = priorityLoads([{ healthy, degraded, total: 100 }], ENVOY).levels;
    expect(level).toMatchObject({ healthyLoad: toHealthy, degradedLoad: toDegraded });
  });
});

describe("panic", () => {
  test.each(panicRows)("healthy %j percent: load %j, panic %j, normalized %i", (healthy, load, panic, normalized) => {
    const { levels, normalizedTotal } = loadsOf(healthy);
    expect(levels.map((level) => level.healthyLoad)).toEqual(load);
    expect(levels.map((level) => level.panic)).toEqual(panic);
    expect(normalizedTotal).toBe(normalized);
  });

  test.each([
    // threshold, healthy,  usable, load,     panic
    [50, [0, 0], true, [100, 0], [true, true]],
    [0, [0, 0], false, [100, 0], [false, false]],
    [0, [25, 25], true, [50, 50], [false, false]],
    [100, [99, 0], true, [100, 0], [false, false]], // one level carries everything: panic is not even considered
    [1, [0, 1], true, [0, 100], [true, false]],
  ] as const)(
    "at threshold %i, %j percent healthy: usable %s, load %j, panic %j",
    (threshold, healthy, usable, load, panic) => {
      const loads = loadsOf(healthy, { overprovisioningFactor: 140, panicThreshold: threshold });
      expect(loads.usable).toBe(usable);
      expect(loads.levels.map((level) => level.healthyLoad)).toEqual(load);
      expect(loads.levels.map((level) => level.panic)).toEqual(panic);
    },
  );
});

describe("locality weights", () => {
  test.each(localityRows)("X at %i%% gets %f%%", (healthyX, percent) => {
    const x = localityWeight(1, healthyX * 100, 140);
    const y = localityWeight(2, 10_000, 140);
    expect((100 * x) / (x + y)).toBeCloseTo(percent, 2);
  });

  test.each([
    [100, 5_000, 33.33], // envoy locality_wrr_test.cc, OverProvisioningFactorTest
    [200, 5_000, 50],
  ])("at factor %i, half healthy against all healthy gets %f%%", (factor, usableBps, percent) => {
    const half = localityWeight(1, usableBps, factor);
    const all = localityWeight(1, 10_000, factor);
    expect((100 * half) / (half + all)).toBeCloseTo(percent, 1);
  });
});
