/** What each kind of change makes of a small fleet: tables of requests, and what comes of them. */
import { describe, expect, test } from "vitest";
import { sortedDocuments } from "../../../admin/core/changes/apply-documents.ts";
import type {
  MutationContext,
  PastState,
  RequestedMutation,
  SingleMutation,
} from "../../../admin/core/changes/mutation.ts";
import { actionsOf, resourceOf } from "../../../admin/core/changes/mutation.ts";
import { propose } from "../../../admin/core/changes/propose.ts";
import { emptyState, type FleetState } from "../../../admin/core/changes/state.ts";
import { approvalsDue } from "../../../admin/core/commit/approvals-due.ts";
import { changesRouting, directionOf } from "../../../admin/core/commit/direction.ts";
import { nextState, stateDigest } from "../../../admin/core/commit/next-state.ts";
import { stale } from "../../../admin/core/commit/preconditions.ts";
import { sha256Hex } from "../../../admin/core/digest.ts";
import { publishingAfter } from "../../../admin/core/publish/hold.ts";
import { canonicalJson } from "../../../config/canonical.ts";
import { sortedBy } from "../../../config/order.ts";
import { Freeze, type Overlay, overlayKey, RegionDrain, RuleOverride, WeightShift } from "../../../config/overlays.ts";
import { fleetOf, route, SOUND, soundBut } from "../config/fixtures.ts";

const FLAG = {
  apiVersion: "fairlead.dev/v1",
  kind: "Flag",
  metadata: { name: "checkout" },
  spec: { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" },
};
const POLICY = {
  apiVersion: "fairlead.dev/v1",
  kind: "Policy",
  metadata: { name: "default" },
  spec: { safety: { assertions: [{ name: "one", controls: { regions: ["eu", "us"] }, require: "OR" }] } },
};
const ROUTE = route("web", {
  steering: [{ name: "new", when: { any: true, flag: "checkout" }, weights: { eu: 3, us: 1 } }],
});
const DOCUMENTS = soundBut(ROUTE, FLAG, POLICY);

const made = { author: "mia", reason: "before", createdAtMs: 0 };
const SHIFT_OF_CI = WeightShift.parse({
  ...{ kind: "weightShift", route: "web", rule: "new", weights: { eu: 1, us: 1 } },
  ...{ ...made, managedBy: "ci" },
});
const DRAIN_OF_CI = RegionDrain.parse({
  ...{ kind: "regionDrain", region: "eu", mode: "immediate", expiresAtMs: 9_000_000 },
  ...{ ...made, managedBy: "ci" },
});
const OLD_OVERRIDE = RuleOverride.parse({
  kind: "ruleOverride",
  name: "old",
  rules: ["stepMax"],
  expiresAtMs: 5,
  ...made,
});

function stateOf(documents: readonly unknown[], overlays: readonly Overlay[] = []): FleetState {
  const { fleet, documents: written } = fleetOf(documents);
  // As the control plane keeps them.
  const kept = { documents: sortedDocuments(written), overlays: sortedBy(overlays, overlayKey) };
  return { ...emptyState("production"), revision: 7, fleet, ...kept };
}

const context = (past: Readonly<Record<number, PastState>> = {}): MutationContext => ({
  ...{ author: "mia", manager: "people", nowMs: 1_000, development: false },
  past: (revision) => past[revision],
});

const why = { reason: "test" };

/** The codes of a refusal, or the keys of the overlays afterwards. */
function outcomeOf(state: FleetState, mutation: RequestedMutation, past?: Readonly<Record<number, PastState>>) {
  const proposal = propose(state, mutation, context(past));
  if (proposal.ok) return proposal.value.overlays.map(overlayKey);
  const { code, errors = [] } = proposal.error;
  return [code, ...errors.map(({ pointer, code: item }) => `${pointer} ${item}`)];
}

describe("flags, freezes and overrides", () => {
  const state = stateOf(DOCUMENTS, [OLD_OVERRIDE]);
  test.each<[SingleMutation, readonly string[]]>([
    [{ kind: "switchFlag", flag: "checkout", state: "DISABLED", ...why }, ["ruleOverride/old", "flagSwitch/checkout"]],
    [{ kind: "switchFlag", flag: "chekout", state: "DISABLED", ...why }, ["flagUnknown", "/name flag.unknown"]],
    [
      { kind: "switchFlag", flag: "checkout", state: "DISABLED", expiresInMs: 1, ...why },
      ["expiryInvalid", "/expiresIn expiry.range"],
    ],
    [{ kind: "releaseFlag", flag: "checkout", ...why }, ["ruleOverride/old"]],
    [{ kind: "releaseFlag", flag: "nothing", ...why }, ["flagUnknown", "/name flag.unknown"]],
    [{ kind: "freeze", name: "sale", ...why }, ["freeze/sale", "ruleOverride/old"]],
    [{ kind: "freeze", name: "sale", expiresInMs: 31 * 86_400_000, ...why }, ["freeze/sale", "ruleOverride/old"]],
    [
      { kind: "freeze", name: "sale", expiresInMs: 31 * 86_400_000 + 1, ...why },
      ["expiryInvalid", "/expiresIn expiry.range"],
    ],
    [
      { kind: "freeze", name: "sale", regions: ["eu", "ue"], routes: ["wbe"], ...why },
      ["freezeInvalid", "/regions/1 region.unknown", "/routes/0 route.unknown"],
    ],
    [{ kind: "liftFreeze", name: "sale", ...why }, ["freezeUnknown", "/name freeze.unknown"]],
    [
      { kind: "override", name: "new", rules: ["stepMax", "assertion/one"], ...why },
      ["ruleOverride/new", "ruleOverride/old"],
    ],
    [
      { kind: "override", name: "new", rules: ["stepMax", "assertion/two"], ...why },
      ["overrideInvalid", "/rules/1 rule.unknown"],
    ],
    [
      { kind: "override", name: "new", rules: ["stepMax"], expiresInMs: 72 * 3_600_000 + 1, ...why },
      ["expiryInvalid", "/expiresIn expiry.range"],
    ],
    [{ kind: "liftOverride", name: "old", ...why }, []],
    [{ kind: "liftOverride", name: "odl", ...why }, ["overrideUnknown", "/name override.unknown"]],
  ])("%j: %j", (mutation, expected) => {
    expect([...outcomeOf(state, mutation)].sort()).toEqual([...expected].sort());
  });

  test("a switch says which rules hang on the flag, and one without an end stays", () => {
    const proposal = propose(state, { kind: "switchFlag", flag: "checkout", state: "DISABLED", ...why }, context());
    expect(proposal).toMatchObject({
      value: { outcome: { kind: "switchFlag", rules: ["web/new"] }, overlays: [{}, { kind: "ruleOverride" }] },
    });
    expect(proposal.ok && proposal.value.overlays[0]).not.toHaveProperty("expiresAtMs");
  });
});

describe("what somebody else manages", () => {
  const state = stateOf(DOCUMENTS, [DRAIN_OF_CI, SHIFT_OF_CI]);
  const shift = { kind: "shiftWeights", route: "web", rule: "new", weights: { us: 3 }, ...why } as const;
  const region = { kind: "region", name: "eu" } as const;
  const keys = ["regionDrain/eu", "weightShift/web/new"];
  test.each<[SingleMutation, readonly string[]]>([
    [shift, ["managedByOther", "/managedBy managedBy.other"]],
    [{ ...shift, takeOver: true }, keys],
    [{ ...shift, managedBy: "ci" }, keys],
    [{ kind: "undrain", target: region, ...why }, ["managedByOther", "/managedBy managedBy.other"]],
    [{ kind: "undrain", target: region, ...why, takeOver: true }, ["regionReturn/eu", "weightShift/web/new"]],
    // Taking traffic away needs nobody's leave.
    [{ kind: "drain", target: region, mode: "immediate", ...why }, keys],
  ])("%j: %j", (mutation, expected) => {
    expect(outcomeOf(state, mutation)).toEqual(expected);
  });

  test("documents are changed by their manager, or on purpose", () => {
    const owned = { ...ROUTE, metadata: { name: "web", managedBy: "ci" } };
    const fleetWith = (web: unknown, flag: unknown) => [...SOUND.filter(({ kind }) => kind !== "Route"), web, flag];
    const before = stateOf(fleetWith(owned, FLAG));
    const documents = fleetWith({ ...owned, spec: { ...(ROUTE.spec as object), steering: [] } }, FLAG);
    expect(outcomeOf(before, { kind: "apply", documents })).toEqual(["managedByOther", "/documents managedBy.other"]);
    expect(outcomeOf(before, { kind: "apply", documents, managedBy: "ci" })).toEqual([]);
    expect(outcomeOf(before, { kind: "apply", documents, takeOver: true })).toEqual([]);
    // Others may change what is around it.
    const around = fleetWith(owned, { ...FLAG, spec: { ...FLAG.spec, state: "DISABLED" } });
    expect(outcomeOf(before, { kind: "apply", documents: around })).toEqual([]);
  });
});

describe("apply", () => {
  const state = stateOf(DOCUMENTS, [DRAIN_OF_CI, SHIFT_OF_CI]);

  test("keeps live overlays, but for those that are named or point at nothing any more", () => {
    expect(outcomeOf(state, { kind: "apply", documents: DOCUMENTS })).toEqual([
      "regionDrain/eu",
      "weightShift/web/new",
    ]);
    expect(outcomeOf(state, { kind: "apply", documents: DOCUMENTS, clear: ["regionDrain/eu"] })).toEqual([
      "weightShift/web/new",
    ]);
    const unruled = soundBut(route("web"), POLICY);
    expect(propose(state, { kind: "apply", documents: unruled }, context())).toMatchObject({
      value: { outcome: { overlaysKept: ["regionDrain/eu"], overlaysCleared: ["weightShift/web/new"] } },
    });
  });

  test("refuses to clear what is not there, with the nearest that is", () => {
    const proposal = propose(state, { kind: "apply", documents: DOCUMENTS, clear: ["regionDrian/eu"] }, context());
    expect(proposal).toMatchObject({
      error: { code: "clearInvalid", errors: [{ pointer: "/clear/0", didYouMean: "regionDrain/eu" }] },
    });
  });
});

describe("restore and withdraw", () => {
  const before = stateOf(SOUND, [SHIFT_OF_CI, OLD_OVERRIDE, DRAIN_OF_CI]);
  const freeze = Freeze.parse({ kind: "freeze", name: "sale", expiresAtMs: 9_000, ...made });
  const now = stateOf(DOCUMENTS, [freeze]);
  const past = { 3: before };

  test.each<[Extract<SingleMutation, { kind: "restore" }>, readonly string[]]>([
    [{ kind: "restore", revision: 3, overlays: "keep", ...why }, ["freeze/sale"]],
    // The shift is on a rule that revision 3 does not have, and the override has run out.
    [{ kind: "restore", revision: 3, overlays: "restore", ...why }, ["regionDrain/eu"]],
    [{ kind: "restore", revision: 4, overlays: "keep", ...why }, ["revisionUnknown"]],
    [{ kind: "restore", revision: 3, only: ["Route/web"], overlays: "keep", ...why }, ["freeze/sale"]],
    [
      { kind: "restore", revision: 3, only: ["Route/wbe"], overlays: "keep", ...why },
      ["restoreInvalid", "/only/0 document.unknown"],
    ],
  ])("%j: %j", (mutation, expected) => {
    expect(outcomeOf(now, mutation, past)).toEqual(expected);
  });

  test("one document of a revision comes back, the others stay", () => {
    const proposal = propose(
      now,
      { kind: "restore", revision: 3, only: ["Route/web"], overlays: "keep", ...why },
      context(past),
    );
    if (!proposal.ok) throw new Error(proposal.error.detail);
    expect(proposal.value.fleet.routes[0]?.spec.steering).toBeUndefined();
    expect(proposal.value.fleet.flags).toHaveLength(1);
    expect(proposal.value.outcome).toMatchObject({ kind: "restore", changes: [{ document: "Route/web" }] });
  });

  test("a withdrawal goes back to the state of then and keeps what was made safe since", () => {
    const withdrawal = { kind: "withdraw", revision: 3, because: "edges refused it" } as const;
    const proposal = propose(now, withdrawal, context(past));
    expect(proposal.ok && proposal.value.documents).toBe(before.documents);
    expect(proposal.ok && proposal.value.overlays.map(overlayKey)).toEqual([
      "freeze/sale",
      "regionDrain/eu",
      "weightShift/web/new",
    ]);
  });
});

describe("a batch", () => {
  const state = stateOf(DOCUMENTS);
  const drainOf = (name: string): SingleMutation => ({
    ...{ kind: "drain", target: { kind: "region", name }, mode: "immediate" },
    ...why,
  });

  test("is all of its parts, each on top of those before", () => {
    const mutations = [
      drainOf("eu"),
      { kind: "undrain", target: { kind: "region", name: "eu" }, ...why },
      drainOf("us"),
    ] as const;
    expect(outcomeOf(state, { kind: "batch", mutations, ...why })).toEqual(["regionDrain/us", "regionReturn/eu"]);
  });

  test("is none of them when one is refused, and says which", () => {
    const mutations = [drainOf("eu"), drainOf("su")];
    expect(outcomeOf(state, { kind: "batch", mutations, ...why })).toEqual([
      "regionUnknown",
      "/mutations/1/name region.unknown",
    ]);
  });

  test("needs the rights of all of its parts, and is as risky as the riskiest", () => {
    const safe: RequestedMutation = { kind: "batch", mutations: [drainOf("eu")], ...why };
    const risky: RequestedMutation = {
      ...safe,
      mutations: [drainOf("eu"), { kind: "undrain", target: { kind: "region", name: "us" }, ...why }],
    };
    expect(actionsOf(risky)).toEqual(["batch.commit", "region.drain", "region.undrain"]);
    expect(resourceOf(risky)).toBe("region/eu region/us");
    expect([safe, risky].map((batch) => directionOf(batch))).toEqual(["safe", "change"]);
    const freeze: SingleMutation = { kind: "freeze", name: "sale", ...why };
    expect([safe, { ...safe, mutations: [freeze] }].map(changesRouting)).toEqual([true, false]);
  });
});

describe("the next state", () => {
  const state = stateOf(DOCUMENTS);
  const [documentsDigest, overlaysDigest] = [state.documents, state.overlays].map((part) =>
    sha256Hex(canonicalJson(part)),
  );
  const digests = { documentsDigest: documentsDigest ?? "", overlaysDigest: overlaysDigest ?? "" };
  const target = { state, digest: stateDigest(state, digests.documentsDigest, digests.overlaysDigest), ...digests };
  const proposed = (mutation: RequestedMutation) => {
    const proposal = propose(state, mutation, context());
    if (!proposal.ok) throw new Error(proposal.error.detail);
    return nextState(target, proposal.value);
  };

  test("is none when the same is written in another order", () => {
    expect(proposed({ kind: "apply", documents: DOCUMENTS.toReversed() })).toBeUndefined();
  });

  test("keeps the very documents when only overlays change, so that nothing is compiled again", () => {
    const next = proposed({ kind: "freeze", name: "sale", ...why });
    expect(next?.stored.state.fleet).toBe(state.fleet);
    expect(next?.documentsText).toBeUndefined();
    expect(next?.stored.state.revision).toBe(8);
    expect(next?.stored.digest).not.toBe(target.digest);
  });
});

describe("approvals", () => {
  const approvals = [
    { actions: ["weights.shift", "region.drain"], approvals: 1 },
    { actions: ["weights.shift"], approvals: 2 },
  ];
  const { fleet } = fleetOf(soundBut({ ...POLICY, spec: { approvals } }));
  const large = {
    rule: "removal",
    outcome: "approve",
    sentence: "It removes 60% of the clusters.",
    numbers: {},
  } as const;
  test.each([
    // actions                          verdicts   people  reasons
    [["fleet.apply"], [], 0, 0],
    [["region.drain"], [], 1, 1],
    [["weights.shift"], [], 2, 2],
    [["fleet.apply"], [large], 1, 1],
    [["batch.commit", "region.drain"], [large], 1, 2],
  ] as const)("%j with %j: %i more people, %i reasons", (actions, verdicts, required, reasons) => {
    const due = approvalsDue(fleet, actions, verdicts);
    expect([due.required, due.because.length]).toEqual([required, reasons]);
  });
});

describe("a stale precondition", () => {
  const written = (overlays: readonly Overlay[]) => ({ documents: [], overlays });
  const target = { revision: 9, digest: "d", ...written([DRAIN_OF_CI]) };
  const change = { revision: 9, kind: "drain", author: "ci", reason: "fire", createdAtMs: 5 };

  test("tells what is different and who did it, while it is known", () => {
    const refusal = stale({ target, seen: { revision: 8, ...written([]) }, since: [change] });
    expect(refusal).toMatchObject({
      ...{ code: "preconditionFailed", etag: '"d"' },
      detail: expect.stringContaining("one change came from ci"),
      more: {
        changes: { documents: [], overlays: [{ kind: "added", overlay: "regionDrain/eu" }] },
        revisions: [change],
      },
    });
  });

  test("says only what is now when the tag is nobody's", () => {
    expect(stale({ target, seen: undefined, since: [] }).more).toEqual({ etag: '"d"', revision: 9 });
  });
});

describe("letting revisions out", () => {
  const publishing = { canaryVantage: "weur", hold: "10s" };
  const { fleet } = fleetOf(soundBut({ ...POLICY, spec: { publishing } }));
  const policy = fleet.policy?.spec.publishing;
  const hold = { vantage: "weur", sinceRevision: 7, sinceMs: 0, untilMs: 10_000 } as const;
  const plain = { revision: 8, policy, urgent: false, withdraws: false, nowMs: 5_000 };
  test.each([
    // before                               change                               after
    [
      { releasedRevision: 7 },
      plain,
      { releasedRevision: 7, hold: { ...hold, sinceRevision: 8, sinceMs: 5_000, untilMs: 15_000 } },
    ],
    [{ releasedRevision: 0 }, plain, { releasedRevision: 8 }],
    [{ releasedRevision: 7 }, { ...plain, urgent: true }, { releasedRevision: 8 }],
    [{ releasedRevision: 7 }, { ...plain, policy: undefined }, { releasedRevision: 8 }],
    // What is tried goes on being tried, and what must not wait does not take it along.
    [
      { releasedRevision: 6, hold },
      { ...plain, urgent: true },
      { releasedRevision: 6, hold },
    ],
    // Nobody has been seen serving the new one yet.
    [{ releasedRevision: 6, hold }, plain, { releasedRevision: 6, hold: { ...hold, sinceMs: 5_000, untilMs: 15_000 } }],
    [{ releasedRevision: 6, hold }, { ...plain, withdraws: true }, { releasedRevision: 8 }],
  ])("%#", (before, change, after) => {
    expect(publishingAfter(before, change)).toEqual(after);
  });
});
