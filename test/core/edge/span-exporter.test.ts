/** Spans on their way to a collector that is well, slow, picky or gone; nothing is kept without end, nothing sent twice. */
import { describe, expect, test } from "vitest";
import type { Span } from "../../../config/otlp.ts";
import { SpanExporter } from "../../../worker/io/span-exporter.ts";

const span = (at: number): Span => ({
  ...{ traceId: "1".repeat(32), spanId: at.toString(16).padStart(16, "0"), name: "GET", kind: "server" },
  ...{ startMs: at, endMs: at, attributes: {}, failed: false },
});

class World {
  nowMs = 1_000;
  readonly background: Promise<unknown>[] = [];
  readonly waits: { readonly ms: number; readonly end: () => void }[] = [];
  /** Of each batch that arrived, how many spans, and the first one's id. */
  readonly batches: (readonly [number, number])[] = [];
  readonly requests: { readonly url: string; readonly headers: unknown }[] = [];
  readonly events: unknown[] = [];
  answer: () => Response = () => new Response("{}");
  readonly exporter = new SpanExporter({
    destination: { url: "https://c.example/v1/traces", headers: { "api-key": "k" } },
    source: { resource: {}, scope: { name: "fairlead", version: "1" } },
    flushMs: 1_000,
    fetch: async (url, { headers, body }) => {
      this.requests.push({ url, headers });
      const { spans } = JSON.parse(String(body)).resourceSpans[0].scopeSpans[0];
      this.batches.push([spans.length, Number.parseInt(spans[0].spanId, 16)]);
      return this.answer();
    },
    wait: (ms) => new Promise<void>((end) => this.waits.push({ ms, end })),
    now: () => this.nowMs,
    chance: () => 0.5,
    log: (event, fields) => void this.events.push([event, fields]),
  });

  keep(count: number, from = 0): void {
    for (let at = from; at < from + count; at += 1)
      this.exporter.keep(span(at), { waitUntil: (work) => void this.background.push(work) });
  }

  /** Everybody who waits has waited long enough. */
  async flush(): Promise<void> {
    for (const { end } of this.waits.splice(0)) end();
    await Promise.all(this.background.splice(0));
  }
}

describe("a collector that is well", () => {
  test("gets what was kept in one batch, after a while with jitter, behind one request's back", async () => {
    const world = new World();
    world.keep(3);
    expect(world.background).toHaveLength(1);
    expect(world.waits.map(({ ms }) => ms)).toEqual([1_250]);
    await world.flush();
    expect(world.batches).toEqual([[3, 0]]);
    expect(world.requests).toEqual([
      {
        url: "https://c.example/v1/traces",
        headers: { "api-key": "k", "content-type": "application/json", "user-agent": "fairlead-otlp/1" },
      },
    ]);
    world.keep(1, 3);
    await world.flush();
    expect(world.batches).toEqual([
      [3, 0],
      [1, 3],
    ]);
    expect(world.exporter.dropped).toBe(0);
  });

  test("gets batches of 512; what is beyond 2,048 is dropped and counted", async () => {
    const world = new World();
    world.keep(3_000);
    await world.flush();
    expect(world.batches).toEqual([
      [512, 0],
      [512, 512],
      [512, 1_024],
      [512, 1_536],
    ]);
    expect(world.exporter.dropped).toBe(952);
  });

  test("what it does not take of a batch counts as dropped", async () => {
    const world = new World();
    world.answer = () => Response.json({ partialSuccess: { rejectedSpans: "2", errorMessage: "too old" } });
    world.keep(3);
    await world.flush();
    expect(world.exporter.dropped).toBe(2);
  });

  test.each([["not json"], ["null"], ["[]"], ['{"partialSuccess":{"rejectedSpans":-1}}'], ['{"partialSuccess":null}']])(
    "an answer of %s is an answer",
    async (text) => {
      const world = new World();
      world.answer = () => new Response(text);
      world.keep(3);
      await world.flush();
      expect(world.exporter.dropped).toBe(0);
    },
  );
});

describe("a collector that is not", () => {
  const fails = [
    ["is gone", () => Promise.reject(new Error("refused")) as never],
    ["is overloaded", () => new Response("", { status: 503 })],
    ["is asked too often", () => new Response("", { status: 429, headers: { "retry-after": "30" } })],
  ] as const;

  test.each(fails)("that %s gets the same again, later and later, and the log one line", async (_, answer) => {
    const world = new World();
    world.answer = answer;
    world.keep(3);
    await world.flush();
    expect(world.exporter.dropped).toBe(0);
    world.keep(1, 3);
    expect(world.background).toHaveLength(0);
    world.nowMs += 60_000;
    world.keep(1, 4);
    await world.flush();
    expect(world.events).toHaveLength(1);
    world.nowMs += 60_000;
    world.answer = () => new Response("{}");
    world.keep(1, 5);
    await world.flush();
    expect(world.batches).toEqual([
      [3, 0],
      [5, 0],
      [6, 0],
    ]);
    expect(world.events).toMatchObject([
      ["spans.notDelivered", {}],
      ["spans.deliveredAgain", { dropped: 0 }],
    ]);
  });

  test("retry-after is kept to when it is longer", async () => {
    const world = new World();
    world.answer = () => new Response("", { status: 429, headers: { "retry-after": "30" } });
    world.keep(1);
    await world.flush();
    world.nowMs += 29_999;
    world.keep(1);
    expect(world.background).toHaveLength(0);
    world.nowMs += 1;
    world.keep(1);
    expect(world.background).toHaveLength(1);
  });

  test.each([[400], [401], [302], [500]])(
    "a refusal with %i is final: the batch is dropped and counted",
    async (status) => {
      const world = new World();
      world.answer = () => new Response(null, { status });
      world.keep(3);
      await world.flush();
      expect(world.exporter.dropped).toBe(3);
      expect(world.events).toEqual([["spans.notDelivered", { because: `it answered ${status}` }]]);
    },
  );

  test("a long outage keeps the oldest that there is room for, and counts the rest", async () => {
    const world = new World();
    world.answer = () => new Response("", { status: 503 });
    world.keep(2_048);
    await world.flush();
    world.keep(100, 2_048);
    expect(world.exporter.dropped).toBe(100);
    world.nowMs += 60_000;
    world.answer = () => new Response("{}");
    world.keep(1, 3_000); // has no place itself, and sets off what makes room
    await world.flush();
    expect(world.exporter.dropped).toBe(101);
    expect(world.batches.slice(1)).toEqual([
      ...[
        [512, 0],
        [512, 512],
        [512, 1_024],
        [512, 1_536],
      ], //
    ]);
  });
});

test("a delivery that the platform cut short is begun again after a while", () => {
  const world = new World();
  world.keep(1);
  world.background.length = 0; // its request is gone, and the delivery with it
  world.nowMs += 29_999;
  world.keep(1, 1);
  expect(world.background).toHaveLength(0);
  world.nowMs += 1;
  world.keep(1, 2);
  expect(world.background).toHaveLength(1);
});
