/** One moment of a small fleet in which everything that can be told is told: two regions, one of them in trouble. */
import type { MetricFacts } from "../../../admin/core/metrics/families.ts";
import { DURATION_BUCKETS_MS, type TelemetryTotal } from "../../../admin/core/telemetry/totals.ts";

export const NOW_MS = 1_790_000_000_000;
const SINCE_MS = NOW_MS - 3_600_000;

/** All of them took 30 ms. */
function total(cluster: string, statusClass: TelemetryTotal["key"]["statusClass"], requests: number): TelemetryTotal {
  const region = cluster.replace(/-[a-z]+$/, "");
  return {
    key: { service: "web", region, cluster, side: "stable", statusClass },
    ...{ requests, latencySumMs: 30 * requests },
    latencyCounts: DURATION_BUCKETS_MS.map((ms) => (ms >= 30 ? requests : 0)),
  };
}

export const FACTS: MetricFacts = {
  ...{ version: "0.1.0", nowMs: NOW_MS },
  sources: [
    { source: "fleet", up: true },
    { source: "beacon:enam", up: false },
  ],
  fleet: {
    ...{ revision: 7, digest: "4f1d", releasedRevision: 7, onTrial: false },
    commits: [
      { revision: 7, atMs: NOW_MS - 30_000 },
      { revision: 6, atMs: NOW_MS - 90_000 },
      { revision: 5, atMs: NOW_MS - 600_000 },
    ],
    vantages: ["weur", "enam"],
    ...{ approvalsPending: 2, incidentsOpen: { 1: 0, 2: 1, 3: 4 }, freezes: 1, overrides: 0 },
    carriers: [
      { name: "beacon:weur", behind: true, failures: 3 },
      { name: "kv", behind: false, failures: 0 },
    ],
    audit: { leaves: 41, signed: 40, signedAtMs: NOW_MS - 12_500 },
  },
  topology: {
    digest: "4f1d",
    regions: [
      { region: "eu-west", drained: false },
      { region: "us-east", drained: true },
    ],
    clusters: [
      { cluster: "eu-west-blue", service: "web", region: "eu-west", inService: true },
      { cluster: "eu-west-green", service: "web", region: "eu-west", inService: true },
      { cluster: "us-east-blue", service: "web", region: "us-east", inService: false },
    ],
    weights: [
      { route: "web", rule: "europe", region: "eu-west", weight: 90 },
      { route: "web", rule: "europe", region: "us-east", weight: 10 },
    ],
    weightsOmitted: 0,
  },
  health: {
    panic: false,
    states: { "eu-west-blue": "unhealthy", "eu-west-green": "unhealthy", "us-east-blue": "healthy" },
    vantages: [
      {
        ...{ vantage: "weur", standing: "trusted" },
        clusters: { healthy: 1, degraded: 0, unhealthy: 2, unknown: 0 },
      },
      { vantage: "enam", standing: "stale", clusters: { healthy: 0, degraded: 0, unhealthy: 0, unknown: 3 } },
    ],
  },
  drift: [{ severity: "error", kind: "declared", count: 2 }],
  traffic: {
    totals: [
      total("eu-west-blue", "2xx", 900),
      { ...total("eu-west-blue", "5xx", 100), failovers: 4 },
      { ...total("eu-west-blue", "own", 0), failovers: 3 },
      total("us-east-blue", "2xx", 50),
    ],
    lost: { reports: 1, requests: 12 },
  },
  objectives: [
    { service: "web", region: "eu-west", sli: "availability", targetPpm: 999_000, remainingPpm: -250_000 },
    { service: "web", region: "us-east", sli: "availability", targetPpm: 999_900 },
  ],
  export: { sinceMs: SINCE_MS, successes: 58, failures: 2, rejectedPoints: 0, lastSuccessMs: NOW_MS - 20_000 },
  beacons: [
    {
      vantage: "weur",
      figures: {
        edges: [
          { revision: 5, isolates: 1, requests: 10 },
          { revision: 7, isolates: 3, requests: 90 },
        ],
        rejections: [{ revision: 7, code: "signatureWrong", isolates: 1 }],
      },
    },
  ],
  probers: [
    {
      vantage: "weur",
      figures: { sinceMs: SINCE_MS, clusters: [{ cluster: "eu-west-blue", successes: 700, failures: 20 }] },
    },
  ],
};
