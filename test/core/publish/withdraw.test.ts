/** What is taken back when what was tried did harm, and which Policy says that it is tried at all. */
import { describe, expect, test } from "vitest";
import { propose } from "../../../admin/core/changes/propose.ts";
import { emptyState, type FleetState } from "../../../admin/core/changes/state.ts";
import { publishingInForce } from "../../../admin/core/publish/hold.ts";
import { OVERLAY_EXPIRES_MS_DEFAULT } from "../../../config/limits.ts";
import {
  FlagSwitch,
  type Overlay,
  overlayKey,
  RegionDrain,
  RegionReturn,
  RuleOverride,
  WeightShift,
} from "../../../config/overlays.ts";
import { fleetOf, route, SOUND, soundBut } from "../config/fixtures.ts";

const NOW_MS = 1_000;

const DOCUMENTS = soundBut(
  route("web", { steering: [{ name: "new", when: { any: true, flag: "checkout" }, weights: { eu: 3, us: 1 } }] }),
  {
    ...{ apiVersion: "fairlead.dev/v1", kind: "Flag", metadata: { name: "checkout" } },
    spec: { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" },
  },
);

function stateOf(overlays: readonly Overlay[]): FleetState {
  const { fleet, documents } = fleetOf(DOCUMENTS);
  return { ...emptyState("production"), revision: 7, documents, fleet, overlays };
}

const made = { author: "mia", reason: "before", createdAtMs: 0 };
const drain = (expiresAtMs: number) =>
  RegionDrain.parse({ kind: "regionDrain", region: "eu", mode: "immediate", expiresAtMs, ...made });
const RETURN = RegionReturn.parse({ kind: "regionReturn", region: "eu", returnedAtMs: 1, ...made });
const SWITCH = FlagSwitch.parse({ kind: "flagSwitch", flag: "checkout", state: "DISABLED", expiresAtMs: 999, ...made });
const OVERRIDE = RuleOverride.parse({ kind: "ruleOverride", name: "old", rules: ["stepMax"], expiresAtMs: 5, ...made });
const SHIFT = WeightShift.parse({ kind: "weightShift", route: "web", rule: "new", weights: { eu: 1, us: 1 }, ...made });

describe("a withdrawal takes back", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, readonly Overlay[], readonly Overlay[], Readonly<Record<string, number>>]>([
    // what                                                served everywhere   tried              afterwards, and when that ends
    ["a shift",                                            [],                 [SHIFT],           {}],
    ["the end of a shift",                                 [SHIFT],            [],                { "weightShift/web/new": 0 }],
    ["the end of a drain: it lasts on",                    [drain(999)],       [RETURN],          { "regionDrain/eu": NOW_MS + OVERLAY_EXPIRES_MS_DEFAULT }],
    ["the end of a switch: it lasts on",                   [SWITCH],           [],                { "flagSwitch/checkout": NOW_MS + OVERLAY_EXPIRES_MS_DEFAULT }],
    ["nothing of an override, which edges do not know",    [OVERRIDE],         [],                {}],
    ["no drain, and what is drained is not coming back",   [RETURN],           [drain(9_000)],    { "regionDrain/eu": 9_000 }],
  ])("%s", (_, served, tried, expected) => {
    const past = (revision: number) => (revision === 3 ? stateOf(served) : undefined);
    const context = { author: "fairlead", manager: "fairlead", nowMs: NOW_MS, development: false, past };
    const proposal = propose(stateOf(tried), { kind: "withdraw", revision: 3, because: "edges refused it" }, context);
    const overlays = proposal.ok ? proposal.value.overlays : [];
    const ends = overlays.map((one) => [overlayKey(one), "expiresAtMs" in one ? one.expiresAtMs : 0]);
    expect(Object.fromEntries(ends)).toEqual(expected);
  });
});

test("what is tried goes by the Policy in force, and the first one counts at once", () => {
  const publishing = { canaryVantage: "weur", hold: "10s" };
  const policy = { apiVersion: "fairlead.dev/v1", kind: "Policy", metadata: { name: "default" }, spec: { publishing } };
  const trying = fleetOf(soundBut(policy)).fleet;
  const plain = fleetOf(SOUND).fleet;
  expect(publishingInForce(trying, plain)).toEqual(publishing);
  expect(publishingInForce(plain, trying)).toEqual(publishing);
  expect(publishingInForce(plain, plain)).toBeUndefined();
});
