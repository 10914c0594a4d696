/** What everybody else is given while a revision is tried at one vantage. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withOverlay } from "../../../admin/core/changes/overlays.ts";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import { wideState } from "../../../admin/core/publish/wide-state.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { Overlay, overlayKey } from "../../../config/overlays.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, flag, region, route, service } from "../config/fixtures.ts";

const WHO = { author: "ada", reason: "test", createdAtMs: 1 };
const DRAIN = { mode: "immediate", expiresAtMs: 9_000_000, ...WHO };
const COMEBACK = { returnedAtMs: 2, ...WHO };

const eu = Overlay.parse({ kind: "regionDrain", region: "eu", ...DRAIN });
const euGraceful = Overlay.parse({ kind: "regionDrain", region: "eu", ...DRAIN, mode: "graceful", deadlineMs: 5 });
const euReturn = Overlay.parse({ kind: "regionReturn", region: "eu", ...COMEBACK });
const euReturnLater = Overlay.parse({ kind: "regionReturn", region: "eu", ...COMEBACK, returnedAtMs: 3 });
const usCluster = Overlay.parse({ kind: "clusterDrain", cluster: "us-web", ...DRAIN });
const usClusterReturn = Overlay.parse({ kind: "clusterReturn", cluster: "us-web", ...COMEBACK });
const shift = Overlay.parse({ kind: "weightShift", route: "web", rule: "default", weights: { us: 1 }, ...WHO });
const flagOff = Overlay.parse({ kind: "flagSwitch", flag: "beta", state: "DISABLED", ...WHO });
const flagOn = Overlay.parse({ kind: "flagSwitch", flag: "beta", state: "ENABLED", ...WHO });
const freeze = Overlay.parse({ kind: "freeze", name: "holidays", expiresAtMs: 9, ...WHO });
const override = Overlay.parse({ kind: "ruleOverride", name: "glass", rules: ["stepMax"], expiresAtMs: 9, ...WHO });

const EVERY = [eu, euGraceful, euReturn, usCluster, usClusterReturn, shift, flagOff, flagOn, freeze, override];

function state(revision: number, overlays: readonly Overlay[], weight = 1): FleetState {
  const documents = [
    ...["eu", "us"].map((name) => region(name)),
    service("web"),
    ...["eu", "us"].map((name) => cluster(`${name}-web`, { region: name })),
    route("web", {
      steering: [{ name: "testers", when: { eu: true, flag: "beta" }, weights: { us: 1 } }],
      default: { weights: { eu: weight, us: 1 } },
    }),
    flag("beta"),
  ];
  const { fleet, documents: read } = readFleet(documents, { environment: "demo", development: false });
  return { environment: "demo", revision, documents: read, fleet, overlays: overlays.reduce(withOverlay, []) };
}

const keysOf = ({ overlays }: FleetState) => overlays.map(overlayKey);

describe("everybody else gets", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, readonly Overlay[], readonly Overlay[], number, readonly Overlay[]]>([
    // of the target               released    target                      under  overlays
    ["nothing of the documents",     [],         [],                         4, []],
    ["no shift",                     [],         [shift],                    4, []],
    ["no flag that is switched on",  [],         [flagOn],                   4, []],
    ["a flag that is killed",        [],         [flagOff],                  7, [flagOff]],
    ["no override",                  [],         [override],                 4, []],
    ["a drain",                      [],         [eu],                       7, [eu]],
    ["a drain without the shift",    [],         [eu, shift],                7, [eu]],
    ["a drain beside its shift",     [shift],    [eu],                       7, [eu, shift]],
    ["a cluster's drain",            [eu],       [eu, usCluster],            7, [usCluster, eu]],
    ["a drain as it was",            [eu],       [eu],                       4, [eu]],
    ["a drain as it is now",         [eu],       [euGraceful],               7, [euGraceful]],
    ["a drain that has ended",       [eu],       [],                         4, [eu]],
    ["a drain instead of a return",  [eu],       [euReturn],                 4, [eu]],
    ["a drain of what was back",     [euReturn], [eu],                       7, [eu]],
    ["both drains, one ended",       [eu],       [euReturn, usCluster],      7, [usCluster, eu]],
    // eu was drained and came back during the trial: everybody had that drain, and gets its return with the next.
    ["a return with a drain",        [],         [euReturn, usCluster],      7, [usCluster, euReturn]],
    ["the later return",             [euReturn], [euReturnLater, usCluster], 7, [usCluster, euReturnLater]],
    ["no return alone",              [],         [euReturn],                 4, []],
    ["no return with a freeze",      [],         [euReturn, freeze],         4, [freeze]],
    ["a freeze, which no edge sees", [],         [freeze],                   4, [freeze]],
    ["a freeze and a drain",         [],         [eu, freeze],               7, [freeze, eu]],
    ["a freeze that was lifted",     [freeze],   [],                         4, [freeze]],
  ])("%s", (_, before, after, revision, overlays) => {
    const released = state(4, before);
    const wide = wideState(released, state(7, after, 2));
    expect(wide).toEqual({ ...released, revision, overlays });
  });

  test("what was released, whole, when nothing must not wait", () => {
    const released = state(4, [eu]);
    expect(wideState(released, state(7, [eu, shift], 2))).toBe(released);
  });
});

describe("laws", () => {
  const overlays = fc.uniqueArray(fc.constantFrom(...EVERY), { selector: overlayKey });
  const isKilled = (overlay: Overlay) => overlay.kind === "flagSwitch" && overlay.state === "DISABLED";
  const isDrain = ({ kind }: Overlay) => kind === "regionDrain" || kind === "clusterDrain";
  const snapshotOf = ({ fleet, overlays: live, environment, revision }: FleetState) =>
    compile({ fleet, overlays: live, environment, revision: Revision.parse(revision) });

  test("with nothing on trial it is the target", () => {
    fc.assert(
      fc.property(overlays, (live) => {
        expect(wideState(state(7, live), state(7, live))).toEqual(state(7, live));
      }),
    );
  });

  test("drains and freezes of the target are in it as they are there, and those of what was released at least", () => {
    fc.assert(
      fc.property(overlays, overlays, (before, after) => {
        const released = state(4, before);
        const target = state(7, after, 2);
        const wide = wideState(released, target);
        const urgent = target.overlays.filter(
          (overlay) => isDrain(overlay) || isKilled(overlay) || overlay.kind === "freeze",
        );
        expect(wide.overlays).toEqual(expect.arrayContaining(urgent));
        expect(keysOf(wide)).toEqual(expect.arrayContaining(keysOf(released).filter((key) => key.includes("Drain/"))));
      }),
    );
  });

  test("its documents are those that were released, and shifts and flags that are not killed, too", () => {
    fc.assert(
      fc.property(overlays, overlays, (before, after) => {
        const released = state(4, before);
        const wide = wideState(released, state(7, after, 2));
        expect([wide.documents, wide.fleet]).toEqual([released.documents, released.fleet]);
        const waiting = ({ overlays: live }: FleetState) =>
          live.filter(({ kind }) => kind === "weightShift" || kind === "flagSwitch" || kind === "ruleOverride");
        const killed = state(7, after, 2).overlays.filter(isKilled);
        if (killed.length === 0) expect(waiting(wide)).toEqual(waiting(released));
      }),
    );
  });

  test("it has another number than what was released exactly when edges get something else", () => {
    fc.assert(
      fc.property(overlays, overlays, (before, after) => {
        const released = state(4, before);
        const wide = wideState(released, state(7, after, 2));
        const same = JSON.stringify(snapshotOf({ ...wide, revision: 4 })) === JSON.stringify(snapshotOf(released));
        expect(wide.revision).toBe(same ? 4 : 7);
      }),
    );
  });

  test("nothing is drained and coming back at once, and each thing is there once, in order", () => {
    fc.assert(
      fc.property(overlays, overlays, (before, after) => {
        // Nobody makes a state with both.
        const sane = (live: readonly Overlay[]) =>
          live.filter(
            (overlay) =>
              !live.some(
                (other) => overlayKey(other) === overlayKey(overlay).replace("Return/", "Drain/") && other !== overlay,
              ),
          );
        const keys = keysOf(wideState(state(4, sane(before)), state(7, sane(after), 2)));
        expect(keys).toEqual([...new Set(keys)].sort());
        for (const key of keys.filter((one) => one.includes("Return/")))
          expect(keys).not.toContain(key.replace("Return/", "Drain/"));
      }),
    );
  });
});
