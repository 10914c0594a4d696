/** Whom to probe and how, and what each object has to know of a fleet. */
import { describe, expect, test } from "vitest";
import { HealthConfigs, vantagesOf } from "../../../admin/core/health/configs.ts";
import { holdDownMs, type ProbeTarget, probeTargets } from "../../../admin/core/health/targets.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, fleetOf, region, service, soundBut } from "../config/fixtures.ts";

type Json = { readonly [key: string]: unknown };

const DEVELOPMENT = { environment: "demo", development: true };

/** Read as it is written: findings are somebody else's. */
const fleetWith = (...documents: readonly Json[]) => readFleet(soundBut(...documents), DEVELOPMENT).fleet;

const monitor = (name: string, ...checks: object[]) => ({
  ...{ apiVersion: "fairlead.dev/v1", kind: "Monitor", metadata: { name } },
  spec: { service: "web", checks },
});

function targetsOf(...documents: readonly Json[]): readonly ProbeTarget[] {
  return probeTargets(fleetWith(...documents), { development: true });
}

const own = (healthCheck: object, fields: object = {}) => cluster("eu-web", { healthCheck, ...fields });

describe("whom to probe", () => {
  test("by the service's health check, with defaults filled in", () => {
    expect(targetsOf(service("web", { healthCheck: { path: "/health" } }))[0]).toEqual({
      ...{ cluster: "eu-web", holdDownMs: 20_000 },
      checks: [
        {
          ...{ name: "healthCheck", role: "mustPass", url: "https://eu-web.example.com/health", method: "GET" },
          ...{ intervalMs: 10_000, timeoutMs: 2_000, rise: 2, fall: 3 },
        },
      ],
    });
  });

  test("by the cluster's own before the service's, with everything that it says", () => {
    const healthCheck = {
      ...{ path: "/own", method: "HEAD", interval: "1s", timeout: "250ms", rise: 1, fall: 1, statuses: [204] },
      ...{ headers: { "x-probe": "yes" }, degradedAfter: "100ms" },
    };
    const targets = targetsOf(service("web", { healthCheck: { path: "/health" } }), own(healthCheck));
    expect(targets[0]?.checks).toEqual([
      {
        ...{ name: "healthCheck", role: "mustPass", url: "https://eu-web.example.com/own", method: "HEAD" },
        ...{ intervalMs: 1_000, timeoutMs: 250, rise: 1, fall: 1, statuses: [204] },
        ...{ headers: { "x-probe": "yes" }, degradedAfterMs: 100 },
      },
    ]);
    expect(targets[1]?.checks[0]?.url).toBe("https://us-web.example.com/health");
  });

  test("by the Monitor of the service instead of either, every check of it", () => {
    const checks = [
      { name: "page", role: "mustPass", check: { path: "/", body: { contains: "ready" } } },
      { name: "queue", role: "observe", check: { path: "/queue", interval: "30s" } },
    ];
    const targets = targetsOf(own({ path: "/own" }), monitor("web", ...checks));
    expect(targets).toHaveLength(2);
    expect(targets[0]?.checks).toMatchObject([
      { name: "page", role: "mustPass", url: "https://eu-web.example.com/", contains: "ready", intervalMs: 10_000 },
      { name: "queue", role: "observe", url: "https://eu-web.example.com/queue", intervalMs: 30_000 },
    ]);
  });

  test("nobody without a health check, and nobody who is disabled", () => {
    expect(targetsOf()).toEqual([]);
    expect(targetsOf(own({ path: "/" }, { adminState: "disabled" }))).toEqual([]);
    expect(targetsOf(own({ path: "/" }, { adminState: "draining" }))).toHaveLength(1);
  });

  test.each([
    // written        development   interval    timeout
    [undefined, false, 10_000, 2_000],
    ["1s", true, 1_000, 999], // a probe is over before the next one begins
    ["100ms", true, 500, 99],
    ["1s", false, 5_000, 999], // a revision of before there was this limit
    ["30s", false, 30_000, 2_000],
  ])("every %s, in development %s: every %i ms, for %i ms at most", (interval, development, intervalMs, timeoutMs) => {
    const healthCheck = { path: "/", ...(interval === undefined ? {} : { interval }) };
    const [target] = probeTargets(fleetWith(own(healthCheck)), { development });
    expect(target?.checks).toMatchObject([{ intervalMs, timeoutMs }]);
  });

  test.each([
    // recovery             held down for
    [undefined, 20_000],
    [{ ramp: "5s" }, 20_000],
    [{ holdDown: "2s" }, 2_000],
  ])("a service with recovery %j holds down for %i ms", (recovery, expected) => {
    const { services } = fleetWith(service("web", recovery === undefined ? {} : { recovery }));
    expect(services.map(holdDownMs)).toEqual([expected]);
    const [target] = targetsOf(service("web", recovery === undefined ? {} : { recovery }), own({ path: "/own" }));
    expect(target?.holdDownMs).toBe(expected);
  });
});

describe("what probers and the health object are told", () => {
  const documents = [
    own({ path: "/", interval: "5s" }, { reports: { version: "1.4.0" } }),
    cluster("us-web", { region: "us", reports: { version: "1.4.0" } }),
  ];
  const { fleet } = fleetOf(soundBut(...documents));
  const configs = new HealthConfigs(fleet, { development: false });

  test("every vantage of a region probes every cluster, and asks those near it what they run", () => {
    expect(vantagesOf(fleet)).toEqual(["enam", "weur"]);
    const [enam, weur] = [configs.prober("enam", 7), configs.prober("weur", 7)];
    expect(enam.targets).toEqual(weur.targets);
    expect(enam.targets.map(({ cluster: name }) => name)).toEqual(["eu-web"]);
    expect(enam.statuses.map(({ cluster: name }) => name)).toEqual(["us-web"]);
    expect(weur.statuses).toMatchObject([
      { cluster: "eu-web", url: "https://eu-web.example.com/.well-known/fairlead" },
    ]);
    expect(weur).toMatchObject({ vantage: "weur", revision: 7, statusIntervalMs: 30_000 });
  });

  test("a vantage that no region has any more stops", () => {
    expect(configs.prober("apac", 7)).toMatchObject({ targets: [], statuses: [] });
  });

  test("the health object hears of every cluster that is probed, and how often that is", () => {
    // Twelve a minute from each of two vantages.
    expect(configs.watch(7)).toMatchObject({
      ...{ revision: 7, vantages: ["enam", "weur"] },
      clusters: [{ cluster: "eu-web", probesPerMinute: 24 }],
    });
  });

  test("the digest is that of what is in it: not of the revision, but of the vantage and of everything else", () => {
    expect(configs.prober("weur", 8).digest).toBe(configs.prober("weur", 7).digest);
    expect(configs.watch(8).digest).toBe(configs.watch(7).digest);
    const digests = [
      configs.prober("weur", 7),
      configs.prober("enam", 7),
      configs.prober("apac", 7),
      new HealthConfigs(fleetOf(soundBut(...documents, region("ap", { vantage: "apac" }))).fleet, {
        development: false,
      }).prober("apac", 7),
      new HealthConfigs(fleet, { development: true }).prober("weur", 7),
      new HealthConfigs(fleetOf(soundBut(own({ path: "/other" }))).fleet, { development: false }).prober("weur", 7),
      configs.watch(7),
    ].map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(digests.length);
  });
});
