/** What happened, put together from several objects; one that does not answer is named. */
import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fleetObject } from "./fleet-object.ts";
import { declare, report, reportingCluster, reportingFleet } from "./status-support.ts";
import { env, get, send } from "./support.ts";

type Entry = {
  readonly id: string;
  readonly atMs: number;
  readonly kind: string;
  readonly event: string;
  readonly title: string;
};

const AT_MS = Date.UTC(2026, 2, 1);

beforeEach(async () => {
  const clusters = [
    await reportingCluster("eu-west-blue", "eu-west"),
    await reportingCluster("us-east-blue", "us-east"),
  ];
  await declare(await reportingFleet(clusters));
  // Before anybody has reported it is drift, for who looks.
  await get("/v1/drift");
  for (const cluster of clusters) await report(cluster);
});

afterEach(() => reset());

async function timeline(query = "") {
  const answer = await get(`/v1/timeline${query}`);
  expect(answer.status).toBe(200);
  return answer.body as {
    readonly entries: readonly Entry[];
    readonly partial: readonly string[];
    readonly nextCursor?: string;
  };
}

const ids = (entries: readonly Entry[]) => entries.map(({ id }) => id);

/** Health changes when probes say so; here it is written down as the object would have done. */
async function healthChanged(cluster: string, atMs: number): Promise<void> {
  const ballot = { healthy: [], degraded: [], unhealthy: ["weur"], unknown: [] };
  const transition = { atMs, kind: "cluster", cluster, from: "healthy", to: "unhealthy", rule: "majority", ballot };
  await runInDurableObject(env.HEALTH.getByName("demo"), (_, { storage: { sql } }) => {
    sql.exec(
      "INSERT INTO transitions (at_ms, cluster, vantage, transition) VALUES (?, ?, NULL, ?)",
      ...[atMs, cluster, JSON.stringify(transition)],
    );
  });
}

/** Everything committed so far was committed then. */
async function committedAt(atMs: number): Promise<void> {
  await runInDurableObject(fleetObject(), (_, { storage: { sql } }) => {
    sql.exec("UPDATE revisions SET created_at_ms = ?", atMs);
  });
}

describe("GET /v1/timeline", () => {
  test("tells of changes, health, drift and incidents in one order, newest first", async () => {
    await committedAt(AT_MS);
    await healthChanged("eu-west-blue", AT_MS + 1_000);
    const opened = await send("POST", "/v1/incidents", { severity: 3, title: "slow", reason: "p99" });
    await send("POST", `/v1/incidents/${opened.body.id}/close`, { reason: "over" });
    await send("POST", "/v1/regions/eu-west/drain", { reason: "works" });
    const { entries, partial } = await timeline();
    expect(partial).toEqual([]);
    const events = entries.map(({ event }) => event);
    expect(events).toEqual(
      expect.arrayContaining([
        "incident.opened",
        "incident.closed",
        "revision.committed",
        "drift.cleared",
        "drift.seen",
      ]),
    );
    expect(entries.map(({ atMs }) => atMs)).toEqual(entries.map(({ atMs }) => atMs).toSorted((a, b) => b - a));
    expect(new Set(ids(entries)).size).toBe(entries.length);
    expect(entries.find(({ id }) => id === "change/2")).toMatchObject({
      ...{ kind: "change", event: "revision.committed", link: "/v1/revisions/2" },
      title: "The region eu-west is drained (graceful). By token: works",
      scope: { regions: ["eu-west"], services: [], clusters: [] },
    });
    expect(entries.find(({ event }) => event === "incident.closed")?.title).toBe(
      "Incident of severity 3 closed: slow. By token: over",
    );
    expect(entries.at(-2)).toMatchObject({
      ...{ event: "cluster.healthChanged", link: "/v1/health/transitions?cluster=eu-west-blue" },
      scope: { regions: ["eu-west"], services: ["web"], clusters: ["eu-west-blue"] },
    });
  });

  test("what changed just before is one question", async () => {
    await committedAt(AT_MS);
    await healthChanged("eu-west-blue", AT_MS + 1_000);
    const { entries } = await timeline(`?kinds=change&toMs=${AT_MS + 1_000}&limit=1`);
    expect(ids(entries)).toEqual(["change/1"]);
    expect((await timeline(`?kinds=change&toMs=${AT_MS - 1}`)).entries).toEqual([]);
    expect((await timeline(`?kinds=health&fromMs=${AT_MS + 1_001}&toMs=${AT_MS + 2_000}`)).entries).toEqual([]);
  });

  test("by region, service and cluster, with what is about all", async () => {
    await healthChanged("eu-west-blue", AT_MS + 1);
    await healthChanged("us-east-blue", AT_MS + 2);
    await healthChanged("gone", AT_MS + 3);
    const clusters = async (query: string) =>
      (await timeline(`?kinds=health&toMs=${AT_MS + 10}&${query}`)).entries.map(({ title }) => title.split(" ")[2]);
    expect(await clusters("region=eu-west")).toEqual(["gone", "eu-west-blue"]);
    expect(await clusters("cluster=us-east-blue")).toEqual(["us-east-blue"]);
    expect(await clusters("service=web")).toHaveLength(3);
    expect(await clusters("service=pay")).toEqual(["gone"]);
    expect(ids((await timeline("?kinds=change&region=us-east")).entries)).toEqual(["change/1"]);
  });

  test("in pages that meet, while more happens", async () => {
    for (let at = 0; at < 7; at += 1) await healthChanged("eu-west-blue", AT_MS + at);
    const whole = ids((await timeline()).entries);
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 20; page += 1) {
      const { entries, nextCursor } = await timeline(`?limit=3${cursor}`);
      seen.push(...ids(entries));
      if (nextCursor === undefined) break;
      cursor = `&cursor=${nextCursor}`;
      if (page === 0) await send("POST", "/v1/incidents", { severity: 3, title: "new", reason: "now" });
    }
    expect(seen).toEqual(whole);
    const { headers } = await get(`/v1/timeline?limit=1&kinds=health&toMs=${AT_MS + 6}`);
    expect(headers.get("link")).toMatch(
      new RegExp(
        `^</v1/timeline\\?limit=1&kinds=health&toMs=${AT_MS + 6}&cursor=${AT_MS + 6}\\.health\\.[0-9]+>; rel="next"$`,
      ),
    );
  });

  test("more rows than are asked for at once do not hide what the filter means", async () => {
    await runInDurableObject(env.HEALTH.getByName("demo"), (_, { storage: { sql } }) => {
      const transition = (cluster: string) =>
        JSON.stringify({ atMs: AT_MS, kind: "cluster", cluster, from: "healthy", to: "unhealthy", rule: "tie" });
      for (let at = 0; at < 450; at += 1)
        sql.exec(
          "INSERT INTO transitions (at_ms, cluster, vantage, transition) VALUES (?, NULL, NULL, ?)",
          ...[AT_MS, transition(at === 3 ? "eu-west-blue" : "us-east-blue")],
        );
    });
    expect((await timeline(`?kinds=health&toMs=${AT_MS}&cluster=eu-west-blue`)).entries).toHaveLength(1);
  });

  test("a source that fails is named, and the others are there", async () => {
    await runInDurableObject(env.HEALTH.getByName("demo"), (instance) => instance.setFailing(true));
    const { entries, partial } = await timeline();
    expect(partial).toEqual(["health"]);
    expect(entries.length).toBeGreaterThan(0);
  });

  test("without the fleet nobody knows what a filter means", async () => {
    await runInDurableObject(fleetObject(), (instance) => instance.setFailing(true));
    expect(await timeline("?region=eu-west")).toEqual({
      entries: [],
      partial: ["incident", "alert", "change", "health", "drift"],
    });
    expect((await timeline()).partial).toEqual(["incident", "change"]);
  });

  test.each([
    ["?kind=change"],
    ["?kinds=audit"],
    ["?cursor=1.audit.2"],
    ["?fromMs=yesterday"],
    ["?limit=0"],
    ["?region=EU"],
  ])("%s is refused", async (query) => {
    expect((await get(`/v1/timeline${query}`)).status).toBe(400);
  });
});
