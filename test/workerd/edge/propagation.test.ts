/** How a snapshot reaches an isolate through the platform's own KV and objects. What is refused is in `test/core/edge`. */
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { sha256Hex } from "../../../admin/store/digest.ts";
import { EdgeReport } from "../../../config/beacon.ts";
import { HEALTH_REPORT_EMPTY } from "../../../config/health.ts";
import { askedOfBeacon, type Edge, fleet, publish, reportedToBeacon, signed, startEdge, tellBeacon } from "./edge.ts";

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

const request = () => new Request("http://web.example/a");

async function served(edge: Edge): Promise<string> {
  const response = await edge.fetch(request());
  if (response.status !== 200) return String(response.status);
  // The origin of these tests answers with its name.
  return ((await response.json()) as { name: string }).name;
}

/** Everybody to Europe: a change that a request can see. */
function moved(revision: number) {
  const { europe, nobody } = inject("edgeOrigins");
  return fleet(revision, { europe, america: europe, nobody });
}

describe("a cold isolate", () => {
  test("has only the built-in snapshot when nothing was published", async () => {
    expect(await served(startEdge())).toBe("421");
  });

  test("serves its first request by KV", async () => {
    await publish(fleet(1));
    expect(await served(startEdge())).toBe("america");
  });

  test("serves its first request by a beacon that knows more", async () => {
    await publish(fleet(1));
    await tellBeacon("/snapshot/2", await signed(moved(2)));
    await tellBeacon("/state", JSON.stringify({ revision: 2, health: HEALTH_REPORT_EMPTY }));
    expect(await served(startEdge())).toBe("europe");
  });

  test("is not led astray by a beacon that talks nonsense", async () => {
    await publish(fleet(1));
    await tellBeacon("/state", "nonsense");
    expect(await served(startEdge())).toBe("america");
  });
});

describe("a warm isolate", () => {
  test("hears of a new revision and of health from the beacon", async () => {
    const edge = startEdge({ BEACON_MS: "0" });
    await publish(fleet(1));
    expect(await served(edge)).toBe("america");
    const health = { sequence: 1, atMs: 0, clusters: { "america-web": "unhealthy" }, recoveredAtMs: {} };
    await tellBeacon("/state", JSON.stringify({ revision: 1, health }));
    await served(edge);
    expect(await served(edge)).toBe("europe");
  });

  test("outlives KV and beacons", async () => {
    await publish(fleet(1));
    const edge = startEdge({ BEACON_MS: "0" });
    expect(await served(edge)).toBe("america");
    await reset();
    for (let i = 0; i < 5; i++) expect(await served(edge)).toBe("america");
  });
});

describe("isolates of one data centre", () => {
  /** The beacon has revision 2 in a form that is named by its digest. */
  async function beaconHas(text: string): Promise<void> {
    await tellBeacon("/snapshot/2", text);
    const state = { revision: 2, snapshotDigest: await sha256Hex(text), health: HEALTH_REPORT_EMPTY };
    await tellBeacon("/state", JSON.stringify(state));
  }

  test("share one answer of the beacon, and the text it names", async () => {
    await publish(fleet(1));
    await beaconHas(await signed(moved(2)));
    for (let i = 0; i < 5; i++) expect(await served(startEdge())).toBe("europe");
    expect(await askedOfBeacon()).toEqual({ "/state": 1, "/snapshot/2": 1 });
  });

  test("ask for themselves when they may not act on anything old", async () => {
    await publish(fleet(1));
    await beaconHas(await signed(moved(2)));
    for (let i = 0; i < 3; i++) expect(await served(startEdge({ BEACON_MS: "0" }))).toBe("europe");
    expect(await askedOfBeacon()).toEqual({ "/state": 3, "/snapshot/2": 3 });
  });

  test("do not share a failure", async () => {
    await publish(fleet(1));
    for (let i = 0; i < 3; i++) expect(await served(startEdge())).toBe("america");
    expect(await askedOfBeacon()).toEqual({ "/state": 3 });
  });

  test("get the new form of a revision, not the one that was shared before", async () => {
    await publish(fleet(1));
    await beaconHas("a form that edges refuse");
    const refusing = startEdge({ BEACON_MS: "20" });
    expect(await served(refusing)).toBe("america");
    await beaconHas(await signed(moved(2)));
    // Each request is over, here, when all that it left to the platform is: a first-byte deadline as well.
    await expect.poll(() => served(refusing), { timeout: 10_000 }).toBe("europe");
  });
});

describe("what an isolate reports", () => {
  test("is the revision that it serves and how many requests that had, once in a while", async () => {
    await publish(fleet(3));
    const edge = startEdge();
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let i = 0; i < 5; i++) await served(edge);
    expect(await reportedToBeacon()).toEqual([]);
    // The first is due within an interval, the next an interval and up to a fifth after it.
    for (let i = 0; i < 2; i++) {
      vi.setSystemTime(Date.now() + 12_000);
      for (let j = 0; j < 5; j++) await served(edge);
    }
    const reports = (await reportedToBeacon()).map((report) => EdgeReport.parse(report));
    expect(reports.map(({ revision, requests }) => [revision, requests])).toEqual([
      [3, 6],
      [3, 5],
    ]);
    expect(new Set(reports.map(({ isolate }) => isolate)).size).toBe(1);
  });

  test("is what it counted, by country and route, and a few requests without their addresses", async () => {
    await publish(fleet(3));
    const edge = startEdge();
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const country of ["DE", "DE", "US"]) {
      const headers = { "cf-connecting-ip": "192.0.2.7" };
      await edge.fetch(
        new Request("http://web.example/a?b=c", { headers, cf: { country, asn: 64_496 } } as RequestInit),
      );
    }
    await edge.fetch(new Request("http://nobody.example/"));
    vi.setSystemTime(Date.now() + 12_000);
    await edge.fetch(new Request("http://nobody.example/"));
    const [report] = (await reportedToBeacon()).map((text) => EdgeReport.parse(text));
    expect(report).toMatchObject({ requests: 5, countries: { DE: 2, US: 1 }, routes: { web: 3 } });
    expect(report?.sample?.[0]).toEqual({
      ...{ host: "web.example", method: "GET", path: "/a", country: "DE", continent: "EU", asn: 64_496 },
      key: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(JSON.stringify(report)).not.toMatch(/192\.0\.2|b=c/);
  });

  /** What the next ordinary report says of errors, after these requests. */
  async function errorsAfter(edge: Edge, ...requests: Request[]): Promise<Partial<EdgeReport>> {
    vi.useFakeTimers({ toFake: ["Date"] });
    await served(edge); // the time of the first report is drawn when a request is decided
    for (const one of requests) await (await edge.fetch(one)).text();
    vi.setSystemTime(Date.now() + 12_000);
    await served(edge);
    const { ownErrors, invariants } = EdgeReport.parse((await reportedToBeacon()).at(-1));
    return { ...(ownErrors === undefined ? {} : { ownErrors }), ...(invariants === undefined ? {} : { invariants }) };
  }

  const post = (path: string, body?: string) =>
    new Request(`http://web.example${path}`, {
      ...{ method: "POST", cf: { country: "DE", continent: "EU" } },
      ...(body === undefined ? {} : { body }),
    } as RequestInit);

  test.each<[string, () => Request, number | undefined]>([
    ["a cluster's own 500", () => new Request("http://web.example/a", { headers: { "x-status": "500" } }), undefined],
    ["a host that nobody serves", () => new Request("http://other.example/"), undefined],
    ["a loop, which any client can claim", () => loop(), undefined],
    ["a cluster that resets", () => post("/reset"), 1],
    ["a cluster that does not answer in time", () => post("/hang"), 1],
    ["an upload that broke, as far as one can tell", () => post("/reset", "x"), undefined],
    ["a place that may not serve", () => residencyOf("IN"), undefined],
  ])("counts %s as an error of its own: %s", async (_, made, ownErrors) => {
    await publish(fleet(3));
    expect(await errorsAfter(startEdge(), made())).toEqual(ownErrors === undefined ? {} : { ownErrors });
  });

  test("counts that there is nowhere to send a request", async () => {
    const drained = fleet(3);
    const regions = drained.regions.map((one) => ({ ...one, availability: { adminState: "disabled" } as const }));
    await publish({ ...drained, regions });
    const edge = startEdge();
    expect(await errorsAfter(edge, request())).toEqual({ ownErrors: 2 });
  });

  test("tells of a snapshot that it refuses at once, though nobody else asks for anything", async () => {
    await publish(fleet(1));
    const broken = (await signed(moved(2))).replace("europe", "eurupe");
    await tellBeacon("/snapshot/2", broken);
    const state = { revision: 2, snapshotDigest: await sha256Hex(broken), health: HEALTH_REPORT_EMPTY };
    await tellBeacon("/state", JSON.stringify(state));
    expect(await served(startEdge())).toBe("america");
    const reports = (await reportedToBeacon()).map((report) => EdgeReport.parse(report));
    expect(reports).toMatchObject([{ revision: 1, rejected: [{ revision: 2, code: "signatureWrong" }] }]);
  });

  test("tells of a bug at once", async () => {
    await publish(fleet(1));
    const edge = startEdge({
      EGRESS: {
        fetch: () => {
          throw new Error("a bug");
        },
      },
    });
    expect(await served(edge)).toBe("500");
    const reports = (await reportedToBeacon()).map((report) => EdgeReport.parse(report));
    expect(reports).toMatchObject([{ revision: 1, requests: 1, invariants: 1, ownErrors: 1 }]);
  });
});

const loop = () => new Request("http://web.example/", { headers: { "cdn-loop": "fairlead-demo" } });

function residencyOf(country: string): Request {
  return new Request("http://accounts.example/a", { cf: { country } } as RequestInit);
}
