/** `/metrics` as a scraper meets it: who gets in, in which format, what is told, and what is left when a part fails. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fleetStub } from "../../../admin/env.ts";
import { type Answer, as, ask, env, get, send, smallFleet } from "./support.ts";

vi.setConfig({ testTimeout: 40_000 });

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0";

beforeEach(() => {
  vi.spyOn(console, "log").mockReturnValue();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

async function declare(): Promise<void> {
  const documents = smallFleet({ eu: "/ok/metrics", us: "/500/metrics" });
  expect((await send("PUT", "/v1/fleet", { documents, reason: "test" })).status).toBe(200);
}

/** Lines that begin with the name, comments left out. */
function samples({ body }: Pick<Answer, "body">, name: string): readonly string[] {
  const lines: readonly string[] = body.split("\n");
  return lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

const shown = (answer: Answer, series: string) =>
  samples(answer, series.replace(/\{.*/, ""))
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);

const scrape = (headers: Readonly<Record<string, string>> = {}) => get("/metrics", { ...as("scraper"), ...headers });

/** Once every part has answered in time, which it may not on a machine that does other things as well. */
const wholeScrape = (headers: Readonly<Record<string, string>> = {}) =>
  until(async () => {
    const answer = await scrape(headers);
    expect(answer.body).not.toMatch(/^edge_scrape_source_up\{.*\} 0$/m);
    return answer;
  });

function until<T>(check: () => Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 12_000, interval: 100 });
}

describe("who may", () => {
  test("nobody without a token", async () => {
    const { status, headers } = await ask("/metrics");
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toContain("Bearer");
  });

  test("a scraper, who may read nothing else", async () => {
    expect((await scrape()).status).toBe(200);
    const { status, body } = await get("/v1/fleet", as("scraper"));
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: "forbidden", missing: ["read"] });
  });

  test.each(["viewer", "responder", "operator", "maintainer", "approver", "auditor"] as const)(
    "a %s, who may read anyway",
    async (name) => {
      expect((await get("/metrics", as(name))).status).toBe(200);
    },
  );

  test("but nobody with a parameter that means nothing", async () => {
    const { status, body } = await get("/metrics?name=x", as("scraper"));
    expect(status).toBe(400);
    expect(body.code).toBe("parameterInvalid");
  });
});

test("the format is the one that was asked for, and the series are the same in both", async () => {
  await send("PUT", "/v1/fleet", { documents: smallFleet(), reason: "test" });
  const text = await wholeScrape();
  expect(text.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const openMetrics = await wholeScrape({ accept: OPEN_METRICS });
  expect(openMetrics.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  for (const { headers } of [text, openMetrics]) expect(headers.get("vary")).toBe("accept");
  expect(openMetrics.body).toMatch(/\n# EOF\n$/);
  expect(seriesOf(openMetrics.body)).toEqual(seriesOf(text.body));
});

function seriesOf(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.replace(/ [^ ]+$/, ""));
}

test("before there is a fleet there is little to tell, and that is told", async () => {
  const answer = await wholeScrape();
  expect(shown(answer, "edge_approvals_pending")).toBe("0");
  expect(samples(answer, "edge_config_version_info")).toEqual([]);
  expect(samples(answer, "edge_scrape_source_up")).toEqual([
    'edge_scrape_source_up{source="fleet"} 1',
    'edge_scrape_source_up{source="health"} 1',
    'edge_scrape_source_up{source="status"} 1',
    'edge_scrape_source_up{source="telemetry"} 1',
    'edge_scrape_source_up{source="alert"} 1',
    'edge_scrape_source_up{source="export"} 1',
  ]);
});

test("tells the target, its weights and drains, and counts what waits for people", async () => {
  await declare();
  const hash = (await get("/v1/fleet")).headers.get("etag")?.replaceAll('"', "");
  const before = await wholeScrape();
  expect(samples(before, "edge_config_version_info")).toEqual([
    `edge_config_version_info{hash="${hash}",version="1"} 1`,
  ]);
  expect(shown(before, 'edge_region_weight{region="eu-west",route="web",rule="europe"}')).toBe("90");
  expect(shown(before, 'edge_region_drained{region="eu-west"}')).toBe("0");
  expect(shown(before, 'edge_carrier_behind{carrier="kv"}')).toBe("0");
  expect(Number(shown(before, "edge_audit_leaves_total"))).toBeGreaterThan(0);

  await send("POST", "/v1/regions/eu-west/drain", { reason: "test", mode: "immediate" });
  await send("PATCH", "/v1/weights", {
    ...{ route: "web", rule: "europe", weights: { "eu-west": 40, "us-east": 60 }, reason: "test" },
  });
  await send("POST", "/v1/incidents", { severity: 3, title: "test", reason: "test" });
  await send("POST", "/v1/freezes", { name: "quiet", reason: "test" });
  const after = await wholeScrape();
  expect(shown(after, 'edge_region_weight{region="eu-west",route="web",rule="europe"}')).toBe("40");
  expect(shown(after, 'edge_region_drained{region="eu-west"}')).toBe("1");
  expect(shown(after, 'edge_incidents_open{severity="3"}')).toBe("1");
  expect(shown(after, 'edge_incidents_open{severity="1"}')).toBe("0");
  expect(shown(after, "edge_freezes_active")).toBe("1");
});

test("tells a region down when its clusters are, and which probes failed from where", async () => {
  await declare();
  await until(async () => {
    const answer = await scrape();
    expect(shown(answer, 'edge_region_healthy{region="us-east",service="web"}')).toBe("0");
    expect(shown(answer, 'edge_region_healthy{region="eu-west",service="web"}')).toBe("1");
    expect(shown(answer, 'edge_region_clusters{region="us-east",service="web",state="unhealthy"}')).toBe("1");
    expect(shown(answer, 'edge_vantage_clusters{state="unhealthy",vantage="weur"}')).toBe("1");
    const failed = 'edge_probe_failure_total{cluster="us-east-blue",region="us-east",service="web",vantage="enam"}';
    expect(Number(shown(answer, failed))).toBeGreaterThan(0);
  });
});

describe("a part that fails takes its own metrics along and no others", () => {
  test.each([
    ["health", undefined, "edge_region_healthy", "edge_region_drained"],
    ["status", undefined, "edge_drift_findings", "edge_region_drained"],
    ["beacon", "weur", 'edge_isolates{vantage="weur"}', 'edge_isolates{vantage="enam"}'],
    ["fleet", undefined, "edge_approvals_pending", "edge_region_drained"],
  ] as const)("%s %s", async (object, vantage, gone, kept) => {
    await declare();
    await until(async () => expect(samples(await scrape(), "edge_region_healthy")).toHaveLength(2));
    const at = vantage === undefined ? {} : { vantage };
    await send("POST", "/v1/development/fail", { object, ...at, failing: true });
    const answer = await scrape();
    await send("POST", "/v1/development/fail", { object, ...at, failing: false });
    expect(answer.status).toBe(200);
    const source = vantage === undefined ? object : `${object}:${vantage}`;
    expect(shown(answer, `edge_scrape_source_up{source="${source}"}`)).toBe("0");
    expect(answer.body).not.toContain(`\n${gone}`);
    expect(answer.body).toContain(`\n${kept}`);
    expect((await wholeScrape()).body).toContain(`\n${gone}`);
  });
});

test("what a revision looks like is sent once", async () => {
  await declare();
  const { topology, digest } = await fleetStub(env).readFigures(undefined);
  expect(topology?.clusters.map(({ cluster }) => cluster)).toEqual(["eu-west-blue", "us-east-blue"]);
  expect(await fleetStub(env).readFigures(digest)).not.toHaveProperty("topology");
  await send("POST", "/v1/regions/eu-west/drain", { reason: "test", mode: "immediate" });
  expect(await fleetStub(env).readFigures(digest)).toHaveProperty("topology");
});
