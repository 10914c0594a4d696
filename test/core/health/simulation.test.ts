/** Stories and laws of health as a whole, in simulated time: three vantages, four clusters, probes every ten seconds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explain } from "../../../admin/core/explain/explain.ts";
import { VIEW_STALE_MS } from "../../../admin/core/health/judge.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { cluster, fleetOf, region, route, service } from "../config/fixtures.ts";
import { type Meets, Simulation, type World } from "./simulation.ts";

const VANTAGES = ["weur", "enam", "apac"] as const;
const CLUSTERS = ["eu-a", "eu-b", "us-a", "us-b"] as const;

type Fault = {
  /** Absent: for all of them. */
  readonly vantages?: readonly Vantage[];
  readonly clusters?: readonly string[];
  readonly fromMs: number;
  readonly untilMs?: number;
  /** `unheard`: it cannot tell what it sees. */
  readonly is: Meets | "unheard" | "flapping";
  readonly everyMs?: number;
};

function worldWith(faults: readonly Fault[]): World {
  const at = (nowMs: number, vantage: Vantage) =>
    faults.filter(
      ({ vantages, fromMs, untilMs = Number.POSITIVE_INFINITY }) =>
        nowMs >= fromMs && nowMs < untilMs && (vantages === undefined || vantages.includes(vantage)),
    );
  return {
    vantages: VANTAGES,
    clusters: CLUSTERS,
    isHeard: (vantage, nowMs) => !at(nowMs, vantage).some(({ is }) => is === "unheard"),
    meets: (vantage, name, nowMs) => {
      const fault = at(nowMs, vantage).find(
        ({ is, clusters }) => is !== "unheard" && (clusters === undefined || clusters.includes(name)),
      );
      if (fault === undefined || fault.is === "unheard") return "well";
      if (fault.is !== "flapping") return fault.is;
      return Math.floor((nowMs - fault.fromMs) / (fault.everyMs ?? 60_000)) % 2 === 0 ? "failing" : "well";
    },
  };
}

const MINUTE = 60_000;

/** Everything is well for a minute before anything happens. */
const stories: Readonly<
  Record<string, { faults: Fault[]; sees: Record<number, readonly [string, string, string, string]> }>
> = {
  "all is well": {
    faults: [],
    // At which second: for all, near weur, near enam, near apac.
    sees: { 1: ["hhhh", "hhhh", "hhhh", "hhhh"], 60: ["hhhh", "hhhh", "hhhh", "hhhh"] },
  },
  "a cluster is down": {
    faults: [{ clusters: ["eu-a"], fromMs: MINUTE, untilMs: 3 * MINUTE, is: "failing" }],
    sees: {
      60: ["hhhh", "hhhh", "hhhh", "hhhh"],
      79: ["hhhh", "hhhh", "hhhh", "hhhh"], // two of three failures
      91: ["xhhh", "xhhh", "xhhh", "xhhh"],
      180: ["xhhh", "xhhh", "xhhh", "xhhh"],
      201: ["hhhh", "hhhh", "hhhh", "hhhh"], // two successes; the hold-down is long over
    },
  },
  "a cluster is down for a moment": {
    faults: [{ clusters: ["eu-a"], fromMs: MINUTE, untilMs: 80_000, is: "failing" }],
    sees: { 85: ["hhhh", "hhhh", "hhhh", "hhhh"], 120: ["hhhh", "hhhh", "hhhh", "hhhh"] },
  },
  "a cluster is slow": {
    faults: [{ clusters: ["us-b"], fromMs: MINUTE, untilMs: 2 * MINUTE, is: "slow" }],
    sees: { 91: ["hhhd", "hhhd", "hhhd", "hhhd"], 141: ["hhhh", "hhhh", "hhhh", "hhhh"] },
  },
  "a cluster is down for one vantage": {
    faults: [{ vantages: ["apac"], clusters: ["eu-a"], fromMs: MINUTE, untilMs: 3 * MINUTE, is: "lost" }],
    sees: {
      95: ["hhhh", "hhhh", "hhhh", "xhhh"],
      180: ["hhhh", "hhhh", "hhhh", "xhhh"],
      205: ["hhhh", "hhhh", "hhhh", "hhhh"],
    },
  },
  "a cluster is down for two vantages": {
    faults: [{ vantages: ["apac", "enam"], clusters: ["eu-a"], fromMs: MINUTE, is: "failing" }],
    sees: { 95: ["xhhh", "hhhh", "xhhh", "xhhh"] },
  },
  "a vantage is not heard any more": {
    faults: [
      { vantages: ["apac"], fromMs: MINUTE, untilMs: 3 * MINUTE, is: "unheard" },
      { clusters: ["eu-a"], fromMs: 95_000, is: "failing" },
    ],
    sees: {
      // Its last view counts for a while, and then what the others see.
      85: ["hhhh", "hhhh", "hhhh", "hhhh"],
      150: ["xhhh", "xhhh", "xhhh", "xhhh"],
      182: ["xhhh", "xhhh", "xhhh", "xhhh"],
    },
  },
  "a vantage is not heard any more while it sees something of its own": {
    faults: [
      { vantages: ["apac"], clusters: ["eu-a"], fromMs: MINUTE, is: "failing" },
      { vantages: ["apac"], fromMs: 2 * MINUTE, is: "unheard" },
    ],
    sees: { 119: ["hhhh", "hhhh", "hhhh", "xhhh"], 155: ["hhhh", "hhhh", "hhhh", "hhhh"] },
  },
  "a vantage loses its network": {
    faults: [{ vantages: ["apac"], fromMs: MINUTE, untilMs: 3 * MINUTE, is: "lost" }],
    sees: {
      100: ["hhhh", "hhhh", "hhhh", "hhhh"], // it is doubted, and its clients go by the others
      205: ["hhhh", "hhhh", "hhhh", "hhhh"],
      260: ["hhhh", "hhhh", "hhhh", "hhhh"],
    },
  },
  "everything is down for everybody": {
    faults: [{ fromMs: MINUTE, untilMs: 3 * MINUTE, is: "lost" }],
    sees: { 100: ["????", "????", "????", "????"], 260: ["hhhh", "hhhh", "hhhh", "hhhh"] },
  },
  "one after the other goes down": {
    faults: CLUSTERS.map((name, index) => ({ clusters: [name], fromMs: MINUTE + index * 90_000, is: "failing" })),
    sees: { 100: ["xhhh", "xhhh", "xhhh", "xhhh"], 370: ["xxxx", "xxxx", "xxxx", "xxxx"] },
  },
  "nobody is heard any more": {
    faults: [
      { clusters: ["eu-a"], fromMs: 0, is: "failing" },
      { fromMs: MINUTE, untilMs: 3 * MINUTE, is: "unheard" },
    ],
    sees: {
      60: ["xhhh", "xhhh", "xhhh", "xhhh"],
      92: ["????", "????", "????", "????"], // unknown, not down
      182: ["xhhh", "xhhh", "xhhh", "xhhh"],
    },
  },
};

describe.each(Object.entries(stories))("when %s", (_, { faults, sees }) => {
  const simulation = new Simulation(worldWith(faults));
  test.each(Object.entries(sees))("after %s s it is seen", (second, expected) => {
    simulation.until(Number(second) * 1_000);
    expect([simulation.letters(), ...VANTAGES.map((vantage) => simulation.letters(vantage))]).toEqual(expected);
  });
});

test("while a vantage loses its network, its doubt is what the history tells, and nothing of any cluster for all", () => {
  const faults: Fault[] = [{ vantages: ["apac"], fromMs: MINUTE, untilMs: 3 * MINUTE, is: "lost" }];
  const { transitions } = new Simulation(worldWith(faults)).until(5 * MINUTE);
  const after = transitions.filter(({ atMs }) => atMs >= MINUTE);
  expect(after.filter(({ kind }) => kind === "cluster")).toEqual([]);
  expect(after.flatMap((one) => (one.kind === "vantage" ? [[one.vantage, one.from, one.to]] : []))).toEqual([
    ["apac", "trusted", "doubted"],
    ["apac", "doubted", "trusted"],
  ]);
});

test("what is down for all is known within three intervals and a moment, and so is that it is back", () => {
  const faults: Fault[] = [{ clusters: ["eu-a"], fromMs: MINUTE, untilMs: 4 * MINUTE, is: "lost" }];
  const { transitions } = new Simulation(worldWith(faults)).until(6 * MINUTE);
  const [down, back] = transitions.filter((one) => one.kind === "cluster" && one.atMs >= MINUTE);
  expect(down).toMatchObject({ cluster: "eu-a", from: "healthy", to: "unhealthy", rule: "majority" });
  expect((down?.atMs ?? 0) - MINUTE).toBeLessThanOrEqual(3 * 10_000 + 2_000 + 500);
  expect(back).toMatchObject({ cluster: "eu-a", from: "unhealthy", to: "healthy" });
  expect((back?.atMs ?? 0) - 4 * MINUTE).toBeLessThanOrEqual(2 * 10_000 + 2_000 + 500);
});

test("a cluster that flaps for an hour moves its clients a few times and then ever more seldom", () => {
  const faults: Fault[] = [{ clusters: ["eu-a"], fromMs: MINUTE, is: "flapping", everyMs: 40_000 }];
  const { transitions } = new Simulation(worldWith(faults)).until(61 * MINUTE);
  const downs = transitions.flatMap((one) => (one.kind === "cluster" && one.to === "unhealthy" ? [one.atMs] : []));
  // It goes down every 80 s: 45 times. After the first few it is hardly ever let back in.
  expect(downs.length).toBeLessThan(30);
  expect(downs.filter((atMs) => atMs < 11 * MINUTE).length).toBeGreaterThan(downs.length / 8);
  expect(
    new Simulation(worldWith(faults))
      .until(20 * MINUTE)
      .watch.known("weur")
      ?.clusters.get("eu-a")?.flaps,
  ).toBeGreaterThan(3);
});

test("a report goes out when something changes and at no other time", () => {
  const faults: Fault[] = [{ vantages: ["apac"], clusters: ["eu-a"], fromMs: MINUTE, is: "failing" }];
  const simulation = new Simulation(worldWith(faults)).until(50_000);
  const before = simulation.news;
  expect(simulation.until(MINUTE).news).toBe(before);
  expect(simulation.until(10 * MINUTE).news).toBe(before + 1);
});

// --- Laws

const faults: fc.Arbitrary<readonly Fault[]> = fc.array(
  fc
    .record({
      vantages: fc.subarray([...VANTAGES], { minLength: 1 }),
      clusters: fc.subarray([...CLUSTERS], { minLength: 1 }),
      fromMs: fc.integer({ min: 0, max: 180_000 }),
      forMs: fc.integer({ min: 1_000, max: 180_000 }),
      is: fc.constantFrom("failing", "lost", "slow", "unheard", "flapping"),
      everyMs: fc.integer({ min: 5_000, max: 60_000 }),
    })
    .map(({ forMs, ...fault }): Fault => ({ ...fault, untilMs: fault.fromMs + forMs })),
  { maxLength: 6 },
);
/** Faster than usual, so that a run of a few minutes sees many verdicts. */
const settings = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }).map((draws) => {
  let next = 0;
  return {
    intervalMs: 5_000,
    timeoutMs: 1_000,
    rise: 1,
    fall: 2,
    holdDownMs: 10_000,
    draw: () => draws[next++ % draws.length] ?? 0,
  };
});

const RUNS = { numRuns: 30 };

describe("whatever fails, and wherever", { timeout: 20_000 }, () => {
  test("nothing goes down for all that most of those who know see up", () => {
    fc.assert(
      fc.property(faults, settings, (some, pace) => {
        const { transitions } = new Simulation(worldWith(some), pace).until(360_000);
        for (const one of transitions) {
          if (one.kind !== "cluster" || one.to !== "unhealthy") continue;
          const { healthy, degraded, unhealthy } = one.ballot;
          expect(unhealthy.length).toBeGreaterThan(healthy.length + degraded.length);
        }
      }),
      RUNS,
    );
  });

  test("once it is over, everything is healthy for everybody", () => {
    fc.assert(
      fc.property(faults, settings, (some, pace) => {
        // The longest hold-down, and time to notice.
        const simulation = new Simulation(worldWith(some), pace).until(360_000 + 5 * MINUTE + VIEW_STALE_MS);
        expect([simulation.letters(), ...VANTAGES.map((vantage) => simulation.letters(vantage))]).toEqual(
          Array.from({ length: 4 }, () => "hhhh"),
        );
        expect(simulation.report().vantages).toBeUndefined();
      }),
      RUNS,
    );
  });

  /** Two zones, each with two clusters in a region of its own; nobody may be served in the other. */
  const snapshot = compile({
    ...{ environment: "production", revision: Revision.parse(1), overlays: [] },
    fleet: fleetOf([
      region("eu", { jurisdictions: ["eu"], vantage: "weur" }),
      region("us", { location: { latitude: 39, longitude: -77 }, jurisdictions: ["us"], vantage: "enam" }),
      region("ap", { location: { latitude: 1, longitude: 103 }, jurisdictions: [], vantage: "apac" }),
      service("web", {
        residency: [
          { clients: { countries: ["DE"] }, jurisdictions: ["eu"] },
          { clients: { countries: ["US"] }, jurisdictions: ["us"] },
        ],
      }),
      ...CLUSTERS.map((name) => cluster(name, { region: name.slice(0, 2) })),
      route("web", { default: { proximity: {} } }),
    ]).fleet,
  });

  test("automation never takes the last healthy cluster of a residency zone out of use: somebody there serves always", () => {
    fc.assert(
      fc.property(faults, settings, fc.nat(2 ** 32 - 1), (some, pace, draw) => {
        const simulation = new Simulation(worldWith(some), pace);
        simulation.until(360_000, (report) => {
          for (const vantage of VANTAGES)
            for (const [country, zone] of [
              ["DE", "eu"],
              ["US", "us"],
            ] as const) {
              const question = { host: "web.example.org", path: "/", method: "GET", geo: { country }, draw };
              const { decision } = explain({ snapshot, question, report, vantage, nowMs: simulation.nowMs });
              expect(decision).toMatchObject({ kind: "forward", first: { region: zone } });
            }
        });
      }),
      RUNS,
    );
  });
});
