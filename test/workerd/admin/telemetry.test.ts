/**
 * Telemetry in the real runtime: a burst through the edge's own counting, real objects of several data centres and their
 * root, and what the API says of it. Faults by the thousand are in `test/core/telemetry/account.test.ts`.
 */
import { reset, runDurableObjectAlarm } from "cloudflare:test";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { telemetryRootStub } from "../../../admin/env.ts";
import { countOf, quantile, SKETCH_ERROR } from "../../../config/sketch.ts";
import { TELEMETRY_ORIGIN, TELEMETRY_REPORT_PATH, type TelemetryReport } from "../../../config/telemetry.ts";
import { TelemetryReporter } from "../../../worker/io/telemetry.ts";
import type { Attempt } from "../../../worker/routing/decision.ts";
import { row } from "../../core/telemetry/rows.ts";
import { as, env, get, send, smallFleet } from "./support.ts";

const shard = (colo: string) => env.TELEMETRY.getByName(`demo:${colo}`);

async function tell(colo: string, body: unknown): Promise<number> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await shard(colo).fetch(TELEMETRY_ORIGIN + TELEMETRY_REPORT_PATH, { method: "POST", body: text });
  await response.body?.cancel();
  return response.status;
}

/** Of a window that ended before shards wait for stragglers. */
const PAST_MS = () => Math.floor((Date.now() - 60_000) / 10_000) * 10_000;

const report = (more: Partial<TelemetryReport> = {}): TelemetryReport => ({
  ...{ isolate: "0123456789abcdef", sequence: 0, fromMs: PAST_MS(), rows: [row({}, [5, 7])] },
  ...more,
});

/** The alarm that hands up what ended; it would come within seconds. */
async function handUp(...colos: string[]): Promise<void> {
  await Promise.all(colos.map((colo) => runDurableObjectAlarm(shard(colo))));
}

async function total(): Promise<unknown> {
  const { body } = await get("/v1/metrics/query?measure=requests&last=15m");
  return body.groups[0]?.total;
}

/** One isolate of the edge, whose clock stands still: it tells everything with the promise that it leaves behind. */
class Isolate {
  readonly #reporter: TelemetryReporter;
  readonly #background: Promise<unknown>[] = [];
  readonly #cf: { readonly colo: string };
  readonly #nowMs: number;
  sent = 0;

  constructor(colo: string, isolate: string, nowMs: number) {
    this.#cf = { colo };
    this.#nowMs = nowMs;
    this.#reporter = new TelemetryReporter({
      ...{ isolate, windowMs: 10_000, sink: undefined, chance: () => 0, log: () => undefined },
      sleep: async () => undefined,
      tell: async (where, one) => {
        const status = await tell(where, one);
        // Every tenth answer is lost, so that the report comes again.
        this.#told += 1;
        if (status !== 204 || this.#told % 10 === 1) throw new Error("no answer");
      },
    });
  }

  #told = 0;

  answer(attempt: Attempt, status: number, latencyMs: number): void {
    this.sent += 1;
    const answer = { revision: 1, service: "web", attempt, continent: "EU", status, own: false, latencyMs };
    const context = { waitUntil: (work: Promise<unknown>) => void this.#background.push(work) };
    this.#reporter.note(answer, this.#nowMs, { cf: this.#cf }, context);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#background);
  }
}

describe("a burst", () => {
  afterEach(() => reset());
  test("of 100,000 requests ends in exact counts, and quantiles within 1%", async () => {
    const colos = ["FRA", "IAD", "NRT", "GRU"];
    const clusters: readonly Attempt[] = ["eu-west", "us-east"].flatMap((region) =>
      (["stable", "canary"] as const).map((side) => ({
        ...{ cluster: `${region}-${side}`, region, side, endpoint: "http://127.0.0.1" },
      })),
    );
    const nowMs = PAST_MS();
    const isolates = colos.flatMap((colo, c) =>
      Array.from({ length: 5 }, (_, i) => new Isolate(colo, `${c}${i}`.padStart(16, "0"), nowMs)),
    );
    const latencies: number[] = [];
    let bad = 0;
    for (let request = 0; request < 100_000; request += 1) {
      const latencyMs = 3 + ((request * 7_919) % 397) + (request % 100 === 0 ? 2_000 : 0);
      const status = request % 40 === 0 ? 503 : 200;
      const cluster = clusters[request % clusters.length];
      if (cluster === undefined) throw new Error("there are four clusters");
      isolates[request % isolates.length]?.answer(cluster, status, latencyMs);
      latencies.push(latencyMs);
      if (status === 503) bad += 1;
    }
    await Promise.all(isolates.map((isolate) => isolate.settle()));
    await handUp(...colos);

    expect(isolates.reduce((sum, { sent }) => sum + sent, 0)).toBe(100_000);
    expect(await total()).toEqual({ state: "ok", value: 100_000, samples: 100_000 });
    const { body: ratio } = await get("/v1/metrics/query?measure=ratio&last=10m");
    expect(ratio.groups[0].total).toEqual({ state: "ok", value: bad / 100_000, samples: 100_000 });
    latencies.sort((a, b) => a - b);
    for (const q of [0.5, 0.9, 0.99, 0.999]) {
      const { body } = await get(`/v1/metrics/query?measure=quantile&q=${q}&last=10m`);
      const exact = latencies[Math.floor(q * (latencies.length - 1))] ?? 0;
      expect(Math.abs(body.groups[0].total.value - exact) / exact).toBeLessThanOrEqual(SKETCH_ERROR * (1 + 1e-9));
    }

    const root = telemetryRootStub(env);
    const totals = await root.totals();
    expect(totals.reduce((sum, { requests }) => sum + requests, 0)).toBe(100_000);
    expect(totals.reduce((sum, one) => sum + one.latencySumMs, 0)).toBe(latencies.reduce((sum, ms) => sum + ms, 0));
    const { counts, beganMs } = await root.countsOver(600_000, Date.now());
    expect(beganMs).toBe(Math.floor(nowMs / 10_000) * 10_000);
    expect(counts).toHaveLength(4);
    expect(counts.reduce((sum, one) => sum + countOf(one.latency) + one.bad, 0)).toBe(100_000);
    expect(quantile(counts[0]?.latency ?? { sumUs: 0, bins: [] }, 0)).toBeGreaterThan(0);
    expect((await root.summary()).shards.map((one) => one.shard)).toEqual([...colos].sort());
  }, 30_000); // twenty isolates, some of which tell twice, and each object gathers for a moment: 4 s on a quiet machine
});

describe("a telemetry object", () => {
  afterEach(() => reset());

  test("counts a report once, however often it comes", async () => {
    for (let time = 0; time < 3; time += 1) expect(await tell("FRA", report())).toBe(204);
    await handUp("FRA");
    await tell("FRA", report());
    await handUp("FRA");
    expect(await total()).toEqual({ state: "ok", value: 2, samples: 2 });
  });

  test("adds what comes late to what was handed up before", async () => {
    await tell("FRA", report());
    await handUp("FRA");
    await tell("FRA", report({ sequence: 1 }));
    await handUp("FRA");
    expect(await total()).toEqual({ state: "ok", value: 4, samples: 4 });
  });

  test.each([
    ["no JSON", "{", 400],
    ["a field that is not known", { ...report(), more: 1 }, 400],
    ["a status class that there is not", report({ rows: [row({ statusClass: "6xx" as "5xx" }, [1])] }), 400],
    ["more requests than times", report({ rows: [{ ...row({}, [1]), requests: 2 }] }), 400],
    ["megabytes", "x".repeat(1_000_000), 413],
  ])("refuses %s", async (_, body, status) => {
    expect(await tell("FRA", body)).toBe(status);
    expect(await total()).toEqual({ state: "noData", samples: 0 });
  });

  test("counts a report from a clock that is wrong at the nearest time that it believes", async () => {
    expect(await tell("FRA", report({ fromMs: 0 }))).toBe(204);
    expect(await tell("FRA", report({ sequence: 1, fromMs: Date.now() + 86_400_000 }))).toBe(204);
    const dateNow = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(dateNow + 30_000); // the window that is open now ends
    await handUp("FRA");
    vi.restoreAllMocks();
    expect(await total()).toMatchObject({ state: "ok" });
    const totals = await telemetryRootStub(env).totals();
    expect(totals.map(({ requests }) => requests)).toEqual([4]);
  });

  test("keeps what the root does not take, and hands it up later", async () => {
    await telemetryRootStub(env).setFailing(true);
    await tell("FRA", report());
    await handUp("FRA");
    await telemetryRootStub(env).setFailing(false);
    expect(await total()).toEqual({ state: "noData", samples: 0 });
    await handUp("FRA");
    expect(await total()).toEqual({ state: "ok", value: 2, samples: 2 });
  });

  test("says what edges gave up", async () => {
    await tell("FRA", report({ dropped: { reports: 1, requests: 30 } }));
    await handUp("FRA");
    expect((await telemetryRootStub(env).summary()).lost).toEqual({ reports: 1, requests: 30 });
  });
});

describe("/v1/metrics", () => {
  beforeAll(async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    const [good, bad] = [row({}, [10, 20, 30]), row({ statusClass: "5xx" }, [500])];
    const failedOver = row({ cluster: "europe-green", side: "canary", statusClass: "own" }, [], 2);
    const elsewhere = row({ region: "america", cluster: "america-blue", side: "canary", revision: 8 }, [100]);
    const own = row({ region: "none", cluster: "none", statusClass: "own", continent: "ZZ" }, [1]);
    await tell("FRA", report({ rows: [good, bad, elsewhere, own, failedOver] }));
    await handUp("FRA");
  });
  afterAll(() => reset());

  test.each([
    // query                                     value  samples
    ["measure=requests", 6, 6],
    ["measure=requests&region=europe", 4, 4],
    ["measure=requests&statusClass=5xx,own", 2, 2],
    ["measure=requests&revision=8", 1, 1],
    ["measure=ratio", 2 / 6, 6],
    ["measure=ratio&of=5xx", 1 / 6, 6],
    ["measure=ratio&region=europe,america", 1 / 5, 5],
    ["measure=ratio&side=canary", 0, 1],
    ["measure=ratio&side=canary&per=attempt", 2 / 3, 3],
    ["measure=requests&cluster=europe-green&per=attempt", 2, 2],
  ])("%s is %d of %i", async (query, value, samples) => {
    const { body } = await get(`/v1/metrics/query?${query}&last=5m`);
    expect(body.groups[0].total).toEqual({ state: "ok", value, samples });
  });

  test("has no data where there were no requests, and never 0", async () => {
    const { body } = await get("/v1/metrics/query?measure=ratio&cluster=nobody");
    expect(body.groups).toMatchObject([{ key: {}, total: { state: "noData", samples: 0 } }]);
    expect(body.groups[0].points.every((point: { state: string }) => point.state === "noData")).toBe(true);
  });

  test("groups, and gives each step its samples", async () => {
    const { body } = await get("/v1/metrics/query?measure=quantile&q=1&groupBy=region,side&last=5m&step=10s");
    expect(
      body.groups.map(({ key, total: { samples } }: { key: object; total: { samples: number } }) => [key, samples]),
    ).toEqual([
      [{ region: "europe", side: "stable" }, 4],
      [{ region: "america", side: "canary" }, 1],
      [{ region: "none", side: "stable" }, 1],
    ]);
    const [europe] = body.groups;
    expect(europe.points.filter((point: { state: string }) => point.state === "ok")).toHaveLength(1);
    expect(europe.total.value).toBeGreaterThan(495);
    expect(europe.total.value).toBeLessThan(505);
    expect(body).toMatchObject({ unit: "ms", stepMs: 10_000, groupsLeftOut: 0 });
  });

  test("marks the commits of the stretch", async () => {
    await send("PATCH", "/v1/weights", {
      ...{ route: "web", rule: "europe", weights: { "eu-west": 1 }, reason: "more to europe", ticket: "OPS-1" },
    });
    const { body } = await get("/v1/metrics/query?measure=requests&last=5m");
    expect(body.marks).toMatchObject([
      { revision: 1, kind: "apply" },
      { revision: 2, kind: "shiftWeights", reason: "more to europe", ticket: "OPS-1" },
    ]);
    const longAgo = await get(
      `/v1/metrics/query?measure=requests&from=${Date.now() - 7_200_000}&to=${Date.now() - 3_600_000}`,
    );
    expect(longAgo.body).toMatchObject({ marks: [], marksKnown: true });
  });

  test("has figures while commits cannot be read, and says that it does not know them", async () => {
    const fleet = env.FLEET.getByName("demo");
    await fleet.setFailing(true);
    const { status, body } = await get("/v1/metrics/query?measure=requests&last=5m");
    await fleet.setFailing(false);
    expect([status, body.groups[0].total.value]).toEqual([200, 6]);
    expect(body).toMatchObject({ marks: [], marksLeftOut: false, marksKnown: false });
  });

  test.each([
    ["", "/measure"],
    ["measure=median", "/measure"],
    ["measure=quantile", "/q"],
    ["measure=quantile&q=99", "/q"],
    ["measure=requests&q=0.5", "/q"],
    ["measure=quantile&q=0.5&per=attempt", "/per"],
    ["measure=requests&per=both", "/per"],
    ["measure=requests&of=5xx", "/of"],
    ["measure=ratio&of=6xx", "/of"],
    ["measure=requests&groupBy=path", "/groupBy"],
    ["measure=requests&region=EU", "/region"],
    ["measure=requests&continent=Europe", "/continent"],
    ["measure=requests&revision=-1", "/revision"],
    ["measure=requests&last=soon", "/last"],
    ["measure=requests&last=40d", "/last"],
    ["measure=requests&from=5&to=3", "/from"],
    ["measure=requests&to=3", "/from"],
    ["measure=requests&step=15s", "/step"],
    ["measure=requests&last=2d&step=1m", "/step"],
    ["measure=requests&last=1h&step=1s", "/step"],
    ["measure=requests&colour=red", "/colour"],
  ])("%s is refused at %s", async (query, pointer) => {
    const { status, body } = await get(`/v1/metrics/query?${query}`);
    expect([status, body.code, body.errors[0].pointer]).toEqual([400, "parameterInvalid", pointer]);
  });

  test("says who served whom, in exact shares", async () => {
    const rows = [
      row({ service: "other", continent: "EU" }, [1, 1, 1]),
      row({ service: "other", continent: "EU", region: "america", cluster: "america-blue" }, [1, 1, 1]),
      row({ service: "other", continent: "AS", region: "america", cluster: "america-blue" }, [1]),
      row({ service: "other", continent: "ZZ", region: "none", cluster: "none", statusClass: "4xx" }, [1]),
    ];
    await tell("IAD", report({ rows }));
    await handUp("IAD");
    const { body } = await get("/v1/metrics/distribution?last=5m&service=other");
    expect(body).toMatchObject({
      ...{ state: "ok", requests: 8, unserved: 1 },
      regions: [
        { region: "america", requests: 4, shareBps: 5_714 },
        { region: "europe", requests: 3, shareBps: 4_286 },
      ],
      continents: [
        { continent: "AS", requests: 1, regions: [{ region: "america", requests: 1, shareBps: 10_000 }] },
        {
          ...{ continent: "EU", requests: 6 },
          regions: [
            { region: "america", requests: 3, shareBps: 5_000 },
            { region: "europe", requests: 3, shareBps: 5_000 },
          ],
        },
      ],
    });
    const nobody = await get("/v1/metrics/distribution?service=nobody");
    expect(nobody.body).toMatchObject({ state: "noData", requests: 0 });
  });

  test("says where requests come from, once there are enough", async () => {
    expect((await get("/v1/metrics/demand")).body).toEqual({ state: "noData", samples: 0, vantagesSilent: 0 });
    const said = { isolate: "0123456789abcdef", revision: 1, requests: 120, atMs: 1 };
    const text = JSON.stringify({ ...said, countries: { DE: 90, US: 30 }, routes: { web: 120 } });
    const response = await env.BEACON.getByName("demo:weur").fetch("https://beacon/report", {
      method: "POST",
      body: text,
    });
    expect(response.status).toBe(204);
    const { body } = await get("/v1/metrics/demand");
    expect(body).toMatchObject({ state: "ok", samples: 120 });
    expect(body.countries.DE).toBeCloseTo(3 * body.countries.US, 6);
  });

  test("metrics are for everybody who may read", async () => {
    expect((await get("/v1/metrics/query?measure=requests", as("viewer"))).status).toBe(200);
  });
});
