/** What holds for every change, whatever it is. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import { evaluateSafety } from "../../../admin/core/safety/evaluate.ts";
import type { OpenIncident, SafetyInput } from "../../../admin/core/safety/safety-input.ts";
import { regionsOn } from "../../../admin/core/safety/switches.ts";
import type { Verdict } from "../../../admin/core/safety/verdict.ts";
import type { HealthState } from "../../../config/health.ts";
import {
  drainCluster,
  drainRegion,
  flag,
  frozen,
  inputOf,
  type Json,
  NOW_MS,
  override,
  policy,
  projectionOf,
  returned,
  service,
  shift,
  stateOf,
  switched,
  web,
  worldBut,
  worldWithout,
} from "./world.ts";

const REGIONS = ["eu", "us", "ap"] as const;
const CLUSTERS = REGIONS.map((name) => `${name}-web`);
const SAFETY = {
  assertions: [{ name: "two", controls: { regions: REGIONS }, require: "ATLEAST", atLeast: 2 }],
  gates: [{ name: "open", gate: { flags: ["beta"] }, require: "OR", targets: { regions: ["us"] } }],
};
const RESIDENCY = [
  { clients: { eu: true }, jurisdictions: ["eu"] },
  { clients: { unknown: true }, jurisdictions: ["eu"] },
  { clients: { any: true }, jurisdictions: ["eu", "us", "in"] },
];
const rules = fc.constantFrom<Json>(
  policy({}),
  policy({ safety: SAFETY }),
  policy({ safety: { ...SAFETY, acceptingRegionsMin: 2 } }),
);
const weights = fc.record({ eu: fc.nat(9), us: fc.nat(9), ap: fc.nat(9) }).filter(({ eu, us, ap }) => eu + us + ap > 0);
const documents = fc
  .record({
    rules,
    europe: weights,
    resident: fc.boolean(),
    removed: fc.subarray(["Cluster/ap-web", "Policy/production"]),
  })
  .map(({ rules: chosen, europe, resident, removed }) =>
    worldWithout(
      removed,
      worldBut(chosen, flag("beta"), service("web", resident ? { residency: RESIDENCY } : {}), web(europe)),
    ),
  );

const leftMs = fc.integer({ min: -1_000, max: 100_000 });
const overlays = fc
  .record({
    drained: fc.subarray([...REGIONS]),
    graceful: fc.option(leftMs),
    clusters: fc.subarray(CLUSTERS),
    back: fc.subarray([...REGIONS]),
    shift: fc.option(weights),
    beta: fc.option(fc.constantFrom("ENABLED" as const, "DISABLED" as const)),
    freeze: fc.option(fc.record({ regions: fc.option(fc.subarray([...REGIONS], { minLength: 1 })), left: leftMs })),
    glass: fc.subarray(["stepMax", "waitSame", "assertion/two", "acceptingRegions", "freeze"]),
  })
  .map(({ drained, graceful, clusters, back, shift: shifted, beta, freeze, glass }) => [
    ...drained.map((name) =>
      drainRegion(name, graceful === null ? {} : { mode: "graceful", deadlineMs: NOW_MS + graceful }),
    ),
    ...clusters.map((name) => drainCluster(name)),
    ...back.map((name) => returned(name, NOW_MS - 1_000)),
    ...(shifted === null ? [] : [shift("europe", shifted)]),
    ...(beta === null ? [] : [switched("beta", beta)]),
    ...(freeze === null
      ? []
      : [
          frozen({
            expiresAtMs: NOW_MS + freeze.left,
            ...(freeze.regions === null ? {} : { regions: freeze.regions }),
          }),
        ]),
    ...(glass.length === 0 ? [] : [override(glass), override(glass, { name: "ember" })]),
  ]);
const state = fc.tuple(documents, overlays).map(([written, live]) => stateOf(written, live));

const history: fc.Arbitrary<readonly ControlChange[]> = fc.array(
  fc.record({
    control: fc.constantFrom("region/eu", "region/us", "cluster/eu-web", "flag/beta", "weights/web/europe"),
    direction: fc.constantFrom("on", "off", "shift"),
    deltasBps: fc.integer({ min: -5_000, max: 5_000 }).map((bps) => ({ eu: -bps, us: bps })),
    atMs: fc.integer({ min: NOW_MS - 4_000_000, max: NOW_MS }),
  }),
  { maxLength: 6 },
);
const health = fc.option(
  fc.dictionary(
    fc.constantFrom(...CLUSTERS),
    fc.constantFrom<HealthState>("healthy", "degraded", "unhealthy", "unknown"),
  ),
  { nil: undefined },
);
const projection = fc
  .record(Object.fromEntries(REGIONS.map((name) => [name, fc.record({ share: fc.nat(10_000), rate: fc.nat(200) })])))
  .map(projectionOf);
const incidents: fc.Arbitrary<readonly OpenIncident[]> = fc.array(
  fc.record({ id: fc.constantFrom("a", "b", "c"), severity: fc.constantFrom(1, 2, 3), title: fc.constant("slow") }),
  { maxLength: 3 },
);
const input: fc.Arbitrary<SafetyInput> = fc
  .record({
    before: state,
    after: state,
    direction: fc.constantFrom("safe", "comeback", "undo", "change"),
    history,
    health,
    incidents,
    projections: fc.record({ before: projection, after: projection }),
  })
  .map(({ before, after, health: known, ...rest }) =>
    inputOf(before, after, { ...rest, health: known === undefined ? undefined : new Map(Object.entries(known)) }),
  );

const ALL_DRAINED = stateOf(
  undefined,
  REGIONS.map((name) => drainRegion(name)),
);

const outcomes = (verdicts: readonly Verdict[], ...names: readonly string[]) =>
  verdicts.filter(({ rule }) => names.includes(rule)).map(({ outcome }) => outcome);

describe("laws", () => {
  test("what makes things safer is never stopped by how fast, when, or by whom it was forbidden", () => {
    fc.assert(
      fc.property(input, (any) => {
        const verdicts = evaluateSafety({ ...any, direction: "safe" });
        const pace = ["stepMax", "shiftPerHour", "midChange", "waitSame", "waitOpposite", "freeze", "incident"];
        expect(outcomes(verdicts, ...pace)).toEqual(pace.map(() => "notEvaluated"));
        expect(outcomes(verdicts, "capacity")).not.toContain("deny");
        expect(verdicts.filter(({ retryAfterMs }) => retryAfterMs !== undefined)).toEqual([]);
      }),
    );
  });

  test("the same input gives the same verdicts, whatever the order of its lists", () => {
    const shuffled = <T>(items: readonly T[], seed: number) =>
      [...items]
        .map((item, index) => ({ item, key: (index * 7_919 + seed) % 101 }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item);
    fc.assert(
      fc.property(input, fc.nat(100), (one, seed) => {
        const turn = (side: SafetyInput["before"]) => ({
          ...side,
          documents: shuffled(side.documents, seed),
          overlays: shuffled(side.overlays, seed),
        });
        const other = inputOf(turn(one.before), turn(one.after), {
          ...one,
          projections: {
            before: one.projections.before,
            after: { ...one.projections.after, regions: shuffled(one.projections.after.regions, seed) },
          },
          history: shuffled(one.history, seed),
          incidents: shuffled(one.incidents, seed),
          health: one.health === undefined ? undefined : new Map(shuffled([...one.health], seed)),
        });
        expect(evaluateSafety(one)).toEqual(evaluateSafety(one));
        expect(evaluateSafety(other)).toEqual(evaluateSafety(one));
      }),
    );
  });

  test("a state in which no region takes new clients never passes", () => {
    fc.assert(
      fc.property(input, (any) => {
        const after = { ...any.after, overlays: ALL_DRAINED.overlays };
        const closed = inputOf(any.before, after, any);
        const verdicts = evaluateSafety(closed);
        expect(outcomes(verdicts, "acceptingRegions", "healthyClusters")).not.toContain("pass");
        const lost = regionsOn(closed.snapshots.before).size > 0;
        expect(outcomes(verdicts, "acceptingRegions")).toContain(lost ? closedOutcome(closed) : "warn");
      }),
    );
  });

  test("what is denied has a sentence with a number, and numbers for programs", () => {
    fc.assert(
      fc.property(input, (any) => {
        for (const { rule, outcome, sentence, numbers } of evaluateSafety(any)) {
          expect(sentence).toMatch(/^[A-Z\w][^\n]*\.$/);
          if (outcome === "notEvaluated") continue;
          expect(Object.keys(numbers).length, rule).toBeGreaterThan(0);
          if (outcome === "deny") expect(sentence).toMatch(/\d/);
        }
      }),
    );
  });

  test("nothing is denied when nothing changes, and an override only ever lets more pass", () => {
    fc.assert(
      fc.property(
        input,
        fc.subarray(["stepMax", "assertion/two", "capacity", "gate/open"], { minLength: 1 }),
        (any, names) => {
          const idle = evaluateSafety(
            inputOf(any.before, any.before, { history: any.history, incidents: any.incidents, health: any.health }),
          );
          expect(idle.filter(({ outcome }) => outcome === "deny")).toEqual([]);
          const glass = stateOf([], [override(names, { name: "more" })]).overlays;
          const opened = { ...any, after: { ...any.after, overlays: [...any.after.overlays, ...glass] } };
          const denied = (verdicts: readonly Verdict[]) =>
            verdicts.filter(({ outcome }) => outcome === "deny").map(({ rule }) => rule);
          expect(denied(evaluateSafety(any)).filter((rule) => !names.includes(rule))).toEqual(
            denied(evaluateSafety(opened)),
          );
        },
      ),
    );
  });
});

/** An override of the change before may name the rule. */
function closedOutcome({ before }: SafetyInput): string {
  return before.overlays.some((one) => one.kind === "ruleOverride" && one.rules.includes("acceptingRegions"))
    ? "overridden"
    : "deny";
}
