/** Plans as a whole: that the parts come together, and what their digest stands for. */
import { describe, expect, test } from "vitest";
import { emptyState, type FleetState } from "../../../admin/core/changes/state.ts";
import { demandOf } from "../../../admin/core/plan/demand.ts";
import {
  type PlanChangeInput,
  type PlanDigestInput,
  planChange,
  planDigest,
} from "../../../admin/core/plan/plan-change.ts";
import { capacitiesOf, type ProjectionState, project, settledHealth } from "../../../admin/core/plan/project.ts";
import type { Demand } from "../../../admin/core/plan/projection.ts";
import type { Verdict } from "../../../admin/core/safety/verdict.ts";
import { compile } from "../../../config/compile.ts";
import type { HealthState } from "../../../config/health.ts";
import { Revision } from "../../../config/ids.ts";
import { Overlay } from "../../../config/overlays.ts";
import { cluster, fleetOf, route, SOUND, service, soundBut } from "../config/fixtures.ts";

const WHY = { author: "kim", reason: "capacity", createdAtMs: 1 };
const DEMAND = demandOf({ policy: { demand: { requestsPerSecond: 80 } } });

function stateOf(inputs: readonly unknown[], overlays: readonly Overlay[] = []): FleetState {
  return { ...emptyState("production"), ...fleetOf(inputs), revision: 7, overlays };
}

function projectedOf(
  state: FleetState,
  demand: Demand = DEMAND,
  health: Record<string, HealthState> = {},
): ProjectionState {
  const { fleet, overlays, environment } = state;
  return project({
    snapshot: compile({ fleet, overlays, environment, revision: Revision.parse(state.revision) }),
    demand,
    health: settledHealth(new Map(Object.entries(health))),
    capacities: capacitiesOf(fleet),
  });
}

function planBetween(before: FleetState, after: FleetState, more: Partial<PlanChangeInput> = {}) {
  return planChange({
    base: { state: before, digest: "base" },
    mutation: { kind: "test" },
    before: { state: before, projected: projectedOf(before) },
    after: { state: after, projected: projectedOf(after) },
    verdicts: [],
    approvals: { required: 0, because: [] },
    nowMs: 0,
    ...more,
  });
}

const shift = (eu: number, us: number) =>
  Overlay.parse({ kind: "weightShift", route: "web", rule: "default", weights: { eu, us }, ...WHY });

describe("a plan", () => {
  test("of a weight shift says what differs, where traffic goes, who moves and what could fail", () => {
    const plan = planBetween(stateOf(SOUND), stateOf(SOUND, [shift(3, 1)]));
    expect(plan.base).toEqual({ revision: 7, digest: "base" });
    expect(plan.diff).toEqual({
      documents: [],
      overlays: [{ kind: "added", overlay: "weightShift/web/default", after: shift(3, 1) }],
    });
    expect(plan.before.regions.map(({ region, shareBps }) => [region, shareBps])).toEqual([
      ["eu", 10_000],
      ["us", 0],
    ]);
    expect(plan.after.regions).toEqual([
      { region: "eu", shareBps: 7_500, capacityRequestsPerSecond: 100, requestsPerSecond: 60, utilizationBps: 6_000 },
      { region: "us", shareBps: 2_500, capacityRequestsPerSecond: 100, requestsPerSecond: 20, utilizationBps: 2_000 },
    ]);
    expect(plan.moved.regionBps).toBeGreaterThan(2_300);
    expect(plan.moved.regionBps).toBeLessThan(2_700);
    // Either region could carry all 80 requests/s of both.
    expect(plan.failures.single).toMatchObject({ unservedBps: 0, overCapacity: [] });
    expect(plan.failures.double).toMatchObject({ unservedBps: 10_000 });
    expect(plan.warnings).toEqual([]);
    expect(plan).not.toHaveProperty("replay");
  });

  test("of new documents says which fields differ, those of untouched documents aside", () => {
    const heavier = cluster("us-web", { region: "us", weight: 5 });
    const plan = planBetween(
      stateOf(SOUND),
      stateOf(soundBut(heavier, route("api", { match: { hosts: ["api.example.org"] } }))),
    );
    expect(plan.diff.documents).toEqual([
      { kind: "changed", document: "Cluster/us-web", path: ["spec", "weight"], before: 1, after: 5 },
      { kind: "added", document: "Route/api", path: [], after: expect.objectContaining({ kind: "Route" }) },
    ]);
  });

  test("of nothing has no difference, moves nobody and warns of nothing new", () => {
    const state = stateOf(SOUND, [shift(3, 1)]);
    const plan = planBetween(state, state);
    expect(plan.diff).toEqual({ documents: [], overlays: [] });
    expect(plan.moved).toEqual({ bps: 0, regionBps: 0, decisions: 0 });
    expect(plan.after).toEqual(plan.before);
    expect(plan.warnings).toEqual([]);
  });

  test("is the same whenever it is made, and whatever objects it is made of", () => {
    const change = [stateOf(SOUND), stateOf(SOUND, [shift(1, 1)])] as const;
    const plan = planBetween(...change);
    expect(planBetween(...structuredClone(change), { nowMs: 86_400_000 })).toEqual(plan);
  });

  test("replays requests that are given", () => {
    const requests = [{ host: "web.example.org", key: "198.51.100.7" }, { host: "other.example.org" }];
    const plan = planBetween(stateOf(SOUND), stateOf(SOUND, [shift(0, 1)]), { replay: { source: "given", requests } });
    expect(plan.replay).toEqual({
      source: "given",
      requests: 2,
      changed: 1,
      changes: [{ request: requests[0], before: "eu/eu-web", after: "us/us-web" }],
    });
  });

  test("that leaves a zone one region warns of what a failure would do", () => {
    const residency = service("web", { residency: [{ clients: { any: true }, jurisdictions: ["eu"] }] });
    const plan = planBetween(stateOf(SOUND), stateOf(soundBut(residency)));
    expect(plan.failures.single?.stranded.map(({ service: name }) => name)).toEqual(["web"]);
    expect(plan.warnings.map(({ code }) => code)).toEqual(["failureStrands"]);
  });
});

describe("the digest of a plan", () => {
  const pass: Verdict = { rule: "stepMax", outcome: "pass", sentence: "It is 25%.", numbers: { stepBps: 2_500 } };
  const { projection } = projectedOf(stateOf(SOUND));
  const refusing = stateOf(soundBut(service("web", { residency: [{ clients: { eu: true }, jurisdictions: ["eu"] }] })));
  const given: PlanDigestInput = {
    baseDigest: "base",
    mutation: { kind: "drain", target: { kind: "region", name: "eu" }, reason: "maintenance" },
    verdicts: [pass],
    approvals: { required: 1, because: ["The Policy wants one more person."] },
    after: projection,
  };
  const digest = planDigest(given);

  test("is the SHA-256 of its canonical text in hex", () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const { kind, target, reason } = given.mutation as Record<string, unknown>;
    expect(planDigest({ ...given, mutation: { reason, target, kind } })).toBe(digest);
  });

  test.each<[string, Partial<PlanDigestInput>]>([
    ["the state that it is planned on", { baseDigest: "other" }],
    ["what is asked for", { mutation: { ...(given.mutation as object), reason: "an incident" } }],
    ["what a rule says", { verdicts: [{ ...pass, outcome: "warn" }] }],
    ["which rules say something", { verdicts: [] }],
    ["how many must agree", { approvals: { required: 2, because: [] } }],
    ["who is left without service", { after: projectedOf(refusing).projection }],
  ])("changes with %s", (_, change) => {
    expect(planDigest({ ...given, ...change })).not.toBe(digest);
  });

  test.each<[string, Partial<PlanDigestInput>]>([
    [
      "how a rule puts it",
      { verdicts: [{ ...pass, sentence: "It is 25.1%.", numbers: { stepBps: 2_510 }, retryAfterMs: 9 }] },
    ],
    ["why they must agree", { approvals: { required: 1, because: [] } }],
    [
      "how much traffic there is",
      { after: projectedOf(stateOf(SOUND), { ...DEMAND, requestsPerSecond: 90 }).projection },
    ],
    ["from where it comes", { after: projectedOf(stateOf(SOUND), { ...DEMAND, countries: { DE: 1 } }).projection }],
    ["how a cluster is", { after: projectedOf(stateOf(SOUND), DEMAND, { "eu-web": "degraded" }).projection }],
  ])("does not change with %s", (_, change) => {
    expect(planDigest({ ...given, ...change })).toBe(digest);
  });

  test("is that of the plan", () => {
    const after = stateOf(SOUND, [shift(1, 1)]);
    const { digest: ofPlan, verdicts, approvals } = planBetween(stateOf(SOUND), after);
    const input = {
      baseDigest: "base",
      mutation: { kind: "test" },
      verdicts,
      approvals,
      after: projectedOf(after).projection,
    };
    expect(ofPlan).toBe(planDigest(input));
  });
});
