/** What holds, given what vantages and edges see: votes, ties, doubt and silence, as tables. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AT_ONCE_MS, DOUBT_KEPT_MS, reviewDoubt } from "../../../admin/core/health/doubt.ts";
import type { EdgeEvidence } from "../../../admin/core/health/evidence.ts";
import {
  inPanic,
  type Judgement,
  judge,
  NOTHING_JUDGED,
  type VantageRecord,
  VIEW_STALE_MS,
} from "../../../admin/core/health/judge.ts";
import { rule } from "../../../admin/core/health/majority.ts";
import type { SeenCluster } from "../../../admin/core/health/view.ts";
import type { HealthState } from "../../../config/health.ts";
import { VANTAGES, type Vantage } from "../../../config/vantage.ts";

const STATES: Readonly<Record<string, HealthState>> = { h: "healthy", d: "degraded", x: "unhealthy", "?": "unknown" };
const stateOf = (letter: string): HealthState => STATES[letter] ?? "unknown";

describe("votes: h healthy, d degraded, x unhealthy", () => {
  test.each([
    // seen     edges  before   holds  by
    ["h", false, "?", "h", "majority"],
    ["x", false, "?", "x", "majority"],
    ["x", false, "h", "x", "majority"], // one vantage decides alone when it is the only one
    ["hhx", false, "h", "h", "majority"],
    ["hxx", false, "h", "x", "majority"],
    ["dxx", false, "h", "x", "majority"],
    ["hdx", false, "h", "d", "majority"], // two of three see it impaired
    ["hhd", false, "h", "h", "majority"],
    ["hdd", false, "h", "d", "majority"],
    ["hhhxx", false, "h", "h", "majority"],
    ["hhxxx", false, "h", "x", "majority"],
    // Half is no majority: it stays as it was, and a cluster of which nothing was known is used with caution.
    ["hx", false, "h", "h", "tie"],
    ["hx", false, "d", "d", "tie"],
    ["hx", false, "x", "x", "tie"],
    ["hx", false, "?", "d", "tie"],
    ["dx", false, "h", "d", "majority"],
    ["dx", false, "x", "x", "tie"],
    ["hd", false, "h", "h", "tie"],
    ["hd", false, "d", "d", "tie"],
    ["hd", false, "x", "d", "tie"],
    ["hd", false, "?", "d", "tie"],
    ["hhxx", false, "h", "h", "tie"],
    ["hhxx", false, "x", "x", "tie"],
    ["hhhx", false, "x", "h", "majority"],
    // Nobody knows anything.
    ["", false, "h", "?", "nobody"],
    ["", false, "x", "?", "nobody"],
    // What edges have ejected: one vote more against it, but none of its own.
    ["hhh", true, "h", "d", "passive"],
    ["ddd", true, "h", "d", "majority"],
    ["", true, "h", "?", "nobody"],
    ["hx", true, "h", "x", "majority"],
    ["hhx", true, "h", "d", "passive"], // two against two
    ["hhx", true, "x", "x", "tie"],
    ["hhhx", true, "h", "d", "passive"],
    ["x", true, "h", "x", "majority"],
  ])("seen %j with edges against it %s, before %s: %s by %s", (seen, passive, before, state, by) => {
    const count = (letter: string) => [...seen].filter((one) => one === letter).length;
    const tally = { healthy: count("h"), degraded: count("d"), unhealthy: count("x") };
    expect(rule(tally, { passive, before: stateOf(before) })).toEqual({ state: stateOf(state), rule: by });
  });

  const tallies = fc.record({ healthy: fc.nat(11), degraded: fc.nat(11), unhealthy: fc.nat(11) });
  const befores = fc.constantFrom<HealthState[]>("healthy", "degraded", "unhealthy", "unknown");

  test("what most see up is never down, whatever one vantage, edges and the past say", () => {
    fc.assert(
      fc.property(tallies, fc.boolean(), befores, (tally, passive, before) => {
        const up = tally.healthy + tally.degraded;
        // Even with one vantage changing its mind in this very step.
        if (up <= tally.unhealthy + 1) return;
        expect(rule(tally, { passive, before }).state).not.toBe("unhealthy");
      }),
    );
  });

  test("edges alone never take a cluster out, and a worse word never makes it better", () => {
    const order: readonly HealthState[] = ["healthy", "degraded", "unhealthy"];
    fc.assert(
      fc.property(tallies, fc.boolean(), befores, (tally, passive, before) => {
        const { state } = rule(tally, { passive, before });
        if (tally.unhealthy === 0) expect(state).not.toBe("unhealthy");
        if (tally.healthy === 0 || state === "unknown") return;
        const worse = rule(
          { ...tally, healthy: tally.healthy - 1, unhealthy: tally.unhealthy + 1 },
          { passive, before },
        );
        expect(order.indexOf(worse.state)).toBeGreaterThanOrEqual(order.indexOf(state));
      }),
    );
  });
});

const seen = (state: HealthState, sinceMs = 0): SeenCluster => ({ state, sinceMs, flaps: 0 });

describe("a vantage is doubted when all that it sees goes down at once", () => {
  test.each([
    // seen    down since (s)                  doubted
    ["xx", [100, 100], true],
    ["xx", [100, 160], true], // within a minute of each other
    ["xx", [100, 161], false], // an outage that spreads
    ["xxx", [0, 200, 210], true], // what was down before does not matter
    ["xxx", [0, 100, 200], false],
    ["xh", [100, 100], false],
    ["xd", [100, 100], false],
    ["x", [100], false], // one is an outage, not a coincidence
    ["x?", [100, 100], false], // of the other nothing is known
    ["xx?", [100, 100, 0], true],
    ["??", [0, 0], false],
    ["", [], false],
  ])("%s since %j: %s", (states, sinceSeconds, doubted) => {
    const clusters = [...states].map((letter, index) => seen(stateOf(letter), (sinceSeconds[index] ?? 0) * 1_000));
    expect(reviewDoubt(clusters, undefined, 300_000) !== undefined).toBe(doubted);
    expect(AT_ONCE_MS).toBe(60_000);
  });

  test("until a while after, because clusters come back one by one", () => {
    const allDown = [seen("unhealthy"), seen("unhealthy")];
    const oneBack = [seen("healthy", 10_000), seen("unhealthy")];
    const doubt = reviewDoubt(allDown, undefined, 9_000);
    expect(doubt).toEqual({ sinceMs: 9_000, allDownAtMs: 9_000, clusters: 2 });
    const still = reviewDoubt(allDown, doubt, 10_000);
    expect(still).toMatchObject({ sinceMs: 9_000, allDownAtMs: 10_000 });
    expect(reviewDoubt(oneBack, still, 10_000 + DOUBT_KEPT_MS - 1)).toBe(still);
    expect(reviewDoubt(oneBack, still, 10_000 + DOUBT_KEPT_MS)).toBeUndefined();
  });
});

type View = { readonly sees: string; readonly heardAtMs?: number; readonly evidence?: EdgeEvidence };

/** One letter for each of the clusters `c0`, `c1`, ... Down since long, one after the other, unless `atOnce`. */
function recordOf(vantage: Vantage, { sees, heardAtMs, evidence }: View, atOnce = false): VantageRecord {
  const clusters = [...sees].map((letter, index): [string, SeenCluster] => [
    `c${index}`,
    seen(stateOf(letter), atOnce ? 0 : index * 100_000),
  ]);
  return { vantage, heardAtMs, clusters: new Map(clusters), evidence };
}

const NOW_MS = 1_000_000;

function judgeAll(
  views: readonly View[],
  options: { before?: Judgement; nowMs?: number; atOnce?: boolean } = {},
): Judgement {
  const { before = NOTHING_JUDGED, nowMs = NOW_MS, atOnce = false } = options;
  const records = views.map((view, index) => recordOf(VANTAGES[index] ?? "me", { heardAtMs: nowMs, ...view }, atOnce));
  const clusters = [...(views[0]?.sees ?? "")].map((_, index) => `c${index}`);
  return judge({ clusters, records, before, nowMs });
}

/** One letter for each cluster, for all or as one vantage's clients should see it. */
function letters(judgement: Judgement, vantage?: Vantage): string {
  return [...judgement.clusters.values()]
    .map(({ state, local }) => (vantage === undefined ? state : (local.get(vantage)?.state ?? "unknown")))
    .map((state) => Object.keys(STATES).find((letter) => stateOf(letter) === state))
    .join("");
}

describe("what holds for all, and for the clients near each vantage", () => {
  test.each([
    // views                       all     near each
    [["hh"], "hh", ["hh"]],
    [["xh", "hh", "hh"], "hh", ["xh", "hh", "hh"]], // down for one only
    [["xh", "xh", "hh"], "xh", ["xh", "xh", "hh"]],
    [["xh", "xh", "xh"], "xh", ["xh", "xh", "xh"]],
    [["?h", "hh", "hh"], "hh", ["?h", "hh", "hh"]],
    [["?h", "?h", "xh"], "xh", ["?h", "?h", "xh"]], // two do not know, so the third decides
    [["dh", "dh", "hh"], "dh", ["dh", "dh", "hh"]],
  ])("%j: %s, near each %j", (views, all, near) => {
    const judgement = judgeAll(views.map((sees) => ({ sees })));
    expect(letters(judgement)).toBe(all);
    expect(near.map((_, index) => letters(judgement, VANTAGES[index]))).toEqual(near);
  });

  test.each([
    // age of the first view   all    what it is
    [0, "xh", "trusted"],
    [VIEW_STALE_MS - 1, "xh", "trusted"],
    [VIEW_STALE_MS, "hh", "stale"],
    [undefined, "hh", "silent"],
  ])("a view that is %s ms old: %s, %s", (ageMs, all, standing) => {
    const heardAtMs = ageMs === undefined ? undefined : NOW_MS - ageMs;
    const records = [
      { ...recordOf("wnam", { sees: "xh" }), heardAtMs },
      recordOf("enam", { sees: "xh", heardAtMs: NOW_MS }),
      recordOf("weur", { sees: "hh", heardAtMs: NOW_MS }),
    ];
    // With the first one it is two against one; without it a tie, in which it stays as it was.
    const judgement = judge({ clusters: ["c0", "c1"], records, before: judgeAll([{ sees: "hh" }]), nowMs: NOW_MS });
    expect(letters(judgement)).toBe(all);
    expect(judgement.vantages.get("wnam")?.standing).toBe(standing);
    expect(letters(judgement, "wnam")).toBe(standing === "trusted" ? "xh" : "??");
  });

  test("when nobody is heard any more everything is unknown, which is not down", () => {
    const views = ["xh", "xh"].map((sees) => ({ sees, heardAtMs: NOW_MS - VIEW_STALE_MS }));
    const judgement = judgeAll(views, { before: judgeAll([{ sees: "xh" }, { sees: "xh" }]) });
    expect(letters(judgement)).toBe("??");
    expect(inPanic(judgement)).toBe(false);
    expect(judgement.clusters.get("c0")?.ballot.unknown).toEqual([
      { vantage: "wnam", because: "stale" },
      { vantage: "enam", because: "stale" },
    ]);
  });

  test("when all is down at once for one vantage, it is doubted and the others decide", () => {
    const records = [
      recordOf("wnam", { sees: "xxx", heardAtMs: NOW_MS }, true),
      recordOf("enam", { sees: "hhx", heardAtMs: NOW_MS }),
    ];
    const judgement = judge({ clusters: ["c0", "c1", "c2"], records, before: NOTHING_JUDGED, nowMs: NOW_MS });
    expect(letters(judgement)).toBe("hhx");
    expect(letters(judgement, "wnam")).toBe("???");
    expect(judgement.vantages.get("wnam")).toMatchObject({ standing: "doubted", doubt: { clusters: 3 } });
    expect(inPanic(judgement)).toBe(false);
  });

  test("when all is down at once for everybody, nobody is believed", () => {
    const judgement = judgeAll([{ sees: "xxx" }, { sees: "xxx" }], { atOnce: true });
    expect(letters(judgement)).toBe("???");
    expect(inPanic(judgement)).toBe(true);
  });

  test("when all is down but one by one, that is what it is", () => {
    const judgement = judgeAll([{ sees: "xxx" }, { sees: "xxx" }]);
    expect(letters(judgement)).toBe("xxx");
    expect(inPanic(judgement)).toBe(false);
  });

  test("coming back from down is remembered, but not from not having known", () => {
    const down = judgeAll([{ sees: "xh" }]);
    const back = judgeAll([{ sees: "hh" }], { before: down, nowMs: NOW_MS + 5 });
    expect(back.clusters.get("c0")).toMatchObject({ state: "healthy", sinceMs: NOW_MS + 5, recoveredAtMs: NOW_MS + 5 });
    expect(back.clusters.get("c0")?.downsAtMs).toEqual([NOW_MS]);
    const lost = judgeAll([{ sees: "?h" }], { before: down, nowMs: NOW_MS + 5 });
    const found = judgeAll([{ sees: "hh" }], { before: lost, nowMs: NOW_MS + 9 });
    expect(found.clusters.get("c0")).toMatchObject({ state: "healthy", sinceMs: NOW_MS + 9 });
    expect(found.clusters.get("c0")).not.toHaveProperty("recoveredAtMs");
  });
});

describe("what edges have ejected", () => {
  const strong: EdgeEvidence = { isolates: 4, clusters: { c0: { isolates: 4, failures: 40, requests: 40 } } };
  const silent: EdgeEvidence = { isolates: 4, clusters: {} };

  test.each<[string, View[], string, string[]]>([
    // what                                     views                                                            all   near each
    ["counts near them and for all", [{ sees: "h", evidence: strong }, { sees: "h" }], "d", ["d", "h"]],
    [
      "adds up",
      [
        { sees: "h", evidence: strong },
        { sees: "h", evidence: strong },
      ],
      "d",
      ["d", "d"],
    ],
    ["is nothing where they are content", [{ sees: "h", evidence: silent }, { sees: "h" }], "h", ["h", "h"]],
    ["agrees with a vantage", [{ sees: "x", evidence: strong }, { sees: "h" }], "x", ["x", "h"]],
    ["adds nothing to what is down", [{ sees: "x", evidence: strong }, { sees: "x" }], "x", ["x", "x"]],
    ["says nothing where nothing is known", [{ sees: "?", evidence: strong }, { sees: "?" }], "?", ["?", "?"]],
  ])("%s", (_, views, all, near) => {
    const judgement = judgeAll(views);
    expect(letters(judgement)).toBe(all);
    expect(near.map((__, index) => letters(judgement, VANTAGES[index]))).toEqual(near);
  });

  test("is labelled in the ballot, with its numbers", () => {
    const judgement = judgeAll([{ sees: "h", evidence: strong }, { sees: "h" }]);
    expect(judgement.clusters.get("c0")).toMatchObject({
      rule: "passive",
      ballot: {
        healthy: ["wnam", "enam"],
        passive: { isolates: 4, reporting: 4, failures: 40, requests: 40, counts: true },
      },
    });
    expect(judgement.clusters.get("c0")?.local.get("wnam")).toEqual({ state: "degraded", passive: true });
  });
});
