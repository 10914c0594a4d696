import { describe, expect, test } from "vitest";
import {
  type ClusterHealth,
  observe,
  type ProbeOutcome,
  type Thresholds,
  unknownHealth,
} from "../../../admin/core/health/observe.ts";
import {
  holdDownMs,
  isExpectedStatus,
  nextProbeMs,
  type ProbeTarget,
  probeTargets,
} from "../../../admin/core/health/targets.ts";
import { readFleet } from "../../../config/read-fleet.ts";

const SUCCESS: ProbeOutcome = { kind: "success", status: 200, durationMs: 1 };
const FAILURE: ProbeOutcome = { kind: "failure", because: "connection", durationMs: 1 };

/** `+` is a success, `-` a failure, a millisecond apart. */
function observeAll(probes: string, thresholds: Thresholds): readonly ClusterHealth[] {
  let health: ClusterHealth = unknownHealth(0);
  return [...probes].map((probe, index) => {
    health = observe(health, probe === "+" ? SUCCESS : FAILURE, { thresholds, nowMs: index + 1 });
    return health;
  });
}

/** One letter of the answer for each probe: unknown, healthy, or down. */
function believe(probes: string, thresholds: Thresholds): string {
  const letters = { unknown: "u", healthy: "h", unhealthy: "d", degraded: "?" };
  return observeAll(probes, thresholds)
    .map(({ state }) => letters[state])
    .join("");
}

describe("what is believed of a cluster", () => {
  test.each([
    // probes        rise  fall  believed
    ["+", 2, 3, "h"],
    ["---", 2, 3, "uud"],
    ["--+", 2, 3, "uuh"],
    ["+--", 2, 3, "hhh"],
    ["+---", 2, 3, "hhhd"],
    ["+--+--", 2, 3, "hhhhhh"],
    ["---+", 2, 3, "uudd"],
    ["---++", 2, 3, "uuddh"],
    ["---+-++", 2, 3, "uuddddh"],
    ["-+-+", 1, 1, "dhdh"],
    ["+----++++", 3, 2, "hhdddddhh"],
  ])("%s with rise %i and fall %i: %s", (probes, rise, fall, believed) => {
    expect(believe(probes, { rise, fall, holdDownMs: 0 })).toBe(believed);
  });

  test.each([
    // probes         hold-down  believed        came back at
    ["-++", 0, "ddh", [3]],
    ["-++", 2, "ddh", [3]], // down at 1, over at 3
    ["-++", 3, "ddd", []],
    ["-+++++", 3, "dddhhh", [4]], // the streak counts while it waits
    ["-+-+-+-+++", 4, "ddddddddhh", [9]], // and each failure breaks it
    ["-++-", 3, "dddd", []],
    ["-++-++", 4, "dddddh", [6]], // a failure meanwhile does not begin the hold-down anew
    ["-+++-+++", 3, "dddhdddh", [4, 8]], // but going down again does
    ["+-+++", 3, "hdddh", [5]],
    ["+++", 9, "hhh", []], // nobody is held down who was never down
  ])("%s with a hold-down of %i ms: %s", (probes, holdDown, believed, cameBackAtMs) => {
    const thresholds = { rise: 2, fall: 1, holdDownMs: holdDown };
    expect(believe(probes, thresholds)).toBe(believed);
    const recovered = observeAll(probes, thresholds).flatMap(({ recoveredAtMs }) => recoveredAtMs ?? []);
    expect([...new Set(recovered)]).toEqual(cameBackAtMs);
  });

  test("the state carries since when it holds, not when it was last confirmed", () => {
    const thresholds = { rise: 1, fall: 1, holdDownMs: 0 };
    const first = observe(unknownHealth(0), SUCCESS, { thresholds, nowMs: 10 });
    const second = observe(first, SUCCESS, { thresholds, nowMs: 20 });
    expect(second).toMatchObject({ sinceMs: 10, successes: 2, failures: 0, last: { atMs: 20 } });
    expect(observe(second, FAILURE, { thresholds, nowMs: 30 })).toMatchObject({
      sinceMs: 30,
      successes: 0,
      failures: 1,
    });
  });
});

const apiVersion = "fairlead.dev/v1";
const region = {
  apiVersion,
  kind: "Region",
  metadata: { name: "eu" },
  spec: {
    location: { latitude: 50, longitude: 8 },
    jurisdictions: [],
    vantage: "weur",
    capacity: { requestsPerSecond: 1 },
  },
};
const service = (healthCheck?: unknown) => ({
  apiVersion,
  kind: "Service",
  metadata: { name: "web" },
  spec: healthCheck === undefined ? {} : { healthCheck },
});
const cluster = (rest: Record<string, unknown>) => ({
  apiVersion,
  kind: "Cluster",
  metadata: { name: "eu-blue" },
  spec: { region: "eu", service: "web", endpoint: "http://127.0.0.1:8080", weight: 1, ...rest },
});

function targetsOf(...documents: unknown[]): readonly ProbeTarget[] {
  return probeTargets(readFleet([region, ...documents], { environment: "demo", development: true }).fleet);
}

describe("whom to probe", () => {
  test("with the hold-down of its service, also when the health check is its own", () => {
    const held = { ...service(), spec: { recovery: { holdDown: "2s" } } };
    expect(targetsOf(held, cluster({ healthCheck: { path: "/own" } }))).toMatchObject([{ holdDownMs: 2_000 }]);
  });

  test("the service's health check, with defaults filled in", () => {
    expect(targetsOf(service({ path: "/health" }), cluster({}))).toEqual([
      {
        cluster: "eu-blue",
        url: "http://127.0.0.1:8080/health",
        method: "GET",
        intervalMs: 10_000,
        timeoutMs: 2_000,
        rise: 2,
        fall: 3,
        holdDownMs: 20_000,
      },
    ]);
  });

  test("the cluster's own goes before the service's", () => {
    const healthCheck = {
      path: "/own",
      method: "HEAD",
      interval: "1s",
      timeout: "250ms",
      rise: 1,
      fall: 1,
      statuses: [204],
    };
    expect(targetsOf(service({ path: "/health" }), cluster({ healthCheck }))).toMatchObject([
      { url: "http://127.0.0.1:8080/own", method: "HEAD", intervalMs: 1_000, timeoutMs: 250, statuses: [204] },
    ]);
  });

  test("by default a probe is over before the next one begins", () => {
    const [target] = targetsOf(service({ path: "/health", interval: "1s" }), cluster({}));
    expect(target).toMatchObject({ intervalMs: 1_000, timeoutMs: 999 });
  });

  test("nobody without a health check, and nobody who is disabled", () => {
    expect(targetsOf(service(), cluster({}))).toEqual([]);
    expect(targetsOf(service({ path: "/health" }), cluster({ adminState: "disabled" }))).toEqual([]);
    expect(targetsOf(service({ path: "/health" }), cluster({ adminState: "draining" }))).toHaveLength(1);
  });
});

test.each([
  // recovery                 held down for
  [undefined, 20_000],
  [{ ramp: "5s" }, 20_000],
  [{ holdDown: "2s" }, 2_000],
])("a service with recovery %j holds down for %i ms", (recovery, expected) => {
  const document = { ...service(), spec: recovery === undefined ? {} : { recovery } };
  const { fleet } = readFleet([document], { environment: "demo", development: true });
  expect(fleet.services.map(holdDownMs)).toEqual([expected]);
});

const TARGET: ProbeTarget = {
  ...{ cluster: "eu-blue", url: "http://x/", method: "GET" },
  ...{ intervalMs: 1_000, timeoutMs: 100, rise: 1, fall: 1, holdDownMs: 0 },
};

test.each([
  // statuses     status  expected
  [undefined, 199, false],
  [undefined, 200, true],
  [undefined, 299, true],
  [undefined, 300, false],
  [[301], 301, true],
  [[301], 200, false],
])("of %j the status %i is expected: %s", (statuses, status, expected) => {
  expect(isExpectedStatus(statuses === undefined ? TARGET : { ...TARGET, statuses }, status)).toBe(expected);
});

test.each([
  // jitter  next
  [0, 10_900],
  [0.5, 11_000],
  [1, 11_100],
])("with jitter %d the next probe is at %i", (jitter, next) => {
  expect(nextProbeMs(TARGET, 10_000, jitter)).toBe(next);
});
