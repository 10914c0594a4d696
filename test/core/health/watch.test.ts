/** What the health object keeps, tells beacons, and writes into the history. */
import { describe, expect, test } from "vitest";
import { HEARTBEAT_MS, VIEW_STALE_MS } from "../../../admin/core/health/judge.ts";
import { overviewOf } from "../../../admin/core/health/overview.ts";
import { coloOf, type SeenCluster, type VantageMessage } from "../../../admin/core/health/view.ts";
import { HealthWatch, type KnownVantage, NOTHING_KEPT, type WatchConfig } from "../../../admin/core/health/watch.ts";
import { HealthReport, type HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";

const CONFIG: WatchConfig = {
  ...{ revision: 1, digest: "one", vantages: ["weur", "enam", "apac"] },
  clusters: ["a", "b"].map((cluster) => ({ cluster, probesPerMinute: 18 })),
};

type Sight = HealthState | (Omit<Partial<SeenCluster>, "state"> & { readonly state: HealthState });

function message(vantage: Vantage, sequence: number, sights?: Readonly<Record<string, Sight>>): VantageMessage {
  const clusters = Object.entries(sights ?? {}).map(([name, sight]): [string, SeenCluster] => [
    name,
    { sinceMs: 0, flaps: 0, ...(typeof sight === "string" ? { state: sight } : sight) },
  ]);
  const rest = { vantage, sequence, ranIn: { kind: "unknown" }, behindMs: 0 } as const;
  return sights === undefined ? rest : { ...rest, clusters: Object.fromEntries(clusters) };
}

/** All three vantages see both clusters healthy, and that has been judged. */
function watching(): HealthWatch {
  const watch = new HealthWatch(NOTHING_KEPT, 0);
  watch.configure(CONFIG);
  for (const vantage of CONFIG.vantages) watch.accept(message(vantage, 1, { a: "healthy", b: "healthy" }), 0);
  watch.review(0);
  return watch;
}

describe("a message", () => {
  test.each<[string, VantageMessage, number | undefined, HealthState]>([
    // what it is                   message                                             held   then `a` is, for weur
    ["a newer view", message("weur", 2, { a: "unhealthy" }), 2, "unhealthy"],
    ["the same once more", message("weur", 1, { a: "healthy", b: "healthy" }), 1, "healthy"],
    ["one that was overtaken", message("weur", 0, { a: "unhealthy" }), 1, "healthy"],
    ["a heartbeat", message("weur", 1), 1, "healthy"],
    ["a heartbeat of a view that got lost", message("weur", 3), 1, "healthy"],
    ["of a vantage that nobody asks", message("me", 9, { a: "unhealthy" }), undefined, "healthy"],
  ])("%s", (_, sent, held, state) => {
    const watch = watching();
    expect(watch.accept(sent, 5)).toBe(held);
    expect(watch.known("weur")?.clusters.get("a")?.state).toBe(state);
  });

  test("a heartbeat keeps a view from going stale, and one of a lost view does not", () => {
    const watch = watching();
    watch.accept(message("weur", 1), HEARTBEAT_MS);
    watch.accept(message("enam", 9), HEARTBEAT_MS);
    watch.review(VIEW_STALE_MS);
    const standings = [...watch.judgement.vantages].map(([vantage, { standing }]) => [vantage, standing]);
    expect(standings).toEqual([
      ["weur", "trusted"],
      ["enam", "stale"],
      ["apac", "stale"],
    ]);
  });

  test("a first heartbeat asks for the whole", () => {
    const watch = new HealthWatch(NOTHING_KEPT, 0);
    watch.configure(CONFIG);
    expect(watch.accept(message("weur", 4), 0)).toBe(-1);
    expect(watch.accept(message("weur", 4, { a: "healthy" }), 0)).toBe(4);
  });
});

describe("a report", () => {
  test("says of a vantage only what differs, and a reader can take it apart", () => {
    const watch = watching();
    expect(watch.report(1, 0)).toEqual({
      ...{ sequence: 1, atMs: 0, recoveredAtMs: {} },
      clusters: { a: "healthy", b: "healthy" },
    });
    watch.accept(message("apac", 2, { a: "unhealthy", b: "healthy" }), 5);
    expect(watch.review(5).changed).toBe(true);
    expect(watch.report(2, 5)).toMatchObject({ clusters: { a: "healthy" }, vantages: { apac: { a: "unhealthy" } } });
    expect(HealthReport.parse(watch.report(2, 5))).toEqual(watch.report(2, 5));
  });

  test("an unknown view is none of its own, and neither is one that is doubted or stale", () => {
    const watch = watching();
    watch.accept(message("apac", 2, { a: "unknown", b: "healthy" }), 5);
    watch.accept(message("enam", 2, { a: "unhealthy", b: "unhealthy" }), 5);
    watch.review(5);
    expect(watch.report(2, 5).vantages).toBeUndefined();
    watch.accept(message("weur", 2, { a: "degraded", b: "healthy" }), 6);
    watch.review(6);
    expect(watch.report(3, 6)).toMatchObject({ clusters: { a: "degraded" } });
  });

  const recovered = (recoveredAtMs: number): Sight => ({ state: "healthy", sinceMs: recoveredAtMs, recoveredAtMs });

  test("a vantage that alone saw it away ramps it alone", () => {
    const watch = watching();
    watch.accept(message("apac", 2, { a: recovered(1_000), b: "healthy" }), 1_000);
    watch.review(1_000);
    const report = watch.report(2, 1_000);
    expect(report.recoveredAtMs).toEqual({});
    expect(report.vantageRecoveredAtMs).toEqual({ apac: { a: 1_000 } });
  });

  test("when it was away for most, each ramps from when it saw it back, and who never lost it not at all", () => {
    const watch = watching();
    for (const vantage of ["weur", "enam"] as const)
      watch.accept(message(vantage, 2, { a: "unhealthy", b: "healthy" }), 500);
    watch.review(500);
    watch.accept(message("weur", 3, { a: recovered(900), b: "healthy" }), 900);
    watch.review(900);
    // Two of three see it up again.
    expect(watch.report(3, 900)).toMatchObject({ clusters: { a: "healthy" }, recoveredAtMs: { a: 900 } });
    watch.accept(message("enam", 3, { a: recovered(950), b: "healthy" }), 950);
    watch.review(950);
    expect(watch.report(4, 950)).toMatchObject({
      recoveredAtMs: { a: 900 },
      vantageRecoveredAtMs: { enam: { a: 950 }, apac: { a: 0 } },
    });
    expect(watch.report(4, 950).vantageRecoveredAtMs).not.toHaveProperty("weur");
    // An hour later every ramp is over, and it is not told any more.
    for (const vantage of CONFIG.vantages) watch.accept(message(vantage, vantage === "apac" ? 1 : 3), 3_600_950);
    watch.review(3_600_950);
    expect(watch.report(5, 3_600_950)).toMatchObject({ recoveredAtMs: {} });
    expect(watch.report(5, 3_600_950)).not.toHaveProperty("vantageRecoveredAtMs");
  });

  test("passes on how far clusters are behind, for as long as they say so", () => {
    const watch = watching();
    watch.noteReplicaLag({ a: 1_500 });
    expect(watch.review(5).changed).toBe(true);
    expect(watch.report(2, 5).replicaLagMs).toEqual({ a: 1_500 });
    watch.noteReplicaLag({});
    watch.review(6);
    expect(watch.report(3, 6)).not.toHaveProperty("replicaLagMs");
  });
});

describe("the history", () => {
  test("says what one vantage sees and why, and what came of it and who voted what", () => {
    const watch = watching();
    const because = { check: "c", code: "status", status: 503 } as const;
    const down: Sight = { state: "unhealthy", because };
    watch.accept(message("apac", 2, { a: down, b: "healthy" }), 5);
    expect(watch.review(5).transitions).toEqual([
      { atMs: 5, kind: "clusterAtVantage", cluster: "a", vantage: "apac", from: "healthy", to: "unhealthy", because },
    ]);
    watch.accept(message("enam", 2, { a: down, b: "healthy" }), 6);
    expect(watch.review(6).transitions).toEqual([
      expect.objectContaining({ kind: "clusterAtVantage", vantage: "enam" }),
      {
        ...{ atMs: 6, kind: "cluster", cluster: "a", from: "healthy", to: "unhealthy", rule: "majority" },
        ballot: { healthy: ["weur"], degraded: [], unhealthy: ["enam", "apac"], unknown: [] },
      },
    ]);
    expect(watch.review(7)).toEqual({ changed: false, transitions: [] });
  });

  test("of a vantage that is doubted tells the doubt and not what it says of each cluster", () => {
    const watch = watching();
    watch.accept(message("apac", 2, { a: "unhealthy", b: "unhealthy" }), 5);
    expect(watch.review(5).transitions).toEqual([
      {
        ...{ atMs: 5, kind: "vantage", vantage: "apac", from: "trusted", to: "doubted" },
        doubt: { sinceMs: 5, allDownAtMs: 5, clusters: 2 },
      },
    ]);
  });

  test("names a panic once, when it begins and when it is over", () => {
    const watch = watching();
    for (const vantage of CONFIG.vantages) watch.accept(message(vantage, 2, { a: "unhealthy", b: "unhealthy" }), 5);
    const panics = (nowMs: number) => watch.review(nowMs).transitions.filter(({ kind }) => kind === "panic");
    expect(panics(5)).toEqual([{ atMs: 5, kind: "panic", to: "begun", vantages: ["weur", "enam", "apac"] }]);
    expect(panics(6)).toEqual([]);
    for (const vantage of CONFIG.vantages) watch.accept(message(vantage, 3, { a: "healthy", b: "healthy" }), 40_000);
    expect(panics(40_000)).toEqual([{ atMs: 40_000, kind: "panic", to: "over", vantages: [] }]);
  });

  test("says that edges are the reason where they are", () => {
    const watch = watching();
    const clusters = { a: { isolates: 5, failures: 50, requests: 50 } };
    watch.noteEvidence("weur", { isolates: 5, clusters }, 5);
    watch.noteEvidence("me", { isolates: 5, clusters }, 5); // nobody asks it
    expect(watch.review(5).transitions).toMatchObject([
      { kind: "clusterAtVantage", cluster: "a", vantage: "weur", to: "degraded", because: { code: "passive" } },
      { kind: "cluster", cluster: "a", to: "degraded", rule: "passive", ballot: { passive: { isolates: 5 } } },
    ]);
    // A beacon that does not answer any more says nothing.
    for (const vantage of CONFIG.vantages) watch.accept(message(vantage, 1), 20_000);
    expect(watch.review(30_004)).toMatchObject({ transitions: [] });
    expect(watch.review(30_005).transitions).toMatchObject([{ to: "healthy" }, { to: "healthy", rule: "majority" }]);
  });
});

describe("a restart", () => {
  const restarted = (watch: HealthWatch, nowMs: number) => {
    const known = new Map(
      watch.config.vantages.flatMap((vantage): [Vantage, KnownVantage][] => {
        const kept = watch.known(vantage);
        return kept === undefined ? [] : [[vantage, kept]];
      }),
    );
    return new HealthWatch({ config: watch.config, known, judgement: watch.judgement }, nowMs);
  };

  test("changes nothing and is no event", () => {
    const watch = watching();
    watch.accept(message("apac", 2, { a: "unhealthy", b: "healthy" }), 5);
    watch.accept(message("enam", 2, { a: "unhealthy", b: "healthy" }), 5);
    watch.review(5);
    const again = restarted(watch, 8_000);
    expect(again.review(8_000)).toEqual({ changed: false, transitions: [] });
    expect(again.report(1, 1)).toEqual(watch.report(1, 1));
    expect(again.judgement.clusters.get("a")?.sinceMs).toBe(5);
  });

  test("does not bring back a vantage that was stale", () => {
    const watch = watching();
    for (const vantage of ["weur", "enam"] as const) watch.accept(message(vantage, 1), VIEW_STALE_MS);
    watch.review(VIEW_STALE_MS);
    const again = restarted(watch, VIEW_STALE_MS + 5);
    expect(again.review(VIEW_STALE_MS + 5).transitions).toEqual([]);
    expect(again.judgement.vantages.get("apac")?.standing).toBe("stale");
    expect(again.judgement.vantages.get("weur")?.standing).toBe("trusted");
  });
});

test("a fleet that changes takes clusters and vantages along", () => {
  const watch = watching();
  watch.configure({ ...CONFIG, revision: 2, vantages: ["weur"], clusters: [{ cluster: "b", probesPerMinute: 6 }] });
  expect(watch.review(5).changed).toBe(true);
  expect(watch.report(2, 5).clusters).toEqual({ b: "healthy" });
  expect(watch.known("apac")).toBeUndefined();
  expect(watch.accept(message("apac", 7, { a: "healthy" }), 6)).toBeUndefined();
});

test("people read what holds, who is believed, and what everybody sees, believed or not", () => {
  const watch = watching();
  watch.accept(message("apac", 2, { a: "unhealthy", b: "unhealthy" }), 5);
  watch.noteReplicaLag({ a: 70 });
  watch.review(5);
  const overview = overviewOf(watch, { sequence: 9, atMs: 5, nowMs: 6 });
  expect(overview).toMatchObject({ sequence: 9, atMs: 5, panic: false });
  expect(overview.vantages.map(({ vantage, standing }) => [vantage, standing])).toEqual([
    ["weur", "trusted"],
    ["enam", "trusted"],
    ["apac", "doubted"],
  ]);
  expect(overview.clusters[0]).toMatchObject({
    ...{ cluster: "a", state: "healthy", flaps: 0, probesPerMinute: 18, replicaLagMs: 70 },
    ballot: { healthy: ["weur", "enam"], unknown: [{ vantage: "apac", because: "doubted" }] },
  });
  expect(overview.clusters[0]?.vantages.map(({ vantage, state, local }) => [vantage, state, local])).toEqual([
    ["weur", "healthy", "healthy"],
    ["enam", "healthy", "healthy"],
    ["apac", "unhealthy", undefined],
  ]);
  expect(overviewOf(watch, { sequence: 9, atMs: 5, nowMs: 6 }, ["b", "c"]).clusters).toHaveLength(1);
});

test.each([
  // cf-ray                      where it was taken in
  ["8f3c2a1b4d5e6f70-FRA", "FRA"],
  ["8f3c2a1b4d5e6f70", undefined],
  ["8f3c2a1b4d5e6f70-fra", undefined],
  ["8f3c2a1b4d5e6f70-FRA, 8f3c2a1b4d5e6f70-LHR", undefined],
  ["8f3c2a1b4d5e6f70-<b>", undefined],
  [null, undefined],
])("the ray id %s says %s", (ray, colo) => {
  expect(coloOf(ray)).toBe(colo);
});
