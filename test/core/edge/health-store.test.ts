/** The health view of an isolate: made anew when something changes, and only then. */
import { describe, expect, test } from "vitest";
import { HEALTH_REPORT_STALE_MS, HealthReport } from "../../../config/health.ts";
import { type Evidence, HealthStore } from "../../../worker/io/health.ts";
import type { Place } from "../../../worker/routing/facts.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { readPlace } from "../../../worker/routing/place.ts";
import { cluster, world } from "../routing/world.ts";

const NOW = 1_000_000;
const GERMANY = readPlace({ country: "DE" });

const pair = [cluster("eu-west"), cluster("eu-west", { name: "eu-west-two" }), cluster("us-east")];

function store() {
  const events: string[] = [];
  return {
    events,
    health: new HealthStore({ draw: () => 0, log: (event, { cluster: name }) => events.push(`${event} ${name}`) }),
  };
}

function evidence(
  name: string,
  success: boolean | undefined,
  headers: Record<string, string> = {},
  firstByteMs = 10,
): Evidence {
  return {
    attempt: {
      cluster: name,
      region: name.replace(/-(blue|two)$/, ""),
      side: "stable",
      endpoint: "https://a.example.net",
    },
    service: "web",
    place: GERMANY,
    success,
    response: success === true ? new Response(null, { headers }) : undefined,
    firstByteMs,
  };
}

function report(parts: object): HealthReport {
  return HealthReport.parse({ sequence: 1, atMs: NOW, clusters: {}, recoveredAtMs: {}, ...parts });
}

function note(health: HealthStore, times: number, what: Evidence, now = NOW): void {
  for (let i = 0; i < times; i += 1) health.noteAttempt(what, now);
}

test("the view is the same object until something changes", () => {
  const { health } = store();
  const snapshot = loadSnapshot(world({ clusters: pair }));
  const view = health.view(snapshot, GERMANY, NOW);
  note(health, 100, evidence("eu-west-blue", true));
  expect(health.view(snapshot, GERMANY, NOW + 900)).toBe(view);
  health.accept(report({ clusters: { "us-east-blue": "unhealthy" } }), NOW);
  expect(health.view(snapshot, GERMANY, NOW + 900).states.get("us-east-blue")).toBe("unhealthy");
});

test("a report that nobody has renewed for a minute is nothing to go by until there is a newer one", () => {
  const { health, events } = store();
  const snapshot = loadSnapshot(world({ clusters: pair }));
  const down = report({ clusters: { "us-east-blue": "unhealthy" }, replicaLagMs: { "eu-west-blue": 9 } });
  const stateAt = (now: number) => health.view(snapshot, GERMANY, now).states.get("us-east-blue");
  health.accept(down, NOW);
  // Nobody answers meanwhile: what is known stays.
  expect(stateAt(NOW + 600_000)).toBe("unhealthy");
  health.accept(down, NOW + HEALTH_REPORT_STALE_MS - 1);
  expect(stateAt(NOW + 600_000)).toBe("unhealthy");
  health.accept(down, NOW + HEALTH_REPORT_STALE_MS);
  health.accept(down, NOW + HEALTH_REPORT_STALE_MS + 1);
  expect(stateAt(NOW + 600_000)).toBeUndefined();
  expect(health.view(snapshot, GERMANY, NOW + 600_000).lagMs.size).toBe(0);
  expect(events).toEqual(["health.stale undefined"]);
  health.accept({ ...down, sequence: 2, atMs: NOW + 600_000 }, NOW + 601_000);
  expect(stateAt(NOW + 601_000)).toBe("unhealthy");
});

describe("ejection", () => {
  test("five failures in a row take a cluster out, its time brings it back, ramped", () => {
    const { health, events } = store();
    const snapshot = loadSnapshot(world({ clusters: pair }));
    health.view(snapshot, GERMANY, NOW);
    note(health, 4, evidence("eu-west-blue", false));
    expect(health.view(snapshot, GERMANY, NOW).ejected.size).toBe(0);
    note(health, 1, evidence("eu-west-blue", false));
    expect([...health.view(snapshot, GERMANY, NOW).ejected]).toEqual(["eu-west-blue"]);
    const back = health.view(snapshot, GERMANY, NOW + 31_000);
    expect(back.ejected.size).toBe(0);
    expect(back.capacityBps.get("eu-west-blue")).toBe(1_000);
    expect(health.view(snapshot, GERMANY, NOW + 61_000).capacityBps.get("eu-west-blue")).toBe(5_000);
    expect(health.view(snapshot, GERMANY, NOW + 91_000).capacityBps.size).toBe(0);
    expect(events).toEqual(["cluster.ejected eu-west-blue", "cluster.returned eu-west-blue"]);
  });

  test("probes that saw it fail and recover bring it back at once, probes that were content all along do not", () => {
    const { health, events } = store();
    const snapshot = loadSnapshot(world({ clusters: pair }));
    health.view(snapshot, GERMANY, NOW);
    note(health, 5, evidence("eu-west-blue", false));
    health.accept(report({ recoveredAtMs: { "eu-west-blue": NOW - 1 } }), NOW);
    expect(health.view(snapshot, GERMANY, NOW).ejected.size).toBe(1);
    health.accept(report({ sequence: 2, recoveredAtMs: { "eu-west-blue": NOW + 3_000 } }), NOW + 4_000);
    expect(health.view(snapshot, GERMANY, NOW + 4_000).ejected.size).toBe(0);
    expect(health.view(snapshot, GERMANY, NOW + 4_000).capacityBps.get("eu-west-blue")).toBe(1_000);
    expect(events.at(-1)).toBe("cluster.returned eu-west-blue");
  });

  test("the only cluster of a region keeps a small share", () => {
    const { health } = store();
    const snapshot = loadSnapshot(world());
    health.view(snapshot, GERMANY, NOW);
    note(health, 5, evidence("eu-west-blue", false));
    const view = health.view(snapshot, GERMANY, NOW);
    expect(view.ejected.size).toBe(0);
    expect(view.capacityBps.get("eu-west-blue")).toBe(1_000);
  });

  test("what the client may have broken itself counts for nothing, a thousand times over", () => {
    const { health, events } = store();
    const snapshot = loadSnapshot(world({ clusters: pair }));
    health.view(snapshot, GERMANY, NOW);
    note(health, 1_000, evidence("eu-west-blue", undefined));
    expect(health.view(snapshot, GERMANY, NOW + 20_000).ejected.size).toBe(0);
    expect(events).toEqual([]);
  });

  test("a cluster that the next snapshot does not have is forgotten", () => {
    const { health } = store();
    health.view(loadSnapshot(world({ clusters: pair })), GERMANY, NOW);
    note(health, 5, evidence("eu-west-two", false));
    expect(health.view(loadSnapshot(world()), GERMANY, NOW).ejected.size).toBe(0);
  });
});

describe("recovery", () => {
  test("what probes found healthy again comes back ramped", () => {
    const { health } = store();
    const snapshot = loadSnapshot(world());
    health.accept(report({ recoveredAtMs: { "eu-west-blue": NOW } }), NOW);
    expect(health.view(snapshot, GERMANY, NOW).capacityBps.get("eu-west-blue")).toBe(1_000);
    expect(health.view(snapshot, GERMANY, NOW + 30_000).capacityBps.get("eu-west-blue")).toBe(5_000);
    expect(health.view(snapshot, GERMANY, NOW + 60_000).capacityBps.size).toBe(0);
  });
});

describe("what answers say", () => {
  test("load reports count for services that ask for it, and for no other", () => {
    const busy = evidence("eu-west-blue", true, { "endpoint-load-metrics": "TEXT application_utilization=0.8" });
    for (const [lean, expected] of [
      [true, 8_000],
      [false, undefined],
    ] as const) {
      const { health } = store();
      const snapshot = loadSnapshot(world({ service: { load: { lean } } }));
      health.view(snapshot, GERMANY, NOW);
      note(health, 1, busy);
      expect(health.view(snapshot, GERMANY, NOW + 1_001).utilizationBps.get("eu-west-blue")).toBe(expected);
    }
  });

  test("latency is measured for services that steer by it", () => {
    const { health } = store();
    const regions = ["ap-south", "eu-west", "us-east"];
    const snapshot = loadSnapshot(world({ route: { default: { by: "latency", regions } } }));
    health.view(snapshot, GERMANY, NOW);
    note(health, 5, evidence("eu-west-blue", true, {}, 80));
    note(health, 5, evidence("us-east-blue", true, {}, 20));
    expect(health.view(snapshot, GERMANY, NOW).latencyRanks.get("web/DE")).toEqual(["us-east", "eu-west"]);
  });
});

describe("where the users are", () => {
  const AMERICA = readPlace({ country: "US" });
  const NOWHERE = readPlace({ country: "T1" });
  const PLACES = [GERMANY, AMERICA, NOWHERE];
  const snapshot = loadSnapshot({ ...world(), beacons: ["enam", "weur"] });
  const ALL_UP = ["global", "healthy"];

  // biome-ignore format: a table reads in columns
  test.each<[object, string[], string[]]>([
    // vantages differ by                                from Germany              from America
    [{},                                                 ALL_UP,                   ALL_UP],
    [{ weur: {} },                                       ALL_UP,                   ALL_UP],
    [{ weur: { "us-east-blue": "unhealthy" } },          ["weur", "unhealthy"],    ALL_UP],
    [{ enam: { "us-east-blue": "unhealthy" } },          ALL_UP,                   ["enam", "unhealthy"]],
    [{ weur: { "us-east-blue": "unknown" } },            ["weur", "healthy"],      ALL_UP],
    [{ weur: { "eu-west-blue": "degraded" } },           ["weur", "healthy"],      ALL_UP],
    [{ weur: { "us-east-blue": "degraded" }, enam: { "us-east-blue": "unhealthy" } }, ["weur", "degraded"], ["enam", "unhealthy"]],
    // The vantage that differs is not the nearest to anybody here, though the only one that differs.
    [{ oc: { "us-east-blue": "unhealthy" } },            ALL_UP,                   ALL_UP],
  ])("when vantages see %j", (vantages, germany, america) => {
    const { health } = store();
    health.accept(report({ clusters: { "us-east-blue": "healthy" }, vantages }), NOW);
    const seen = PLACES.map((place) => {
      const { vantage, states } = health.view(snapshot, place, NOW);
      return [vantage, states.get("us-east-blue")];
    });
    expect(seen).toEqual([germany, america, ALL_UP]);
  });

  test("each view is the same object until something changes, however they take turns", () => {
    const { health } = store();
    const differing = { clusters: {}, vantages: { weur: { "us-east-blue": "unhealthy" } } };
    health.accept(report(differing), NOW);
    const first = PLACES.map((place) => health.view(snapshot, place, NOW));
    expect(new Set(first).size).toBe(2);
    for (const [i, place] of [...PLACES, ...PLACES].entries())
      expect(health.view(snapshot, place, NOW + 900)).toBe(first[i % 3]);
    health.accept(report({ ...differing, sequence: 2 }), NOW);
    expect(health.view(snapshot, GERMANY, NOW)).not.toBe(first[0]);
    expect(health.view(snapshot, GERMANY, NOW).vantage).toBe("weur");
    health.accept(report({ sequence: 3 }), NOW);
    expect(health.view(snapshot, GERMANY, NOW)).toBe(health.view(snapshot, AMERICA, NOW));
  });

  test("what this isolate ejected is out in all of them", () => {
    const { health } = store();
    const loaded = loadSnapshot({ ...world({ clusters: pair }), beacons: ["enam", "weur"] });
    health.accept(report({ vantages: { weur: { "us-east-blue": "unhealthy" } } }), NOW);
    for (const place of PLACES) health.view(loaded, place, NOW);
    note(health, 5, evidence("eu-west-blue", false));
    for (const place of PLACES) expect([...health.view(loaded, place, NOW).ejected]).toEqual(["eu-west-blue"]);
  });

  test("a vantage that the fleet has given up, but that is near, is believed", () => {
    const { health } = store();
    health.accept(report({ vantages: { eeur: { "us-east-blue": "unhealthy" } } }), NOW);
    const seen = [readPlace({ country: "PL" }), GERMANY].map((place) => health.view(snapshot, place, NOW).vantage);
    expect(seen).toEqual(["eeur", "global"]);
  });

  test("a new snapshot may bring a vantage that is nearer and agrees with most", () => {
    const { health } = store();
    health.accept(report({ vantages: { weur: { "us-east-blue": "unhealthy" } } }), NOW);
    const POLAND = readPlace({ country: "PL" });
    expect(health.view(snapshot, POLAND, NOW).vantage).toBe("weur");
    const moved = loadSnapshot({ ...world(), beacons: ["eeur", "enam", "weur"] });
    expect(health.view(moved, POLAND, NOW).vantage).toBe("global");
  });

  test("a cluster that came back for one vantage is ramped near it, also when all agree on its state again", () => {
    const { health } = store();
    health.accept(report({ vantageRecoveredAtMs: { weur: { "us-east-blue": NOW } } }), NOW);
    const capacity = (place: Place, afterMs: number) =>
      health.view(snapshot, place, NOW + afterMs).capacityBps.get("us-east-blue");
    expect([capacity(GERMANY, 0), capacity(AMERICA, 0)]).toEqual([1_000, undefined]);
    expect([capacity(GERMANY, 30_000), capacity(AMERICA, 30_000)]).toEqual([5_000, undefined]);
    expect(capacity(GERMANY, 60_000)).toBe(undefined);
  });

  test("a cluster that came back for most, and was never away for one, is whole near that one", () => {
    const { health } = store();
    const vantageRecoveredAtMs = { weur: { "us-east-blue": 0 } };
    health.accept(report({ recoveredAtMs: { "us-east-blue": NOW }, vantageRecoveredAtMs }), NOW);
    const capacities = PLACES.map((place) => health.view(snapshot, place, NOW).capacityBps.get("us-east-blue"));
    expect(capacities).toEqual([undefined, 1_000, 1_000]);
  });

  test("how far behind clusters are is the same from everywhere", () => {
    const { health } = store();
    const vantages = { weur: { "us-east-blue": "unhealthy" } };
    health.accept(report({ replicaLagMs: { "us-east-blue": 7_000 }, vantages }), NOW);
    for (const place of PLACES)
      expect(health.view(snapshot, place, NOW).lagMs).toEqual(new Map([["us-east-blue", 7_000]]));
  });
});

test("ejections are told with what speaks for them, dimmed clusters too", () => {
  const { health } = store();
  const snapshot = loadSnapshot(world({ clusters: pair }));
  health.view(snapshot, GERMANY, NOW);
  expect(health.ejections()).toEqual([]);
  note(health, 20, evidence("eu-west-blue", true));
  note(health, 5, evidence("eu-west-blue", false), NOW + 1);
  note(health, 5, evidence("us-east-blue", false), NOW + 2);
  const because = "consecutiveFailures";
  expect(health.ejections()).toEqual([
    { cluster: "us-east-blue", sinceMs: NOW + 2, because, failures: 5, requests: 5 },
    { cluster: "eu-west-blue", sinceMs: NOW + 1, because, failures: 5, requests: 25 },
  ]);
  health.view(snapshot, GERMANY, NOW + 60_000);
  expect(health.ejections()).toEqual([]);
});
