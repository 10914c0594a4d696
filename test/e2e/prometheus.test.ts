/** The shipped alerts in a real Prometheus: it scrapes the demo, one region breaks, and one region's alert fires. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { HAS_PROMETHEUS, promtool, skipWithoutPrometheus } from "../core/metrics/promtool.ts";
import { DemoClient } from "./client.ts";
import { type DemoProcess, startDemoProcess, temporaryFolder } from "./demo.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** Two probes of 2 s each and their timeout, a scrape and an evaluation of 1 s, with room for a busy machine. */
const ALERT_MS_MAX = 20_000;

/** A window of 10 s, the time that isolates and data centres take to hand it up, and a scrape. */
const COUNT_MS_MAX = 30_000;

const VISITS = 25;

const { folder, remove } = temporaryFolder();
let demo: DemoProcess;
let prometheus: Prometheus;

beforeEach(skipWithoutPrometheus);
beforeAll(async () => {
  if (!HAS_PROMETHEUS) return;
  demo = await startDemoProcess({ stateFolder: folder });
  await Promise.all([
    visitAccounts(),
    startPrometheus(demo.state).then((started) => {
      prometheus = started;
    }),
  ]);
});
afterAll(async () => {
  await prometheus?.stop();
  await demo?.stop();
  remove();
});

/** The shop has been asked already, by `npm start` itself. Counted last: until then what is counted has time to arrive. */
async function visitAccounts(): Promise<void> {
  const client = new DemoClient(demo.state);
  for (let i = 0; i < VISITS; i++) expect((await client.visit("/accounts", "DE", `198.51.100.${i}`)).status).toBe(200);
}

/** As in `FairleadRegionDown us-east/web`. */
async function firing(): Promise<readonly string[]> {
  const alerts = await prometheus.firing();
  return alerts.map(({ labels: { alertname, region, service } }) => `${alertname} ${region}/${service}`).sort();
}

async function breakRegion(fault: string): Promise<void> {
  const client = new DemoClient(demo.state);
  for (const name of ["us-east-blue", "us-east-green"]) await client.breakCluster(name, { kind: fault });
}

test("what the demo shows is clean, and Prometheus takes it in as OpenMetrics", async () => {
  const headers = { authorization: `Bearer ${demo.state.tokens?.prometheus}` };
  const text = await (await fetch(`${demo.state.admin}/metrics`, { headers })).text();
  expect(promtool(["check", "metrics"], text)).toEqual({ fine: true, output: "" });
  await expect
    .poll(() => prometheus.query("up"), { timeout: ALERT_MS_MAX, interval: 200 })
    .toMatchObject([{ labels: { job: "fairlead" }, value: 1 }]);
  const regions = await prometheus.query("edge_region_healthy");
  expect(regions.map(({ labels: { region, service }, value }) => `${region}/${service} ${value}`).sort()).toEqual([
    "ap-south/accounts 1",
    "ap-south/web 1",
    "eu-west/accounts 1",
    "eu-west/web 1",
    "us-east/accounts 1",
    "us-east/web 1",
  ]);
});

test("one region breaks: its alert fires, no other does, and it is over when the region is back", {
  timeout: 60_000,
}, async () => {
  expect(await firing()).toEqual([]);
  await breakRegion("down");
  await expect
    .poll(firing, { timeout: ALERT_MS_MAX, interval: 200 })
    .toEqual(["FairleadRegionDown us-east/accounts", "FairleadRegionDown us-east/web"]);
  const [alert] = await prometheus.firing();
  expect(alert).toMatchObject({
    labels: { severity: "page", region: "us-east" },
    annotations: {
      summary: expect.stringContaining("down in us-east"),
      command: expect.stringContaining("/v1/regions/us-east/drain"),
      runbook_url: "ops/prometheus/RUNBOOKS.md#fairleadregiondown",
    },
  });
  await breakRegion("none");
  await expect.poll(firing, { timeout: ALERT_MS_MAX, interval: 200 }).toEqual([]);
});

test("visitors are counted: what was sent is what Prometheus adds up", { timeout: 60_000 }, async () => {
  await expect
    .poll(() => prometheus.query('sum by (region, status_class) (edge_requests_total{service="accounts"})'), {
      timeout: COUNT_MS_MAX,
      interval: 200,
    })
    .toEqual([{ labels: { region: "eu-west", status_class: "2xx" }, value: VISITS }]);
});
