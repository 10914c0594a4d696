/** What breaks in a demo must not break a request: clusters that fail in each way, and a control plane that throws. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import * as z from "zod/mini";
import { useClient } from "./client.ts";
import { useDemo } from "./demo.ts";
import { startSteadyLoad } from "./steady-load.ts";

/** Two probes, a second apart, and their timeout, with much room for a busy machine. */
const DETECTION_MS_MAX = 15_000;

/** The prober tells the beacons, and an edge asks its beacon every second. */
const NEWS_MS_MAX = 2_000;

const demo = useDemo();
const client = useClient(demo);
afterEach(async () => {
  await client().breakCluster("us-east-blue", { kind: "none" });
  await client().breakCluster("us-east-green", { kind: "none" });
});

async function healthOf(name: string): Promise<unknown> {
  const { body } = await client().admin("GET", "/v1/health");
  const clusters = z.array(z.looseObject({ cluster: z.string(), state: z.string() })).parse(body.clusters);
  return clusters.find(({ cluster }) => cluster === name)?.state;
}

/** Where ten Americans are served, nine of them by the stable side when all is well. */
async function clustersInUse(): Promise<ReadonlySet<string | undefined>> {
  const visits = Array.from({ length: 10 }, (_, i) => client().visit("/", "US", `198.51.100.${i}`));
  return new Set((await Promise.all(visits)).map(({ cluster }) => cluster));
}

const comesBack = () =>
  expect.poll(async () => (await clustersInUse()).has("us-east-blue"), { timeout: DETECTION_MS_MAX }).toBe(true);

// First in the file: what may be retried is a part of the requests of the last ten seconds, and always three.
test("a cluster that refuses connections costs no GET, even before a probe notices", async () => {
  await client().breakCluster("us-east-blue", { kind: "down" });
  const visits = [1, 2, 3].map((last) => client().visit("/", "US", `198.51.100.${last}`));
  for (const { status, cluster } of await Promise.all(visits)) {
    expect(status).toBe(200);
    expect(cluster).not.toBe("us-east-blue");
  }
  await client().breakCluster("us-east-blue", { kind: "none" });
  await comesBack();
});

test.each(["down", "failing", "resetting", "hanging"])(
  "traffic leaves a cluster that is %s, and comes back when it is well",
  { timeout: 60_000 },
  async (kind) => {
    const path = `/${kind}`;
    const seen = async () => (await client().counters("us-east-blue")).byPath[path] ?? 0;
    const load = startSteadyLoad(client(), "US", path);
    await sleep(500);
    await client().breakCluster("us-east-blue", { kind });
    await expect.poll(() => healthOf("us-east-blue"), { timeout: DETECTION_MS_MAX, interval: 200 }).toBe("unhealthy");
    await sleep(NEWS_MS_MAX);
    const detectedMs = performance.now();
    const seenBefore = await seen();
    await sleep(2_000);
    expect(await seen()).toBe(seenBefore);

    const afterDetection = (await load.stop()).filter(({ sentMs }) => sentMs > detectedMs);
    expect(afterDetection.length).toBeGreaterThan(50);
    expect(afterDetection.filter(({ status }) => status !== 200)).toEqual([]);
    expect(afterDetection.filter(({ cluster }) => cluster === "us-east-blue")).toEqual([]);

    await client().breakCluster("us-east-blue", { kind: "none" });
    await comesBack();
  },
);

test("with a whole region down its clients are served by another", async () => {
  for (const name of ["us-east-blue", "us-east-green"]) await client().breakCluster(name, { kind: "down" });
  await expect.poll(() => healthOf("us-east-blue"), { timeout: DETECTION_MS_MAX, interval: 200 }).toBe("unhealthy");
  await expect.poll(() => healthOf("us-east-green"), { timeout: DETECTION_MS_MAX, interval: 200 }).toBe("unhealthy");
  await sleep(NEWS_MS_MAX);
  const visits = await Promise.all(Array.from({ length: 20 }, () => client().visit("/", "US")));
  expect(visits.filter(({ status }) => status !== 200)).toEqual([]);
  expect(visits.filter(({ region }) => region === "us-east")).toEqual([]);
  for (const name of ["us-east-blue", "us-east-green"]) await client().breakCluster(name, { kind: "none" });
  await comesBack();
});

async function setFailing(object: string, failing: boolean): Promise<void> {
  const { status } = await client().admin("POST", "/v1/development/fail", { object, failing });
  expect(status).toBe(200);
}

const OBJECTS = ["fleet", "prober", "beacon"] as const;

async function setAllFailing(failing: boolean): Promise<void> {
  for (const object of failing ? OBJECTS.toReversed() : OBJECTS) await setFailing(object, failing);
}

/**
 * Every American is served at home again: the region's ramp is over. Of so many addresses one is left out until the very
 * end of it; thirty were all at home when a twentieth of the way was still to go.
 */
const wholeAgain = () =>
  expect
    .poll(
      async () => {
        const visits = Array.from({ length: 250 }, (_, i) => client().visit("/", "US", `203.0.113.${i}`));
        return new Set((await Promise.all(visits)).map(({ region }) => region));
      },
      { timeout: 2 * DETECTION_MS_MAX, interval: 500 },
    )
    .toEqual(new Set(["us-east"]));

test("the edge serves on while every object of the control plane throws", async () => {
  await wholeAgain();
  await setAllFailing(true);
  expect((await client().admin("GET", "/v1/fleet")).status).toBeGreaterThanOrEqual(500);
  const load = startSteadyLoad(client(), "US", "/alone");
  await sleep(4_000);
  const visits = await load.stop();
  expect(visits.length).toBeGreaterThan(100);
  expect(visits.filter(({ status, region }) => status !== 200 || region !== "us-east")).toEqual([]);

  await setAllFailing(false);
  expect((await client().admin("GET", "/v1/fleet")).status).toBe(200);
});

/** The counts of the last hour are good for a 240th of it. */
const COUNTS_KEPT_MS_MAX = 20_000;

test("without telemetry nobody claims that all is well, and the edge serves on", async () => {
  const states = async () => {
    const { body } = await client().admin("GET", "/v1/objectives");
    const objectives = z.array(z.looseObject({ state: z.string() })).parse(body.objectives);
    return [...new Set(objectives.map(({ state }) => state))];
  };
  const telemetryUp = async () => {
    const { admin, tokens } = demo().state;
    const headers = { authorization: `Bearer ${tokens?.prometheus}` };
    const text = await (await fetch(`${admin}/metrics`, { headers })).text();
    return /^edge_scrape_source_up[{]source="telemetry"[}] ([01])$/m.exec(text)?.[1];
  };
  expect(await telemetryUp()).toBe("1");
  await setFailing("telemetry", true);
  expect(await telemetryUp()).toBe("0");
  const visits = await Promise.all(Array.from({ length: 20 }, () => client().visit("/", "US")));
  expect(visits.filter(({ status }) => status !== 200)).toEqual([]);
  await expect.poll(states, { timeout: COUNTS_KEPT_MS_MAX, interval: 500 }).toEqual(["unknown"]);

  await setFailing("telemetry", false);
  expect(await telemetryUp()).toBe("1");
  expect(await states()).not.toContain("unknown");
});
