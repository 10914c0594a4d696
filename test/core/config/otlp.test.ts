/**
 * OTLP/JSON against the official definitions, as `@opentelemetry/otlp-transformer` carries them generated from
 * opentelemetry-proto: what we write is decoded by them, encoded as protobuf, and must come back with nothing lost.
 */
import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeSpans,
  type OtlpVariables,
  otlpAttributes,
  otlpOutcome,
  readOtlpDestination,
  type Span,
  unixNano,
} from "../../../config/otlp.ts";

/** Of a generated protobufjs message; the package has no types for it. */
type Message = {
  readonly verify: (value: object) => string | null;
  readonly fromObject: (value: object) => object;
  readonly encode: (message: object) => { readonly finish: () => Uint8Array };
  readonly decode: (bytes: Uint8Array) => object;
  readonly toObject: (message: object, options: object) => object;
};

const require = createRequire(import.meta.url);
const { opentelemetry } = require("@opentelemetry/otlp-transformer/build/src/generated/root.js");
const TraceRequest: Message = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

const ID_FIELDS = new Set(["traceId", "spanId", "parentSpanId"]);

/** OTLP/JSON is proto3 JSON but for ids, which are hex there and base64 here. */
function mapIds(value: unknown, map: (id: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapIds(item, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, ID_FIELDS.has(key) ? map(String(field)) : mapIds(field, map)]),
  );
}

const toBase64 = (id: string) => Buffer.from(id, "hex").toString("base64");
const toHex = (id: string) => Buffer.from(id, "base64").toString("hex");

/** Through JSON text and protobuf bytes, and back. */
function throughProtobuf(body: object): unknown {
  const received = mapIds(JSON.parse(JSON.stringify(body)), toBase64) as object;
  const message = TraceRequest.fromObject(received);
  expect(TraceRequest.verify(message)).toBeNull();
  const decoded = TraceRequest.decode(TraceRequest.encode(message).finish());
  return mapIds(TraceRequest.toObject(decoded, { longs: String, bytes: String, enums: Number }), toHex);
}

const SOURCE = {
  resource: { "service.name": "fairlead-edge", "service.version": "0.1.0", "deployment.environment.name": "demo" },
  scope: { name: "fairlead", version: "0.1.0" },
};

const SPAN: Span = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentId: "b7ad6b7169203331",
  parentIsRemote: true,
  state: "vendor=1",
  name: "GET",
  kind: "server",
  startMs: 1_795_658_400_123,
  endMs: 1_795_658_400_123.5,
  attributes: { "http.request.method": "GET", "http.response.status_code": 503, "fairlead.share": 0.5, ok: false },
  failed: true,
};

describe("encodeSpans", () => {
  test("writes what the protocol says", () => {
    expect(encodeSpans(SOURCE, [SPAN])).toEqual({
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: "service.name", value: { stringValue: "fairlead-edge" } },
              { key: "service.version", value: { stringValue: "0.1.0" } },
              { key: "deployment.environment.name", value: { stringValue: "demo" } },
            ],
          },
          scopeSpans: [
            {
              scope: { name: "fairlead", version: "0.1.0" },
              spans: [
                {
                  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
                  spanId: "00f067aa0ba902b7",
                  traceState: "vendor=1",
                  parentSpanId: "b7ad6b7169203331",
                  flags: 0x301,
                  name: "GET",
                  kind: 2,
                  startTimeUnixNano: "1795658400123000000",
                  endTimeUnixNano: "1795658400123500000",
                  attributes: [
                    { key: "http.request.method", value: { stringValue: "GET" } },
                    { key: "http.response.status_code", value: { intValue: "503" } },
                    { key: "fairlead.share", value: { doubleValue: 0.5 } },
                    { key: "ok", value: { boolValue: false } },
                  ],
                  status: { code: 2 },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  test("the official definitions read it, and lose nothing", () => {
    const body = encodeSpans(SOURCE, [SPAN]);
    expect(throughProtobuf(body)).toEqual(body);
  });

  const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
  const attribute = fc.oneof(fc.string(), fc.boolean(), fc.double({ noNaN: true }), fc.maxSafeInteger());
  const span: fc.Arbitrary<Span> = fc.record(
    {
      ...{ traceId: hex(32), spanId: hex(16), parentId: hex(16), name: fc.string(), state: fc.constant("a=1") },
      ...{ parentIsRemote: fc.boolean(), failed: fc.boolean() },
      kind: fc.constantFrom("internal" as const, "server" as const, "client" as const),
      startMs: fc.nat(2 ** 42),
      endMs: fc.nat(2 ** 42),
      attributes: fc.dictionary(fc.string(), attribute, { minKeys: 1 }), // an empty list and none are the same
    },
    { requiredKeys: ["traceId", "spanId", "name", "kind", "startMs", "endMs", "attributes", "failed"] },
  );

  test("nor of any other span, and none ends before it begins", () => {
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 5 }), (spans) => {
        const body = encodeSpans(SOURCE, spans);
        expect(throughProtobuf(body)).toEqual(JSON.parse(JSON.stringify(body)));
        for (const { startTimeUnixNano, endTimeUnixNano } of body.resourceSpans.flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap((scope) => scope.spans),
        ))
          expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
      }),
    );
  });
});

describe("the words that all signals share", () => {
  test.each([
    [0, "0"],
    [1, "1000000"],
    [1_795_658_400_123, "1795658400123000000"],
    [0.000_001, "1"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991000000"],
  ])("%d ms are %s ns", (ms, expected) => {
    expect(unixNano(ms)).toBe(expected);
  });

  test("what is undefined is left out, and what JSON cannot say is a text", () => {
    expect(otlpAttributes({ a: undefined, b: Number.NaN, c: 2 ** 53 })).toEqual([
      { key: "b", value: { stringValue: "NaN" } },
      { key: "c", value: { doubleValue: 2 ** 53 } },
    ]);
  });
});

describe("readOtlpDestination", () => {
  const read = (endpoint: string, headers = "", development = false) =>
    readOtlpDestination(
      { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers },
      { signal: "traces", development },
    );

  test.each([
    ["https://c.example", false, "https://c.example/v1/traces"],
    ["https://c.example/", false, "https://c.example/v1/traces"],
    ["https://c.example:4318/otlp/", false, "https://c.example:4318/otlp/v1/traces"],
    ["http://127.0.0.1:4318", true, "http://127.0.0.1:4318/v1/traces"],
  ])("%s, in development %s: %s", (endpoint, development, expected) => {
    const destination = read(endpoint, "", development);
    expect(destination).toMatchObject({ ok: true, value: { url: expected } });
  });

  test.each([
    ["http://c.example", false],
    ["ftp://c.example", true],
    ["c.example", true],
    ["https://", false],
    ["https://user:pw@c.example", false],
    ["https://c.example?a=b", false],
    ["https://c.example/#a", false],
    ["https://c.example/a b", false],
  ])("%s, in development %s, is refused", (endpoint, development) => {
    expect(read(endpoint, "", development)).toMatchObject({ ok: false });
  });

  test.each([
    ["", {}],
    ["api-key=abc", { "api-key": "abc" }],
    [" Api-Key = abc%3D , tenant=a=b,", { "api-key": "abc=", tenant: "a=b" }],
  ])("headers %j", (headers, expected) => {
    expect(read("https://c.example", headers)).toMatchObject({ ok: true, value: { headers: expected } });
  });

  test.each([["abc"], ["=abc"], ["a b=c"], ["a=%zz"], ["a=%0d%0ab"], ["a=ü"]])(
    "headers %j are refused unrepeated",
    (headers) => {
      const found = read("https://c.example", `secret=hunter2,${headers}`);
      expect(found.ok).toBe(false);
      expect(JSON.stringify(found)).not.toContain("hunter2");
    },
  );

  const general = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://c.example" };

  test.each<[OtlpVariables, "traces" | "metrics", string | undefined]>([
    [{}, "traces", undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, "metrics", undefined],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t.example/in" }, "traces", "https://t.example/in"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t.example/in" }, "metrics", undefined],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "https://m.example/" }, "metrics", "https://m.example/"],
    [{ ...general, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "https://m.example/m" }, "metrics", "https://m.example/m"],
    [
      { ...general, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "https://m.example/m" },
      "traces",
      "https://c.example/v1/traces",
    ],
  ])("of %j the %s go to %s", (variables, signal, url) => {
    const read = readOtlpDestination(variables, { signal, development: false });
    expect(read).toEqual({ ok: true, value: url === undefined ? undefined : { url, headers: {} } });
  });

  test("the error names the variable that is wrong", () => {
    const variables = { ...general, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "nowhere" };
    const { error } = readOtlpDestination(variables, { signal: "metrics", development: false }) as { error: string };
    expect(error).toMatch(/^OTEL_EXPORTER_OTLP_METRICS_ENDPOINT must begin with https:/);
  });
});

describe("otlpOutcome", () => {
  const rejected = (field: string, count: unknown) => JSON.stringify({ partialSuccess: { [field]: count } });

  test.each([
    [200, null, "", { kind: "taken", rejected: 0 }],
    [202, null, "{}", { kind: "taken", rejected: 0 }],
    [200, null, rejected("rejectedDataPoints", "7"), { kind: "taken", rejected: 7 }],
    [200, null, rejected("rejectedDataPoints", 7), { kind: "taken", rejected: 7 }],
    [200, null, rejected("rejectedDataPoints", -1), { kind: "taken", rejected: 0 }],
    [200, null, rejected("rejectedSpans", "7"), { kind: "taken", rejected: 0 }],
    [200, null, '{"partialSuccess":null}', { kind: "taken", rejected: 0 }],
    [302, "5", "", { kind: "refused", because: "it answered 302" }],
    [400, "5", "", { kind: "refused", because: "it answered 400" }],
    [503, null, "", { kind: "failed", because: "it answered 503" }],
    [429, "5", "", { kind: "failed", because: "it answered 429", retryAfterMs: 5_000 }],
    [429, "Fri, 07 Nov 2026 23:59:59 GMT", "", { kind: "failed", because: "it answered 429" }],
  ])("%i, Retry-After %s, %j", (status, retryAfter, text, expected) => {
    expect(otlpOutcome("metrics", { status, retryAfter, text })).toEqual(expected);
  });
});
