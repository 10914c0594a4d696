/** The demo's own Policy lets one person walk through everything within a minute, and still refuses what is unsafe. */
import { expect, test } from "vitest";
import * as z from "zod/mini";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import { controlChanges } from "../../../admin/core/safety/control-changes.ts";
import { evaluateSafety } from "../../../admin/core/safety/evaluate.ts";
import type { ChangeDirection } from "../../../admin/core/safety/safety-input.ts";
import { denials } from "../../../admin/core/safety/verdict.ts";
import { Overlay } from "../../../config/overlays.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { DEMO_ENVIRONMENT, loadDemoFleet } from "../../../scripts/lib/demo-fleet.ts";
import { drainCluster, drainRegion, inputOf, type Json, NOW_MS, returned, shift } from "./world.ts";

const { documents, fleet } = readFleet(loadDemoFleet().documents, {
  environment: DEMO_ENVIRONMENT,
  development: true,
});

function live(...overlays: readonly Json[]): FleetState {
  const provenance = { author: "someone", reason: "a reason", createdAtMs: 0 };
  const parsed = overlays.map((overlay) => z.parse(Overlay, { ...provenance, ...overlay }));
  return { environment: DEMO_ENVIRONMENT, revision: 1, documents, fleet, overlays: parsed };
}

const europe = (toUsEast: number) => shift("europe", { "eu-west": 100 - toUsEast, "us-east": toUsEast });
const drained = (name: string) => drainRegion(name);
const back = (name: string) => returned(name, NOW_MS);

type Step = readonly [what: string, direction: ChangeDirection, after: FleetState];

/** All at once: no wait between them is longer than the time it takes to type. */
const WALK: readonly Step[] = [
  ["shift a quarter", "change", live(europe(25))],
  ["drain", "safe", live(europe(25), drained("eu-west"))],
  ["undrain", "comeback", live(europe(25), back("eu-west"))],
  ["shift half", "change", live(europe(50), back("eu-west"))],
  ["shift back", "change", live(back("eu-west"))],
  ["drain another", "safe", live(back("eu-west"), drained("us-east"))],
  ["undrain that too", "comeback", live(back("eu-west"), back("us-east"))],
  ["drain a cluster", "safe", live(drainCluster("eu-west-blue"))],
  ["undrain the cluster", "comeback", live()],
];

test("nothing in the README's walk is refused, and nobody has to wait", () => {
  let before = live();
  const history: ControlChange[] = [];
  for (const [what, direction, after] of WALK) {
    const verdicts = evaluateSafety(inputOf(before, after, { direction, history }));
    expect(denials(verdicts), what).toEqual([]);
    history.push(...controlChanges(before, after, NOW_MS));
    before = after;
  }
  expect(history.length).toBeGreaterThanOrEqual(WALK.length);
});

// biome-ignore format: a table reads in columns
test.each<[string, FleetState, FleetState, string]>([
  ["all of Europe in one step",       live(),                                        live(europe(51)),                                                          "stepMax"],
  ["the last region",                 live(drained("eu-west"), drained("us-east")),  live(drained("eu-west"), drained("us-east"), drained("ap-south")),         "acceptingRegions"],
])("%s is refused", (_, before, after, rule) => {
  expect(denials(evaluateSafety(inputOf(before, after))).map((verdict) => verdict.rule)).toEqual([rule]);
});
