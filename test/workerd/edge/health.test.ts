/** What an isolate does with health, as it comes from a beacon, and what it tells of its own. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EdgeReport } from "../../../config/beacon.ts";
import type { HealthReport } from "../../../config/health.ts";
import { debugToken, type Edge, fleet, publish, reportedToBeacon, startEdge, tellHealth } from "./edge.ts";

const BERLIN = { country: "DE", continent: "EU", isEUCountry: "1", latitude: "52.5", longitude: "13.4" };
const BOSTON = { country: "US", continent: "NA", latitude: "42.4", longitude: "-71.1" };
const DELHI = { country: "IN", continent: "AS", latitude: "28.6", longitude: "77.2" };
const NOWHERE = {};

let edge: Edge;
beforeEach(() => {
  edge = startEdge();
});
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

function request(cf: object, init: RequestInit = {}): Request {
  return new Request("http://web.example/a", { ...init, cf } as RequestInit);
}

/** The origin of these tests answers with its name. */
async function served(cf: object, init: RequestInit = {}): Promise<string> {
  const response = await edge.fetch(request(cf, init));
  const body = (await response.json()) as { readonly name?: string; readonly code?: string };
  return body.name ?? body.code ?? "";
}

const view = (text: string): Partial<HealthReport> => JSON.parse(text);

describe("health from where the users are", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // what is reported                                              Berlin     Boston     Delhi      nowhere
    ['{}',                                                           "europe",  "america", "america", "america"],
    ['{"vantages": {"enam": {"america-web": "unhealthy"}}}',         "europe",  "europe",  "america", "america"],
    ['{"vantages": {"weur": {"europe-web": "unhealthy"}}}',          "america", "america", "america", "america"],
    ['{"clusters": {"america-web": "unhealthy"}}',                   "europe",  "europe",  "europe",  "europe"],
    ['{"clusters": {"america-web": "unhealthy"}, "vantages": {"enam": {"america-web": "healthy"}}}',
                                                                     "europe",  "america", "europe",  "europe"],
    ['{"clusters": {"america-web": "unhealthy"}, "vantages": {"enam": {"america-web": "unknown"}}}',
                                                                     "europe",  "europe",  "europe",  "europe"],
  ])("%s", async (report, berlin, boston, delhi, nowhere) => {
    await publish(fleet(1));
    await tellHealth(1, view(report));
    const seen = [];
    for (const place of [BERLIN, BOSTON, DELHI, NOWHERE]) seen.push(await served(place));
    expect(seen).toEqual([berlin, boston, delhi, nowhere]);
  });

  test("the trace says whose view was used", async () => {
    await publish(fleet(1));
    await tellHealth(1, view('{"vantages": {"enam": {"america-web": "unhealthy"}}}'));
    const headers = { "fairlead-debug": await debugToken() };
    for (const [place, vantage] of [
      [BOSTON, "enam"],
      [DELHI, "global"],
    ] as const) {
      const trace = (await edge.fetch(request(place, { headers }))).headers.get("fairlead-trace");
      expect(JSON.parse(trace ?? "null").reasons).toContainEqual({ code: "health.view", vantage });
    }
  });
});

describe("replica lag", () => {
  const POST = { method: "POST" };

  async function fleetThatTolerates(replicaLag: { readsMs?: number; writesMs?: number }): Promise<void> {
    const snapshot = fleet(1);
    await publish({ ...snapshot, services: snapshot.services.map((one) => ({ ...one, replicaLag })) });
  }

  test("beyond what writes tolerate moves writes, and reads stay", async () => {
    await fleetThatTolerates({ readsMs: 30_000, writesMs: 2_000 });
    await tellHealth(1, view('{"replicaLagMs": {"america-web": 9000}}'));
    expect([await served(BOSTON), await served(BOSTON, POST)]).toEqual(["america", "europe"]);
  });

  test("of everybody is refused as such, for a moment", async () => {
    await fleetThatTolerates({ writesMs: 2_000 });
    await tellHealth(1, view('{"replicaLagMs": {"america-web": 9000, "europe-web": 9000}}'));
    expect([await served(BOSTON), await served(BOSTON, POST)]).toEqual(["america", "replicaLagging"]);
    const { status, headers } = await edge.fetch(request(BOSTON, POST));
    expect([status, headers.get("retry-after"), headers.get("proxy-status")]).toEqual([
      503,
      "5",
      "fairlead; error=destination_unavailable",
    ]);
  });

  test("does not matter to a service that says nothing of it", async () => {
    await publish(fleet(1));
    await tellHealth(1, view('{"replicaLagMs": {"america-web": 9000000}}'));
    expect(await served(BOSTON, POST)).toBe("america");
  });
});

test("what an isolate has taken out is evidence in its next report", async () => {
  await publish(fleet(1));
  vi.useFakeTimers({ toFake: ["Date"] });
  const headers = { "x-status": "500" };
  for (let i = 0; i < 5; i += 1) await (await edge.fetch(request(BOSTON, { headers }))).text();
  const sinceMs = Date.now();
  vi.setSystemTime(sinceMs + 12_000);
  await served(BOSTON);
  const report = EdgeReport.parse((await reportedToBeacon()).at(-1));
  expect(report.ejected).toEqual([
    { cluster: "america-web", sinceMs, because: "consecutiveFailures", failures: 5, requests: 5 },
  ]);
});
