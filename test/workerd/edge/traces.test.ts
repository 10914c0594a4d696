/** Traces through the edge in the real runtime: what clusters are told, and what a collector gets of it over HTTP. */
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import type { Env } from "../../../worker/settings.ts";
import { fleet, publish, startEdge } from "./edge.ts";

const BERLIN = { country: "DE", continent: "EU", isEUCountry: "1", latitude: "52.5", longitude: "13.4" };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

beforeEach(() => publish(fleet(1)));
afterEach(() => reset());

type KeyValue = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };
type ReceivedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly KeyValue[];
  readonly status: { readonly code: number };
};

/** An edge with a collector of its own, in development so that plain http will do and spans do not wait for long. */
function traced(variables: Partial<Env> = {}) {
  const name = crypto.randomUUID();
  const base = inject("collectorUrl");
  const edge = startEdge({
    DEVELOPMENT: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: `${base}/${name}`,
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=k%3D1",
    ...variables,
  });
  const received = async () => (await (await fetch(`${base}/${name}`)).json()) as Received[];
  return {
    received,
    spans: async () => (await received()).flatMap(({ body }) => body.resourceSpans[0]?.scopeSpans[0]?.spans ?? []),
    get: (path: string, headers: Record<string, string> = {}) =>
      edge.fetch(new Request(`http://web.example${path}`, { headers, redirect: "manual", cf: BERLIN } as RequestInit)),
  };
}

type Received = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: readonly KeyValue[] };
      readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
    }[];
  };
};

function attributesOf({ attributes }: ReceivedSpan): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function byName(spans: readonly ReceivedSpan[], kind: number): readonly ReceivedSpan[] {
  return spans.filter((span) => span.kind === kind);
}

const INTERNAL = 1;
const SERVER = 2;
const CLIENT = 3;

describe("a request that its client records", () => {
  test("arrives at the collector as one tree, and the cluster's spans hang under the attempt", async () => {
    const edge = traced();
    const response = await edge.get("/cart?token=hunter2", {
      traceparent: `00-${TRACE}-${PARENT}-01`,
      tracestate: "a=1",
      cookie: "session=hunter2",
      "cf-connecting-ip": "198.51.100.7",
    });
    const { headers } = (await response.json()) as { readonly headers: Record<string, string> };
    const spans = (await edge.spans()).filter(({ traceId }) => traceId === TRACE);
    const [whole] = byName(spans, SERVER);
    const [decision] = byName(spans, INTERNAL);
    const [attempt] = byName(spans, CLIENT);
    expect(spans).toHaveLength(3);
    expect(whole?.parentSpanId).toBe(PARENT);
    expect([decision?.parentSpanId, attempt?.parentSpanId]).toEqual([whole?.spanId, whole?.spanId]);
    expect(headers).toMatchObject({ traceparent: `00-${TRACE}-${attempt?.spanId}-01`, tracestate: "a=1" });
    expect(attributesOf(decision as ReceivedSpan)).toMatchObject({
      ...{ "fairlead.route": "web", "fairlead.service": "web", "fairlead.region": "europe" },
      ...{ "fairlead.cluster": "europe-web", "fairlead.side": "stable", "fairlead.revision": "1" },
      "fairlead.reasons": expect.stringContaining("steer.rule"),
    });
    expect(attributesOf(attempt as ReceivedSpan)).toMatchObject({
      ...{ "http.request.method": "GET", "http.response.status_code": "200", "server.address": "127.0.0.1" },
    });
    const received = await edge.received();
    expect(received[0]).toMatchObject({
      url: expect.stringMatching(/\/v1\/traces$/),
      headers: { "api-key": "k=1", "content-type": "application/json" },
    });
    expect(JSON.stringify(received)).not.toMatch(/cart|hunter2|198\.51/);
  });

  test("has a span for each attempt, and each cluster hears of its own", async () => {
    const origins = inject("edgeOrigins");
    await publish(fleet(2, { ...origins, europe: origins.nobody }));
    const edge = traced();
    const response = await edge.get("/", { traceparent: `00-${TRACE}-${PARENT}-01` });
    const { headers } = (await response.json()) as { readonly headers: Record<string, string> };
    const attempts = byName(await edge.spans(), CLIENT);
    expect(attempts.map((span) => attributesOf(span))).toMatchObject([
      { "fairlead.region": "europe", "error.type": "lost" },
      { "fairlead.region": "america", "http.request.resend_count": "1", "http.response.status_code": "200" },
    ]);
    expect(attempts.map(({ status }) => status.code)).toEqual([2, 0]);
    expect(headers.traceparent).toBe(`00-${TRACE}-${attempts[1]?.spanId}-01`);
    expect(attempts[0]?.spanId).not.toBe(attempts[1]?.spanId);
  });

  test("with a body, too, is named in what the cluster gets", async () => {
    const edge = startEdge();
    const response = await edge.fetch(
      new Request("http://web.example/", {
        method: "POST",
        body: "x",
        headers: { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=1,b" },
      }),
    );
    const { headers, body } = (await response.json()) as { headers: Record<string, string>; body: string };
    expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-01$`));
    expect([headers.tracestate, body]).toEqual([undefined, "x"]);
  });

  test("and that goes nowhere says why", async () => {
    const edge = traced();
    await edge.get("/", { traceparent: `00-${TRACE}-${PARENT}-01`, "fairlead-geo": "nonsense" });
    const [whole, ...others] = (await edge.spans()).filter(({ traceId }) => traceId === TRACE);
    expect(others).toEqual([]);
    expect(attributesOf(whole as ReceivedSpan)).toMatchObject({ "http.response.status_code": "400" });
  });
});

describe("what is not recorded", () => {
  test("is not sent, and the cluster is told that it is not", async () => {
    const edge = traced({ OTEL_TRACES_SAMPLER_ARG: "0" });
    const response = await edge.get("/", { traceparent: `00-${TRACE}-${PARENT}-00` });
    const { headers } = (await response.json()) as { readonly headers: Record<string, string> };
    expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(await edge.received()).toEqual([]);
  });

  test("begins here with the share that is asked for, and a refresh is a trace, too", async () => {
    const edge = traced({ OTEL_TRACES_SAMPLER_ARG: "1" });
    const response = await edge.get("/");
    const { headers } = (await response.json()) as { readonly headers: Record<string, string> };
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    const spans = await edge.spans();
    expect(spans.map(({ name }) => name).sort()).toEqual(["GET", "GET", "fairlead.decide", "fairlead.refresh"]);
    const refresh = spans.find(({ name }) => name === "fairlead.refresh") as ReceivedSpan;
    expect(attributesOf(refresh)).toMatchObject({ "fairlead.cold": true, "fairlead.revision": "1" });
    expect(headers.traceparent).not.toContain(refresh.traceId);
  });
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example", DEVELOPMENT: "" }],
  [{ OTEL_EXPORTER_OTLP_HEADERS: "nonsense" }],
  [{ OTEL_TRACES_SAMPLER_ARG: "2" }],
])("variables that cannot be meant stop the first request: %j", async (variables) => {
  expect((await traced(variables).get("/")).status).toBe(500);
});
