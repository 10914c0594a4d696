/** What an isolate tells the telemetry object of its data centre, in the platform's own runtime. */
import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, inject, test } from "vitest";
import { TELEMETRY_ORIGIN, type TelemetryKey } from "../../../config/telemetry.ts";
import { TelemetryReportSchema } from "../../../config/telemetry-report.ts";
import type { Env } from "../../../worker/settings.ts";
import { ENVIRONMENT, fleet, publish, startEdge } from "./edge.ts";

afterEach(() => reset());

const stub = (colo: string) => (env as unknown as Env).TELEMETRY.getByName(`${ENVIRONMENT}:${colo}`);

async function reportsTo(colo: string) {
  const response = await stub(colo).fetch(TELEMETRY_ORIGIN);
  const reports: readonly unknown[] = await response.json();
  return reports.map((report) => TelemetryReportSchema.parse(report));
}

const request = (host: string, cf: object = {}, headers: Record<string, string> = {}) =>
  new Request(`http://${host}/a`, {
    headers,
    cf: { colo: "FRA", country: "DE", continent: "EU", ...cf },
  } as RequestInit);

test("every answer is counted once, for whom it was and by what it came to", async () => {
  const { europe, nobody } = inject("edgeOrigins");
  // America's cluster does not listen, and who may be served from America only has nobody else.
  await publish(fleet(3, { europe, america: nobody, nobody }));
  const edge = startEdge({ TELEMETRY_MS: "1000" });
  const answers = await Promise.all([
    edge.fetch(request("web.example")),
    edge.fetch(request("web.example")),
    edge.fetch(request("accounts.example", { country: "US", continent: "NA" })),
    edge.fetch(request("nowhere.example")),
    edge.fetch(request("accounts.example", { country: "JP", continent: "AS" })),
    edge.fetch(request("web.example", {}, { "cdn-loop": `fairlead-${ENVIRONMENT}` })),
    edge.fetch(new Request("http://web.example/a", { method: "OPTIONS", headers: { "max-forwards": "0" } })),
  ]);
  const reports = await reportsTo("FRA");
  const rows = reports.flatMap((report) => report.rows);
  const counted = new Map<string, number>();
  for (const { key, requests } of rows) counted.set(textOf(key), (counted.get(textOf(key)) ?? 0) + requests);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 502, 421, 451, expect.any(Number), 204]);
  expect(Object.fromEntries(counted)).toMatchObject({
    "web europe europe-web EU 2xx": 2,
    "accounts america america-accounts NA own": 1,
    "none none none EU 4xx": 1,
    "accounts none none AS 4xx": 1,
  });
  expect([...counted.values()].reduce((sum, requests) => sum + requests, 0)).toBe(answers.length);
  expect(new Set(reports.map(({ isolate, sequence }) => `${isolate} ${sequence}`)).size).toBe(reports.length);
  expect(rows.every(({ key }) => key.revision === 3 || key.region === "none")).toBe(true);
});

function textOf({ service, region, cluster, continent, statusClass }: TelemetryKey): string {
  return `${service} ${region} ${cluster} ${continent} ${statusClass}`;
}

test("an attempt that failed is counted with its cluster, and the request where it was answered", async () => {
  const { europe, nobody } = inject("edgeOrigins");
  await publish(fleet(4, { europe: nobody, america: europe, nobody }));
  const edge = startEdge({ TELEMETRY_MS: "1000" });
  expect((await edge.fetch(request("web.example"))).status).toBe(200);
  const rows = (await reportsTo("FRA")).flatMap((report) => report.rows);
  expect(rows.map(({ key, requests, failovers }) => [textOf(key), requests, failovers])).toEqual([
    ["web europe europe-web EU own", 0, 1],
    ["web america america-web EU 2xx", 1, undefined],
  ]);
});

test("nothing is told when it is switched off", async () => {
  await publish(fleet(1));
  await startEdge({ TELEMETRY_MS: "0" }).fetch(request("web.example"));
  expect(await reportsTo("FRA")).toEqual([]);
});
