/** What one vantage believes of one cluster: thresholds, hold-down and flapping, in simulated time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClusterHealth,
  heldUntilMs,
  observe,
  resumedCheck,
  unknownHealth,
} from "../../../admin/core/health/cluster-health.ts";
import { FLAP_HOLD_MS_MAX, FLAP_WINDOW_MS, holdMs, noteDown } from "../../../admin/core/health/flapping.ts";
import type { ProbeOutcome } from "../../../admin/core/health/outcome.ts";
import type { ProbeCheck, ProbeTarget } from "../../../admin/core/health/targets.ts";

const SUCCESS: ProbeOutcome = { kind: "success", status: 200, durationMs: 1 };
const FAILURE: ProbeOutcome = { kind: "failure", because: "connection", durationMs: 1 };

function checkOf(name: string, fields: Partial<ProbeCheck> = {}): ProbeCheck {
  return {
    ...{ name, role: "mustPass", url: "https://eu.example.com/", method: "GET" },
    ...{ intervalMs: 1, timeoutMs: 1, rise: 2, fall: 1 },
    ...fields,
  };
}

function targetOf(holdDownMs: number, ...checks: ProbeCheck[]): ProbeTarget {
  return { cluster: "eu-blue", holdDownMs, checks };
}

/** `+` is a success, `-` a failure, `stepMs` apart, the first at `stepMs`. */
function observeAll(probes: string, target: ProbeTarget, stepMs = 1): readonly ClusterHealth[] {
  let health = unknownHealth(0);
  return [...probes].map((probe, index) => {
    const probed = { check: "c", outcome: probe === "+" ? SUCCESS : FAILURE };
    health = observe(health, probed, { target, nowMs: (index + 1) * stepMs });
    return health;
  });
}

/** One letter after each probe: unknown, healthy, or down. */
function believe(probes: string, target: ProbeTarget): string {
  const letters = { unknown: "u", healthy: "h", unhealthy: "d", degraded: "?" };
  return observeAll(probes, target)
    .map(({ state }) => letters[state])
    .join("");
}

describe("a cluster that was down stays down for a while", () => {
  test.each([
    // probes      hold-down  believed       came back at
    ["-++", 0, "ddh", [3]],
    ["-++", 2, "ddh", [3]], // down at 1, over at 3
    ["-++", 3, "ddd", []],
    ["-+++++", 3, "dddhhh", [4]], // the streak counts while it waits
    ["-+-+-+-+++", 4, "ddddddddhh", [9]], // and each failure breaks it
    ["-++-", 3, "dddd", []],
    ["-++-++", 4, "dddddh", [6]], // a failure meanwhile does not begin the hold-down anew
    ["-+++-+++", 3, "dddhdddh", [4, 8]], // but going down again does
    ["+-+++", 3, "hdddh", [5]],
    ["+++", 9, "hhh", []], // nobody is held down who was never down
  ])("%s with a hold-down of %i ms: %s", (probes, holdDownMs, believed, cameBackAtMs) => {
    const target = targetOf(holdDownMs, checkOf("c"));
    expect(believe(probes, target)).toBe(believed);
    const recovered = observeAll(probes, target).flatMap(({ recoveredAtMs }) => recoveredAtMs ?? []);
    expect([...new Set(recovered)]).toEqual(cameBackAtMs);
  });

  test("the state carries since when it holds, not when it was last confirmed", () => {
    const [first, second, third] = observeAll("++-", targetOf(0, checkOf("c", { rise: 1 })), 10);
    expect([first?.sinceMs, second?.sinceMs, third?.sinceMs]).toEqual([10, 10, 30]);
  });

  test("the reason stays while it is held down, and goes when it is back", () => {
    const states = observeAll("-+++", targetOf(3, checkOf("c")));
    const reasons = states.map(({ because }) => because?.code);
    expect(reasons).toEqual(["connection", "connection", "connection", undefined]);
  });
});

describe("a cluster that flaps stays down for longer", () => {
  test.each([
    // downs within ten minutes  hold-down   held
    [1, 20_000, 20_000],
    [2, 20_000, 20_000], // an outage that was not over yet
    [3, 20_000, 40_000],
    [4, 20_000, 60_000],
    [9, 20_000, 160_000],
    [16, 20_000, FLAP_HOLD_MS_MAX],
    [20, 20_000, FLAP_HOLD_MS_MAX],
    [1, 600_000, 600_000], // longer than our maximum because somebody wants it
    [9, 600_000, 600_000],
    [9, 0, 0],
  ])("the %i. time with %i ms: %i ms", (downs, holdDownMs, held) => {
    expect(holdMs(holdDownMs, downs)).toBe(held);
  });

  test.each([
    // went down before (minutes ago)   remembered now
    [[], [0]],
    [[9], [9, 0]],
    [[10], [0]], // the window is over
    [
      [30, 12, 3, 1],
      [3, 1, 0],
    ],
  ])("that it went down %j minutes ago is remembered as %j", (before, after) => {
    const nowMs = 100 * 60_000;
    const minutesAgo = (minutes: readonly number[]) => minutes.map((ago) => nowMs - ago * 60_000);
    expect(noteDown(minutesAgo(before), nowMs)).toEqual(minutesAgo(after));
  });

  test("and after a quiet time as long as at first", () => {
    const target = targetOf(20_000, checkOf("c"));
    const quiet = "+".repeat((2 * FLAP_WINDOW_MS) / 10_000);
    const states = observeAll(`-+++-++++-+++++-+++++++${quiet}-`, target, 10_000);
    const downs = states.filter(
      ({ state, sinceMs }, index) => state === "unhealthy" && sinceMs === (index + 1) * 10_000,
    );
    expect(downs.map((health) => (heldUntilMs(health, target) - health.sinceMs) / 1_000)).toEqual([20, 20, 40, 60, 20]);
  });

  test("so that however it flaps, its clients are moved ever more seldom", () => {
    const hour = Array.from({ length: 720 });
    const probes = fc.array(fc.constantFrom("+", "-"), { minLength: hour.length, maxLength: hour.length });
    fc.assert(
      fc.property(probes, (hourOfProbes) => {
        const target = targetOf(20_000, checkOf("c", { rise: 1 }));
        const states = observeAll(hourOfProbes.join(""), target, 5_000).map(({ state }) => state);
        const moves = states.filter((state, index) => index > 0 && state !== states[index - 1]).length;
        // With a fixed hold-down of 20 s it could be 288: down and up again every 25 s. Where the hold has settled there
        // are six times within each window, as 6 · 100 s fill it, and a few more on the way there: 2 · (36 + 6).
        expect(moves).toBeLessThanOrEqual(84);
      }),
      { numRuns: 50 },
    );
  });
});

describe("with several checks", () => {
  const target = targetOf(0, checkOf("page", { rise: 1 }), checkOf("queue", { role: "observe", rise: 1 }));
  const at = (nowMs: number) => ({ target, nowMs });

  test("names the one that failed and what it met", () => {
    const outcome: ProbeOutcome = { kind: "failure", because: "status", status: 503, durationMs: 1 };
    const health = observe(unknownHealth(0), { check: "page", outcome }, at(1));
    expect(health).toMatchObject({ state: "unhealthy", because: { check: "page", code: "status", status: 503 } });
  });

  test("what only observes decides nothing", () => {
    const first = observe(unknownHealth(0), { check: "queue", outcome: FAILURE }, at(1));
    expect(first.state).toBe("unknown");
    expect(observe(first, { check: "page", outcome: SUCCESS }, at(2)).state).toBe("healthy");
  });

  test("a check that is new takes back nothing that is known", () => {
    const before = observe(unknownHealth(0), { check: "page", outcome: SUCCESS }, at(1));
    const more = targetOf(0, ...target.checks, checkOf("new", { fall: 2 }));
    const after = observe(
      { ...before, checks: new Map() },
      { check: "page", outcome: SUCCESS },
      { target: more, nowMs: 2 },
    );
    expect(after.state).toBe("healthy");
  });

  test("when all of them only observe from now on, nothing is known", () => {
    const before = observe(unknownHealth(0), { check: "page", outcome: SUCCESS }, at(1));
    const observing = targetOf(0, checkOf("queue", { role: "observe" }));
    const after = observe(before, { check: "queue", outcome: SUCCESS }, { target: observing, nowMs: 2 });
    expect(after.state).toBe("unknown");
  });

  test("an answer to a check that is gone changes nothing", () => {
    const health = unknownHealth(0);
    expect(observe(health, { check: "gone", outcome: SUCCESS }, at(1))).toBe(health);
  });

  test.each([
    ["healthy", "-", "unhealthy"], // fall is 1
    ["unhealthy", "+", "unhealthy"], // rise is 2, and counts begin anew
    ["unhealthy", "++", "healthy"],
    ["unknown", "+", "healthy"],
    ["degraded", "+", "degraded"],
    ["degraded", "++", "healthy"],
  ] as const)("after a restart as %s, %s makes it %s", (state, probes, expected) => {
    const resumed: ClusterHealth = { ...unknownHealth(0), state };
    const one = targetOf(0, checkOf("c"));
    const after = [...probes].reduce((health, probe, index) => {
      const probed = { check: "c", outcome: probe === "+" ? SUCCESS : FAILURE };
      return observe(health, probed, { target: one, nowMs: index + 1 });
    }, resumed);
    expect(after.state).toBe(expected);
    expect(resumedCheck(state).successes).toBe(0);
  });
});
