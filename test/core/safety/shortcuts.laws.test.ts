/**
 * What is skipped because it is the same object, or has nothing to do with the change, makes no difference: a commit of a
 * large fleet lives on that, so it must be true of every change.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import { controlChangesBetween } from "../../../admin/core/safety/control-changes.ts";
import { rulesInForce } from "../../../admin/core/safety/defaults.ts";
import { evaluateSafety } from "../../../admin/core/safety/evaluate.ts";
import { lookedBackAt } from "../../../admin/core/safety/looked-back-at.ts";
import { touchedBy } from "../../../admin/core/safety/touched.ts";
import type { Overlay } from "../../../config/overlays.ts";
import {
  drainCluster,
  drainRegion,
  examined,
  flag,
  frozen,
  inputOf,
  type Json,
  NOW_MS,
  override,
  policy,
  returned,
  service,
  shift,
  snapshotOf,
  stateOf,
  switched,
  web,
  worldBut,
  worldWithout,
} from "./world.ts";

const SAFETY = {
  removalMaxPercent: 10,
  assertions: [
    { name: "regions", controls: { regions: ["eu", "us"] }, require: "ATLEAST", atLeast: 1 },
    { name: "clusters", controls: { clusters: ["eu-web", "ap-web"] }, require: "OR" },
    { name: "flags", controls: { flags: ["beta"] }, require: "OR", wait: "off" },
  ],
  gates: [{ name: "open", gate: { flags: ["beta"] }, require: "OR", targets: { routes: ["web"] } }],
};
const RESIDENCY = [
  { clients: { eu: true }, jurisdictions: ["eu"] },
  { clients: { any: true }, jurisdictions: ["eu", "us", "in"] },
];
const FLEET = worldBut(policy({ safety: SAFETY }), flag("beta"), service("web", { residency: RESIDENCY }));
const OTHER_FLEETS = [
  worldWithout(["Cluster/us-web"], FLEET),
  [...worldWithout(["Service/web"], FLEET), service("web")],
  [...worldWithout(["Route/web"], FLEET), web({ us: 1 }, { eu: 1 })],
  worldWithout(["Policy/production"], FLEET),
];

/** For each key what may live under it; of each at most one is alive at a time. */
const POOL: readonly (readonly Json[])[] = [
  [drainRegion("eu"), drainRegion("eu", { mode: "graceful", deadlineMs: NOW_MS + 1 }), returned("eu", NOW_MS - 1)],
  [drainRegion("us")],
  [drainCluster("eu-web"), drainCluster("eu-web", { expiresAtMs: NOW_MS })],
  [shift("europe", { eu: 1, us: 1 }), shift("europe", { us: 1 })],
  [shift("default", { eu: 0, us: 1, ap: 1 })],
  [switched("beta", "DISABLED"), switched("beta", "ENABLED")],
  [frozen(), frozen({ regions: ["us"] })],
  [override(["waitSame", "freeze"])],
];

/** The same overlay is the same object in every state of the same documents, as it is from commit to commit. */
function statesOf(documents: readonly Json[]): readonly [FleetState, readonly (readonly Overlay[])[]] {
  return [stateOf(documents), POOL.map((group) => group.flatMap((overlay) => stateOf(documents, [overlay]).overlays))];
}
const FLEETS = [FLEET, ...OTHER_FLEETS].map(statesOf);

const alive = fc.tuple(...POOL.map((group) => fc.integer({ min: -1, max: group.length - 1 })));
const fleet = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(FLEETS.length - 1));
const state = fc.tuple(fleet, alive).map(([at, chosen]): FleetState => {
  const [base, pool] = FLEETS[at] ?? statesOf(FLEET);
  return { ...base, overlays: chosen.flatMap((index, group) => pool[group]?.[index] ?? []) };
});

const CONTROLS = [
  ...["region/eu", "region/us", "region/ap", "cluster/eu-web", "cluster/us-web", "cluster/ap-web"],
  ...["flag/beta", "weights/web/europe", "weights/web/default", "weights/other/europe"],
];
const history = fc.array(
  fc.record<ControlChange>({
    control: fc.constantFrom(...CONTROLS),
    direction: fc.constantFrom("on", "off", "shift"),
    deltasBps: fc.constantFrom({}, { eu: 4_000, us: -4_000 }, { eu: -9_000, us: 9_000 }),
    atMs: fc.integer({ min: NOW_MS - 120_000, max: NOW_MS }),
  }),
  { maxLength: 8 },
);
const direction = fc.constantFrom("safe" as const, "comeback" as const, "undo" as const, "change" as const);

test("equal is as good as the same", () => {
  fc.assert(
    fc.property(state, state, direction, history, (before, after, way, past) => {
      const input = inputOf(before, after, { direction: way, history: past });
      const copy = inputOf(structuredClone(before), structuredClone(after), { direction: way, history: past });
      expect(evaluateSafety(input)).toEqual(evaluateSafety(copy));
      const change = examined(before, after);
      expect(change.controls).toEqual(examined(copy.before, copy.after).controls);
      expect(change.touched).toEqual(touchedBy(copy.before, copy.after, change.controls));
    }),
  );
});

test("what else was turned within the hour makes no difference", () => {
  fc.assert(
    fc.property(state, state, direction, history, (before, after, way, past) => {
      const compiled = {
        before: { state: before, snapshot: snapshotOf(before) },
        after: { state: after, snapshot: snapshotOf(after) },
      };
      const turned = controlChangesBetween(compiled.before, compiled.after, NOW_MS);
      const asked = lookedBackAt(turned, compiled, rulesInForce(before, after));
      const known = past.filter(({ control }) => asked.includes(control));
      expect(evaluateSafety(inputOf(before, after, { direction: way, history: known }))).toEqual(
        evaluateSafety(inputOf(before, after, { direction: way, history: past })),
      );
    }),
  );
});

// biome-ignore format: a table reads in columns
test.each<[documents: string, overlay: Json | undefined, expected: readonly string[]]>([
  ["with assertions",    undefined,                      []],
  ["with assertions",    shift("europe", { us: 1 }),     ["weights/web/europe"]],
  ["with assertions",    drainRegion("eu"),              ["region/eu", "region/us", "region/ap", "cluster/eu-web", "cluster/ap-web"]],
  ["with assertions",    drainCluster("us-web"),         ["cluster/us-web"]],
  ["with assertions",    switched("beta", "DISABLED"),   ["flag/beta"]],
  ["without assertions", drainRegion("eu"),              ["region/eu"]],
])("documents %s and %j look back at %j", (documents, overlay, expected) => {
  const written = documents === "with assertions" ? FLEET : worldWithout(["Policy/production"], FLEET);
  const before = stateOf(written);
  const after = { ...before, overlays: stateOf(written, overlay === undefined ? [] : [overlay]).overlays };
  const compiled = {
    before: { state: before, snapshot: snapshotOf(before) },
    after: { state: after, snapshot: snapshotOf(after) },
  };
  const turned = controlChangesBetween(compiled.before, compiled.after, NOW_MS);
  expect(new Set(lookedBackAt(turned, compiled, rulesInForce(before, after)))).toEqual(new Set(expected));
});
