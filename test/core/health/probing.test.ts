/** One prober's reasoning: whom it asks, and what it tells of what it sees. */
import { describe, expect, test } from "vitest";
import { type ClusterHealth, unknownHealth } from "../../../admin/core/health/cluster-health.ts";
import type { ProbeOutcome } from "../../../admin/core/health/outcome.ts";
import { Probing, type ProbingConfig } from "../../../admin/core/health/probing.ts";
import type { ProbeCheck, ProbeTarget } from "../../../admin/core/health/targets.ts";

const checkOf = (name: string): ProbeCheck => ({
  ...{ name, role: "mustPass", url: `https://a.example.com/${name}`, method: "GET" },
  ...{ intervalMs: 10_000, timeoutMs: 2_000, rise: 1, fall: 1 },
});

const targetOf = (cluster: string, ...checks: string[]): ProbeTarget => ({
  ...{ cluster, holdDownMs: 20_000 },
  checks: checks.map(checkOf),
});

const config = (targets: readonly ProbeTarget[], statuses: readonly string[] = []): ProbingConfig => ({
  targets,
  statuses: statuses.map((cluster) => ({ cluster, region: "eu", url: `https://${cluster}.example.com/status` })),
  statusIntervalMs: 30_000,
});

const half = () => 0.5;
const SUCCESS: ProbeOutcome = { kind: "success", status: 200, durationMs: 1 };
const FAILURE: ProbeOutcome = { kind: "failure", because: "timeout", durationMs: 2_000 };

const healthy: ClusterHealth = { ...unknownHealth(0), state: "healthy" };

describe("a prober", () => {
  test("asks what is new at once, every check of it", () => {
    const probing = new Probing(new Map());
    probing.configure(config([targetOf("a", "page", "queue"), targetOf("b", "page")]), 0, half);
    expect(probing.begin(0, half).map(({ key }) => key)).toEqual(["a/page", "a/queue", "b/page"]);
  });

  test("asks what it knew before a restart, and what clusters report, within one interval", () => {
    const probing = new Probing(new Map([["a", healthy]]));
    probing.configure(config([targetOf("a", "page"), targetOf("b", "page")], ["a"]), 0, half);
    expect(probing.begin(0, half).map(({ key }) => key)).toEqual(["b/page"]);
    expect(probing.nextMs()).toBe(5_000);
    expect(probing.begin(5_000, half)).toMatchObject([{ kind: "probe", cluster: "a" }]);
    expect(probing.begin(15_000, half)).toMatchObject([{ kind: "status", cluster: "a" }]);
  });

  test("tells of a change once, and forgets who is gone", () => {
    const probing = new Probing(new Map());
    probing.configure(config([targetOf("a", "page")]), 0, half);
    const succeeded = { check: "page", outcome: SUCCESS };
    expect(probing.observe("a", succeeded, 5)).toMatchObject({
      cluster: "a",
      from: "unknown",
      to: { state: "healthy" },
    });
    expect(probing.observe("a", succeeded, 6)).toBeUndefined();
    probing.configure(config([targetOf("b", "page")]), 7, half);
    expect(probing.observe("a", succeeded, 8)).toBeUndefined();
    expect(probing.healthOf("a")).toBeUndefined();
    expect(Object.keys(probing.seen(8))).toEqual(["b"]);
  });

  test("says what it sees, why, how often it fell and until when it stays down", () => {
    const probing = new Probing(new Map());
    probing.configure(config([targetOf("a", "page"), targetOf("b", "page")]), 0, half);
    probing.observe("a", { check: "page", outcome: FAILURE }, 5);
    expect(probing.seen(6)).toEqual({
      a: {
        ...{ state: "unhealthy", sinceMs: 5, flaps: 1, heldUntilMs: 20_005 },
        because: { check: "page", code: "timeout" },
      },
      b: { state: "unknown", sinceMs: 0, flaps: 0 },
    });
    expect(probing.seen(20_005).a).not.toHaveProperty("heldUntilMs");
  });

  test("is idle when there is nothing to ask", () => {
    const probing = new Probing(new Map());
    expect(probing.isIdle).toBe(true);
    probing.configure(config([], ["a"]), 0, half);
    expect(probing.isIdle).toBe(false);
  });

  test("counts what its probes found, of who was never asked as well, and of nobody who is gone", () => {
    const probing = new Probing(new Map());
    probing.configure(config([targetOf("b", "page", "queue"), targetOf("a", "page")]), 0, half);
    probing.observe("b", { check: "page", outcome: SUCCESS }, 1);
    probing.observe("b", { check: "queue", outcome: { kind: "slow", status: 200, durationMs: 900 } }, 2);
    probing.observe("b", { check: "queue", outcome: FAILURE }, 3);
    expect(probing.tallies()).toEqual([
      { cluster: "a", successes: 0, failures: 0 },
      { cluster: "b", successes: 2, failures: 1 },
    ]);
    probing.configure(config([targetOf("a", "page")]), 4, half);
    probing.configure(config([targetOf("b", "page")]), 5, half);
    expect(probing.tallies()).toEqual([{ cluster: "b", successes: 0, failures: 0 }]);
  });
});
