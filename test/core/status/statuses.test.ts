/** What is kept of statuses: since when they say what they say, and how long they are believed. */
import { describe, expect, test } from "vitest";
import { statusConfigOf } from "../../../admin/core/status/status-config.ts";
import {
  freshStatuses,
  type KnownStatus,
  LAG_FRESH_MS,
  lagByCluster,
  nextKnown,
  STATUS_FRESH_MS,
} from "../../../admin/core/status/statuses.ts";
import { statusTargets } from "../../../admin/core/status/targets.ts";
import { ClusterStatus } from "../../../config/cluster-status.ts";
import { cluster, drainRegion, type Json, rotation, route, service, stateOf, worldBut } from "../safety/world.ts";

const status = (fields: object = {}) => ClusterStatus.parse({ cluster: "a", atMs: 1, version: "1", ...fields });
const PUSHED = { kind: "pushed" } as const;

function known(receivedAtMs: number, fields: object = {}): KnownStatus {
  return { status: status(fields), source: PUSHED, receivedAtMs, firstSeenMs: 0, changedAtMs: 0 };
}

// biome-ignore format: a table reads in columns
test.each([
  // then                       changed
  [{ atMs: 2 },                 false],
  [{ replicaLagMs: 9 },         false],
  [{ loadBps: 9 },              false],
  [{ version: "2" },            true],
  [{ keyIds: [] },              true],
])("a status with %j after another says something else: %s", (fields, changed) => {
  const first = nextKnown(undefined, status(), { source: PUSHED, nowMs: 100 });
  expect([first.changed, first.known.firstSeenMs, first.known.changedAtMs]).toEqual([true, 100, 100]);
  const second = nextKnown(first.known, status(fields), { source: { kind: "pulled", vantage: "weur" }, nowMs: 200 });
  expect(second).toMatchObject({
    changed,
    known: { firstSeenMs: 100, changedAtMs: changed ? 200 : 100, receivedAtMs: 200, source: { kind: "pulled" } },
  });
});

describe("freshness", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // age                  believed  lag counts
    [0,                     true,     true],
    [LAG_FRESH_MS,          true,     true],
    [LAG_FRESH_MS + 1,      true,     false],
    [STATUS_FRESH_MS,       true,     false],
    [STATUS_FRESH_MS + 1,   false,    false],
  ])("after %i ms", (ageMs, believed, lagCounts) => {
    const one = [known(1_000, { replicaLagMs: 7 })];
    expect(freshStatuses(one, 1_000 + ageMs).has("a")).toBe(believed);
    expect(lagByCluster(one, 1_000 + ageMs)).toEqual(lagCounts ? { a: 7 } : {});
  });

  test("who does not say how far its data is behind is left out", () => {
    expect(lagByCluster([known(0)], 0)).toEqual({});
  });
});

test("clusters are asked that must report, or whose service or route limits lag, unless they are switched off", () => {
  const reports = { reports: { version: "1" } };
  const documents = worldBut(
    service("api", { replicaLag: { reads: "5s" } }),
    route("log", { service: "log", match: { hosts: ["log.example.com"] }, replicaLag: { writes: "5s" } }),
    service("log"),
    cluster("eu-log", { service: "log" }),
    service("far"),
    cluster("eu-far", { service: "far" }),
    cluster("eu-web", reports),
    cluster("us-web", { region: "us", ...reports, adminState: "disabled" }),
    cluster("ap-web", { region: "ap", service: "api" }),
    cluster("eu-api", { service: "api", endpoint: "https://api.example.com:8443" }),
  );
  expect(statusTargets(stateOf(documents).fleet)).toEqual([
    { cluster: "ap-web", region: "ap", url: "https://ap-web.example.com/.well-known/fairlead" },
    { cluster: "eu-api", region: "eu", url: "https://api.example.com:8443/.well-known/fairlead" },
    { cluster: "eu-log", region: "eu", url: "https://eu-log.example.com/.well-known/fairlead" },
    { cluster: "eu-web", region: "eu", url: "https://eu-web.example.com/.well-known/fairlead" },
  ]);
});

test("the digest of a config says nothing of revisions and drains, and all of documents and rotations", () => {
  const digest = (documents = worldBut(), overlays: readonly Json[] = [], revision = 7) =>
    statusConfigOf(stateOf(documents, overlays, revision)).digest;
  expect(digest(worldBut(), [drainRegion("eu")], 8)).toBe(digest());
  const others = [
    digest(worldBut(cluster("eu-web", { reports: { version: "1" } }))),
    digest(worldBut(), [rotation()]),
    digest(worldBut(), [rotation({ stage: "active" })]),
    digest(worldBut(cluster("eu-web", { statusKey: `${"A".repeat(43)}=` }))),
  ];
  expect(new Set([digest(), ...others]).size).toBe(5);
});

test("keys are told by the clusters that have one", () => {
  const key = `${"A".repeat(43)}=`;
  const state = stateOf(worldBut(cluster("eu-web", { statusKey: key })));
  expect(statusConfigOf(state).keys).toEqual({ "eu-web": key });
});
