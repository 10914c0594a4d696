/** The health view of an isolate: made anew when something changes, and only then. */
import { describe, expect, test } from "vitest";
import { HealthReport } from "../../../config/health.ts";
import { type Evidence, HealthStore } from "../../../worker/io/health.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { readPlace } from "../../../worker/routing/place.ts";
import { cluster, world } from "../routing/world.ts";

const NOW = 1_000_000;

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
    place: readPlace({ country: "DE" }),
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
  const view = health.view(snapshot, NOW);
  note(health, 100, evidence("eu-west-blue", true));
  expect(health.view(snapshot, NOW + 900)).toBe(view);
  health.accept(report({ clusters: { "us-east-blue": "unhealthy" } }), NOW);
  expect(health.view(snapshot, NOW + 900).states.get("us-east-blue")).toBe("unhealthy");
});

describe("ejection", () => {
  test("five failures in a row take a cluster out, its time brings it back, ramped", () => {
    const { health, events } = store();
    const snapshot = loadSnapshot(world({ clusters: pair }));
    health.view(snapshot, NOW);
    note(health, 4, evidence("eu-west-blue", false));
    expect(health.view(snapshot, NOW).ejected.size).toBe(0);
    note(health, 1, evidence("eu-west-blue", false));
    expect([...health.view(snapshot, NOW).ejected]).toEqual(["eu-west-blue"]);
    const back = health.view(snapshot, NOW + 31_000);
    expect(back.ejected.size).toBe(0);
    expect(back.capacityBps.get("eu-west-blue")).toBe(1_000);
    expect(health.view(snapshot, NOW + 61_000).capacityBps.get("eu-west-blue")).toBe(5_000);
    expect(health.view(snapshot, NOW + 91_000).capacityBps.size).toBe(0);
    expect(events).toEqual(["cluster.ejected eu-west-blue", "cluster.returned eu-west-blue"]);
  });

  test("probes that saw it fail and recover bring it back at once, probes that were content all along do not", () => {
    const { health, events } = store();
    const snapshot = loadSnapshot(world({ clusters: pair }));
    health.view(snapshot, NOW);
    note(health, 5, evidence("eu-west-blue", false));
    health.accept(report({ recoveredAtMs: { "eu-west-blue": NOW - 1 } }), NOW);
    expect(health.view(snapshot, NOW).ejected.size).toBe(1);
    health.accept(report({ sequence: 2, recoveredAtMs: { "eu-west-blue": NOW + 3_000 } }), NOW + 4_000);
    expect(health.view(snapshot, NOW + 4_000).ejected.size).toBe(0);
    expect(health.view(snapshot, NOW + 4_000).capacityBps.get("eu-west-blue")).toBe(1_000);
    expect(events.at(-1)).toBe("cluster.returned eu-west-blue");
  });

  test("the only cluster of a region keeps a small share", () => {
    const { health } = store();
    const snapshot = loadSnapshot(world());
    health.view(snapshot, NOW);
    note(health, 5, evidence("eu-west-blue", false));
    const view = health.view(snapshot, NOW);
    expect(view.ejected.size).toBe(0);
    expect(view.capacityBps.get("eu-west-blue")).toBe(1_000);
  });

  test("what the client may have broken itself counts for nothing, a thousand times over", () => {
    const { health, events } = store();
    const snapshot = loadSnapshot(world({ clusters: pair }));
    health.view(snapshot, NOW);
    note(health, 1_000, evidence("eu-west-blue", undefined));
    expect(health.view(snapshot, NOW + 20_000).ejected.size).toBe(0);
    expect(events).toEqual([]);
  });

  test("a cluster that the next snapshot does not have is forgotten", () => {
    const { health } = store();
    health.view(loadSnapshot(world({ clusters: pair })), NOW);
    note(health, 5, evidence("eu-west-two", false));
    expect(health.view(loadSnapshot(world()), NOW).ejected.size).toBe(0);
  });
});

describe("recovery", () => {
  test("what probes found healthy again comes back ramped", () => {
    const { health } = store();
    const snapshot = loadSnapshot(world());
    health.accept(report({ recoveredAtMs: { "eu-west-blue": NOW } }), NOW);
    expect(health.view(snapshot, NOW).capacityBps.get("eu-west-blue")).toBe(1_000);
    expect(health.view(snapshot, NOW + 30_000).capacityBps.get("eu-west-blue")).toBe(5_000);
    expect(health.view(snapshot, NOW + 60_000).capacityBps.size).toBe(0);
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
      health.view(snapshot, NOW);
      note(health, 1, busy);
      expect(health.view(snapshot, NOW + 1_001).utilizationBps.get("eu-west-blue")).toBe(expected);
    }
  });

  test("latency is measured for services that steer by it", () => {
    const { health } = store();
    const regions = ["ap-south", "eu-west", "us-east"];
    const snapshot = loadSnapshot(world({ route: { default: { by: "latency", regions } } }));
    health.view(snapshot, NOW);
    note(health, 5, evidence("eu-west-blue", true, {}, 80));
    note(health, 5, evidence("us-east-blue", true, {}, 20));
    expect(health.view(snapshot, NOW).latencyRanks.get("web/DE")).toEqual(["us-east", "eu-west"]);
  });
});
