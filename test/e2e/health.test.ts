/**
 * Health from where the users are, end to end: a cluster that one vantage cannot reach, one that nobody can, and its way
 * back; then what clusters report of themselves, and what is refused because of it.
 */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, expect, test } from "vitest";
import { BEACON_MS_DEVELOPMENT } from "../../config/beacon.ts";
import { type PlaceName, useClient } from "./client.ts";
import { useDemo } from "./demo.ts";
import { startSteadyLoad, type TimedVisit } from "./steady-load.ts";

/** Of the demo fleet's health checks, which fail after two. */
const PROBE_MS = 1_000;
/** What is waited for is two intervals and `beaconMs`; the work itself, probes and messages on two busy cores, is this. */
const WORK_MS_MAX = 200;
const MOVED_MS_MAX = 2 * PROBE_MS + BEACON_MS_DEVELOPMENT + WORK_MS_MAX;

/** The demo's ramp takes five seconds, after probes that succeed and a hold-down of two. */
const BACK_MS_MAX = 20_000;

/** At which the control plane asks clusters what they run, in development. */
const STATUS_MS = 5_000;

const CLUSTER = "us-east-blue";
const VANTAGES = ["weur", "enam", "apac"] as const;

const demo = useDemo();
const client = useClient(demo);

const figures: Record<string, number> = {};
afterAll(() => console.table(figures));
afterEach(() => client().breakCluster(CLUSTER, { kind: "none" }));

const ADDRESSES = Array.from({ length: 60 }, (_, i) => `198.51.100.${i}`);

/** By which cluster each of them is served, from there. */
function servedBy(place: PlaceName): Promise<readonly (string | undefined)[]> {
  return Promise.all(ADDRESSES.map(async (address) => (await client().visit("/", place, address)).cluster));
}

test("a cluster that one vantage cannot reach loses the clients near it, and keeps the others", async () => {
  // Half of Asia is served where America is, so that clients near two vantages are on one cluster.
  const weights = { "ap-south": 50, "us-east": 50 };
  const shift = await client().admin("PATCH", "/v1/weights", { route: "web", rule: "asia", weights, reason: "a test" });
  expect(shift.status).toBe(200);
  await expect.poll(async () => (await servedBy("IN")).includes(CLUSTER), { timeout: 5_000 }).toBe(true);
  const [asia, america, europe] = await Promise.all([servedBy("IN"), servedBy("US"), servedBy("DE")]);
  expect(america).toContain(CLUSTER);

  const americans = startSteadyLoad(client(), "US", "/not-asked-to-move");
  const brokenMs = performance.now();
  await client().breakCluster(CLUSTER, { kind: "down", vantages: ["apac"] });
  await expect.poll(() => servedBy("IN"), { timeout: 3 * MOVED_MS_MAX, interval: 100 }).not.toContain(CLUSTER);
  figures["moved for one vantage, ms"] = Math.round(performance.now() - brokenMs);

  expect(await servedBy("US")).toEqual(america);
  expect(await servedBy("DE")).toEqual(europe);
  const visits = await americans.stop();
  expect(visits.filter(({ status, region }) => status !== 200 || region !== "us-east")).toEqual([]);
  const { body } = await client().admin("GET", `/v1/health/clusters/${CLUSTER}`);
  expect(body).toMatchObject({
    state: "healthy",
    ballot: { healthy: expect.arrayContaining(["weur", "enam"]), unhealthy: ["apac"] },
  });

  await client().breakCluster(CLUSTER, { kind: "none" });
  await expect.poll(() => servedBy("IN"), { timeout: BACK_MS_MAX, interval: 500 }).toEqual(asia);
});

/** How much of what was sent in that time it served. */
function shareOf(visits: readonly TimedVisit[], fromMs: number, untilMs: number): number {
  const within = visits.filter(({ sentMs }) => sentMs >= fromMs && sentMs < untilMs);
  return within.filter(({ cluster }) => cluster === CLUSTER).length / within.length;
}

test("a cluster that nobody reaches loses all its clients in time, and gets them back bit by bit", async () => {
  const load = startSteadyLoad(client(), "US", "/all");
  await sleep(1_000);
  const wholeShare = shareOf(load.visits, 0, performance.now());
  expect(wholeShare).toBeGreaterThan(0.75);

  // Only probes fail: requests that got there would be answered, so no ejection takes part.
  const brokenMs = Date.now();
  await client().breakCluster(CLUSTER, { kind: "failing", vantages: VANTAGES });
  await sleep(MOVED_MS_MAX);
  const seen = (await client().counters(CLUSTER)).byPath["/all"];
  await sleep(1_500);
  const counters = await client().counters(CLUSTER);
  figures["moved for all, ms"] = (counters.lastRequestMs ?? 0) - brokenMs;
  expect(counters.byPath["/all"]).toBe(seen);
  expect(counters.lastRequestMs).toBeLessThanOrEqual(brokenMs + MOVED_MS_MAX);
  const down = await client().admin("GET", `/v1/health/clusters/${CLUSTER}`);
  expect(down.body).toMatchObject({ state: "unhealthy", rule: "majority" });
  expect(down.body).not.toHaveProperty("ballot.passive");

  const mendedMs = performance.now();
  await client().breakCluster(CLUSTER, { kind: "none" });
  const lastSecond = () => shareOf(load.visits, performance.now() - 1_000, performance.now());
  await expect.poll(lastSecond, { timeout: BACK_MS_MAX }).toBeGreaterThan(0.95 * wholeShare);
  const visits = await load.stop();
  expect(visits.filter(({ status }) => status !== 200)).toEqual([]);
  const backMs = visits.find(({ sentMs, cluster }) => sentMs > mendedMs && cluster === CLUSTER)?.sentMs ?? 0;
  const shares = [0, 1, 2, 3].map((second) => shareOf(visits, backMs + second * 1_000, backMs + (second + 1) * 1_000));
  for (const [second, share] of shares.entries()) figures[`share in second ${second + 1} of its way back`] = share;
  // A fifth of its weight at first, all of it after five seconds.
  expect(shares[0]).toBeLessThan(0.75 * wholeShare);
  expect(shares[2]).toBeGreaterThan(shares[0] ?? 0);
});

const DECLARED = { imageDigest: "sha256:5b1c0f8a3d7e4926b0f1a85c6d2e9374f0a1b2c3d4e5f60718293a4b5c6d7e8f" };

/** What `npm run preflight` prints, and how it ends. */
function runPreflight(): Promise<{ readonly code: number; readonly stdout: string }> {
  const args = ["run", "--silent", "preflight", "--", "config/fleets/demo", "--admin", demo().state.admin];
  const env = { ...process.env, FAIRLEAD_TOKEN: demo().state.token };
  return new Promise((resolve) => {
    execFile("npm", args, { env }, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });
}

test("another image than is declared is drift within an interval, and preflight refuses by its name", async () => {
  expect(await runPreflight()).toMatchObject({ code: 0, stdout: expect.stringContaining("0 errors") });
  const changedMs = performance.now();
  await client().changeReport("eu-west-blue", { imageDigest: `sha256:${"99".repeat(32)}` });
  const drift = async () => (await client().admin("GET", "/v1/drift?cluster=eu-west-blue")).body.drift;
  await expect
    .poll(drift, { timeout: STATUS_MS + 1_000 })
    .toMatchObject([{ kind: "declared", field: "imageDigest", severity: "error", clusters: ["eu-west-blue"] }]);
  figures["drift seen, ms"] = Math.round(performance.now() - changedMs);

  const { body } = await client().admin("POST", "/v1/preflight", {});
  expect(body).toMatchObject({
    ok: false,
    findings: [{ code: "drift.imageDigest", severity: "error", document: "Cluster/eu-west-blue" }],
  });
  const refused = await runPreflight();
  expect(refused.stdout).toContain("error drift.imageDigest [Cluster/eu-west-blue]");
  expect(refused.code).toBe(1);

  await client().changeReport("eu-west-blue", DECLARED);
  await client().pushStatus("eu-west-blue");
  expect((await client().admin("POST", "/v1/preflight", {})).body).toMatchObject({ ok: true, findings: [] });
});

test("a secret is cut over when the last region reports it, and not before", async () => {
  const report = async (region: string) => {
    for (const name of [`${region}-blue`, `${region}-green`]) {
      const secrets = [
        { name: "session-key", versions: ["v1", "v2"], active: "v1" },
        { name: "payments-token", versions: ["2026-09"], active: "2026-09" },
      ];
      await client().changeReport(name, { secrets });
      await client().pushStatus(name);
    }
  };
  const rotate = (body: object) =>
    client().admin("POST", "/v1/secrets/session-key/rotate", { reason: "a test", ...body });
  expect((await rotate({ version: "v2", stage: "introduced" })).status).toBe(200);
  await report("eu-west");
  await report("us-east");
  const refused = await rotate({ stage: "active" });
  expect(refused).toMatchObject({ status: 409, body: { code: "ruleDenied" } });
  expect(refused.body.verdicts).toContainEqual(
    expect.objectContaining({
      ...{ rule: "secretPresence", outcome: "deny" },
      numbers: expect.objectContaining({ regions: ["ap-south"], clusters: ["ap-south-blue", "ap-south-green"] }),
    }),
  );
  expect(refused.body.detail).toContain("ap-south has not got it");

  await report("ap-south");
  const done = await rotate({ stage: "active" });
  expect(done).toMatchObject({ status: 200, body: { outcome: { from: "v1", to: "v2", stage: "active" } } });
});
