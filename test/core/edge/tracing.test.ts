/** Which requests are recorded, which spans they make, and what those say: from facts, without a collector or a platform. */
import { describe, expect, test } from "vitest";
import type { Attributes, Span } from "../../../config/otlp.ts";
import type { PlatformTracing } from "../../../worker/io/platform-tracing.ts";
import { readRequestFields } from "../../../worker/request-fields.ts";
import {
  answerEnd,
  attemptAttributes,
  attemptEnd,
  requestAttributes,
  spanName,
} from "../../../worker/span-attributes.ts";
import { Tracing } from "../../../worker/tracing.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const PLATFORM_TRACE = "8068f88d50e9b453b8291be34f2e361b";

type Wishes = { readonly ratio?: number; readonly exported?: boolean; readonly platform?: "traced" | "idle" };

function world({ ratio = 0, exported = true, platform }: Wishes) {
  const spans: Span[] = [];
  const platformSpans: (readonly [string, Attributes, boolean])[] = [];
  let ids = 0;
  let nowMs = 0;
  const asked: PlatformTracing = {
    traceId: () => (platform === "traced" ? PLATFORM_TRACE : undefined),
    within: (name, work) =>
      work({
        spanId: "c".repeat(16),
        describe: (attributes, failed) => void platformSpans.push([name, attributes, failed]),
      }),
  };
  const tracing = new Tracing({
    exporter: exported ? { keep: (span) => void spans.push(span) } : undefined,
    platform: platform === undefined ? undefined : asked,
    ratio,
    // Ends in the digits that every ratio records.
    randomHex: (digits) => (++ids).toString(16).padStart(digits, "f"),
    now: () => ++nowMs,
  });
  return { tracing, spans, platformSpans };
}

const BACKGROUND = { waitUntil: () => undefined };
const arrival = (traceparent?: string, state?: string) => {
  const made = request(traceparent, state);
  return { request: made, fields: readRequestFields(made.headers), background: BACKGROUND };
};
const request = (traceparent?: string, state?: string) =>
  new Request("https://shop.example/cart?token=hunter2", {
    headers: {
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(state === undefined ? {} : { tracestate: state }),
    },
  });

describe("what is recorded", () => {
  test.each<[string, Wishes, string | undefined, boolean]>([
    ["nothing without somebody who records", { exported: false, ratio: 0 }, `00-${TRACE}-${PARENT}-01`, false],
    ["what the parent has recorded", {}, `00-${TRACE}-${PARENT}-01`, true],
    ["not what it has not, whatever the ratio", { ratio: 1 }, `00-${TRACE}-${PARENT}-00`, false],
    ["of what begins here, the ratio", { ratio: 1 }, undefined, true],
    ["of what begins here, nothing at 0", { ratio: 0 }, undefined, false],
    ["what the platform records", { exported: false, platform: "traced" }, undefined, true],
    ["not what it does not", { exported: false, platform: "idle" }, undefined, false],
  ])("%s", (_, wishes, traceparent, recorded) => {
    const { tracing } = world(wishes);
    expect(tracing.begin(arrival(traceparent)).spans !== undefined).toBe(recorded);
  });

  test("a trace that begins under the platform's is the platform's; a client's stays the client's", () => {
    const { tracing } = world({ exported: false, platform: "traced" });
    expect(tracing.begin(arrival()).context).toEqual({ traceId: PLATFORM_TRACE, sampled: true });
    const { traceId } = tracing.begin(arrival(`00-${TRACE}-${PARENT}-01`)).context;
    expect(traceId).toBe(TRACE);
  });
});

const ATTEMPT = { cluster: "eu-blue", region: "eu", side: "stable", endpoint: "https://eu.example:8443" } as const;
const START = { name: "GET", kind: "client", attributes: { "server.address": "eu.example" } } as const;

describe("the spans of a request", () => {
  test("hang under one for the whole, which hangs under the client's", async () => {
    const { tracing, spans } = world({});
    const recorded = tracing.begin(arrival(`00-${TRACE}-${PARENT}-01`, "a=1")).spans;
    let told = "";
    const answer = await recorded?.within(
      START,
      async (spanId) => {
        told = spanId;
        return new Response(null, { status: 503 });
      },
      attemptEnd,
    );
    recorded?.finish(answer ?? Response.error());
    const [attempt, whole] = spans;
    expect(attempt).toMatchObject({
      ...{ traceId: TRACE, spanId: told, parentId: whole?.spanId, name: "GET", kind: "client", failed: true },
      attributes: { "server.address": "eu.example", "http.response.status_code": 503, "error.type": "503" },
    });
    expect(whole).toMatchObject({
      ...{ traceId: TRACE, parentId: PARENT, parentIsRemote: true, state: "a=1", kind: "server", failed: true },
      attributes: { "http.request.method": "GET", "url.scheme": "https", "http.response.status_code": 503 },
    });
    expect(whole?.startMs).toBeLessThan(attempt?.startMs ?? 0);
    expect(whole?.endMs).toBeGreaterThan(attempt?.endMs ?? 0);
    expect(JSON.stringify(spans)).not.toMatch(/cart|hunter2|shop\.example/);
  });

  test("an attempt that the platform records has the platform's id, for both", async () => {
    const { tracing, spans, platformSpans } = world({ platform: "traced" });
    const recorded = tracing.begin(arrival()).spans;
    let told = "";
    await recorded?.within(
      START,
      async (spanId) => {
        told = spanId;
        return new Response();
      },
      attemptEnd,
    );
    expect([told, spans[0]?.spanId]).toEqual(["c".repeat(16), "c".repeat(16)]);
    expect(platformSpans).toEqual([
      ["GET", { "server.address": "eu.example", "http.response.status_code": 200, "error.type": undefined }, false],
    ]);
  });
});

describe("a refresh", () => {
  const end = { attributes: { "fairlead.revision": 7 }, failed: false };

  test("is a trace of its own", async () => {
    const { tracing, spans } = world({ ratio: 1 });
    const done: number[] = [];
    await tracing.refresh(
      async () => void done.push(1),
      () => end,
      BACKGROUND,
    );
    expect(done).toEqual([1]);
    expect(spans).toMatchObject([{ name: "fairlead.refresh", kind: "internal", ...end }]);
    expect(spans[0]).not.toHaveProperty("parentId");
  });

  test("is not recorded when nothing is, and done all the same", async () => {
    const { tracing, spans } = world({ exported: false });
    const done: number[] = [];
    await tracing.refresh(
      async () => void done.push(1),
      () => end,
      BACKGROUND,
    );
    expect([done, spans]).toEqual([[1], []]);
  });
});

describe("what spans say", () => {
  test.each([
    ["GET", "GET", "GET"],
    ["PATCH", "PATCH", "PATCH"],
    ["get", "HTTP", "_OTHER"],
    ["PROPFIND", "HTTP", "_OTHER"],
  ])("a request with %s is called %s, its method %s", (method, name, attribute) => {
    expect(spanName(method)).toBe(name);
    // `Request` would write some of them in capitals.
    const made = { method, url: "http://shop.example/" } as Request;
    expect(requestAttributes(made)).toEqual({ "http.request.method": attribute, "url.scheme": "http" });
  });

  test.each([
    // endpoint                 scheme   address       port
    ["https://eu.example", "https", "eu.example", 443],
    ["http://eu.example", "http", "eu.example", 80],
    ["https://eu.example:8443", "https", "eu.example", 8_443],
    ["http://[2001:db8::1]:81", "http", "2001:db8::1", 81],
    ["http://[::1]", "http", "::1", 80],
  ])("%s is at %s, %s, %i", (endpoint, scheme, address, port) => {
    const facts = { attempt: { ...ATTEMPT, endpoint }, method: "GET", service: "web", revision: 7 };
    expect(attemptAttributes({ ...facts, resends: 0, mirror: false })).toEqual({
      ...{ "http.request.method": "GET", "url.scheme": scheme, "server.address": address, "server.port": port },
      ...{ "fairlead.service": "web", "fairlead.region": "eu", "fairlead.cluster": "eu-blue" },
      ...{ "fairlead.side": "stable", "fairlead.revision": 7 },
    });
    expect(attemptAttributes({ ...facts, resends: 2, mirror: true })).toMatchObject({
      ...{ "http.request.resend_count": 2, "fairlead.mirror": true },
    });
  });

  test.each([
    // status  failed for the client that we are, and as the server that we are
    [200, false, false],
    [399, false, false],
    [404, true, false],
    [499, true, false],
    [500, true, true],
    [503, true, true],
  ])("%i", (status, asClient, asServer) => {
    const response = new Response(null, { status });
    expect([attemptEnd(response).failed, answerEnd(response).failed]).toEqual([asClient, asServer]);
  });

  test("an attempt without an answer says how it failed", () => {
    expect(attemptEnd({ kind: "timeout" })).toEqual({ attributes: { "error.type": "timeout" }, failed: true });
  });
});
