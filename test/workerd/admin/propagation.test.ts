import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { REPORT_BYTES_MAX } from "../../../config/beacon.ts";
import { env, get, send, smallFleet } from "./support.ts";

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: smallFleet() });
});
afterEach(() => reset());

const beacon = (vantage: string) => env.BEACON.getByName(`demo:${vantage}`);

function report(vantage: string, body: unknown): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return beacon(vantage).fetch("https://beacon/report", { method: "POST", body: text });
}

const GOOD = { isolate: "0123456789abcdef", revision: 1, requests: 30, atMs: 1 };
const SILENT = { edges: [], rejections: [], figures: [] };

describe("/v1/propagation", () => {
  test("names each vantage and claims nothing while no edge has reported", async () => {
    expect((await get("/v1/propagation")).body).toEqual({
      targetRevision: 1,
      isolates: 0,
      requests: 0,
      vantages: [
        { vantage: "enam", reachable: true, beaconRevision: 1, ...SILENT },
        { vantage: "weur", reachable: true, beaconRevision: 1, ...SILENT },
      ],
    });
  });

  test("shows what edges refuse, and what they answer with errors of their own, where and under which revision", async () => {
    await report("weur", { ...GOOD, requests: 0, rejected: [{ revision: 2, code: "signatureWrong" }] });
    await report("weur", { ...GOOD, isolate: "0123456789abcde0", ownErrors: 3, invariants: 1 });
    await report("weur", { ...GOOD, isolate: "0123456789abcde0", atMs: 2, ownErrors: 1 });
    const { body } = await get("/v1/propagation");
    expect(body.vantages).toMatchObject([
      { vantage: "enam", rejections: [], figures: [] },
      {
        vantage: "weur",
        rejections: [{ revision: 2, code: "signatureWrong", isolates: 1 }],
        figures: [{ revision: 1, requests: 60, ownErrors: 4, invariants: 1 }],
      },
    ]);
  });

  test("sums what edges report, and shows who is behind", async () => {
    expect((await report("weur", GOOD)).status).toBe(204);
    await send("PATCH", "/v1/weights", { route: "web", rule: "europe", weights: { "eu-west": 1 }, reason: "test" });
    await report("weur", { ...GOOD, isolate: "0123456789abcde0", revision: 2, requests: 10 });
    await report("enam", { ...GOOD, isolate: "0123456789abcde1", revision: 2, requests: 80 });
    const { body } = await get("/v1/propagation");
    expect(body).toMatchObject({
      ...{ targetRevision: 2, isolates: 3, requests: 120, targetShareBps: 7_500, oldestRevision: 1 },
      vantages: [
        { vantage: "enam", beaconRevision: 2, edges: [{ revision: 2, isolates: 1, requests: 80 }], oldestRevision: 2 },
        {
          vantage: "weur",
          beaconRevision: 2,
          oldestRevision: 1,
          edges: [
            { revision: 1, isolates: 1, requests: 30 },
            { revision: 2, isolates: 1, requests: 10 },
          ],
        },
      ],
    });
    expect(body.vantages[1].lastReportAgeMs).toBeGreaterThanOrEqual(0);
  });

  test("a beacon that is cut off does not hide the others", async () => {
    await beacon("weur").setFailing(true);
    const { status, body } = await get("/v1/propagation");
    expect(status).toBe(200);
    expect(body.vantages).toEqual([
      { vantage: "enam", reachable: true, beaconRevision: 1, ...SILENT },
      { vantage: "weur", reachable: false, ...SILENT },
    ]);
  });

  test("keeps showing the vantage of a region that is gone: its edges still ask there", async () => {
    const [, usEast, service, , usCluster, route] = smallFleet() as { spec: object }[];
    const steered = { ...route, spec: { ...route?.spec, steering: [] } };
    await send("PUT", "/v1/fleet", { documents: [usEast, service, usCluster, steered] });
    const { body } = await get("/v1/propagation");
    expect(body).toMatchObject({ targetRevision: 2, vantages: [{ vantage: "enam" }, { vantage: "weur" }] });
  });
});

describe("the demand at a vantage", () => {
  const sample = { host: "web.example", method: "GET", path: "/a", country: "DE", key: "0123abcd" };

  test("is what its edges report, by country and route, with samples to replay", async () => {
    await report("weur", { ...GOOD, countries: { DE: 20, FR: 10 }, routes: { web: 30 }, sample: [sample] });
    const { requests, requestsPerSecond, countries, routes, samples } = await beacon("weur").readDemand();
    expect({ requests, samples }).toEqual({ requests: 30, samples: [sample] });
    expect(requestsPerSecond).toBeCloseTo(3);
    expect([countries.DE, countries.FR, routes.web]).toEqual([2, 1, 3].map((rate) => expect.closeTo(rate)));
    expect(await beacon("enam").readDemand()).toMatchObject({ requests: 0, requestsPerSecond: 0, samples: [] });
  });
});

describe("a report", () => {
  test.each([
    ["nothing", "", 400],
    ["no JSON", "{", 400],
    ["another shape", { ...GOOD, requests: -1 }, 400],
    ["more than belongs there", { ...GOOD, more: true }, 400],
    ["too long", JSON.stringify(GOOD) + " ".repeat(REPORT_BYTES_MAX), 413],
  ])("of %s is refused and not counted", async (_, body, status) => {
    expect((await report("weur", body)).status).toBe(status);
    expect((await get("/v1/propagation")).body.isolates).toBe(0);
  });

  test("is posted", async () => {
    const response = await beacon("weur").fetch("https://beacon/report");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });
});
