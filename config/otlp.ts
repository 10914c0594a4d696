/**
 * OTLP/JSON (OpenTelemetry protocol 1.x): the words that all signals share (attributes, resource, times, where to send it),
 * and spans as a request body. Differs from plain proto3 JSON in that ids are hex and enums are numbers. Only what is given is
 * written; what may be said at all is for whoever makes the spans.
 */
import { invariant } from "./invariant.ts";
import { err, ok, type Result } from "./result.ts";

export type AttributeValue = string | number | boolean;
/** Whatever is undefined is left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  /** A 64-bit number is a text in proto3 JSON. */
  | { readonly intValue: string }
  | { readonly doubleValue: number };

export type KeyValue = { readonly key: string; readonly value: AnyValue };

export function otlpAttributes(attributes: Attributes): readonly KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: AttributeValue): AnyValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  // JSON has no such numbers; proto3 JSON writes them as texts, which not every reader takes.
  return Number.isFinite(value) ? { doubleValue: value } : { stringValue: String(value) };
}

/** Nanoseconds since the epoch, as proto3 JSON writes 64-bit numbers: with more digits than a double holds. */
export function unixNano(ms: number): string {
  invariant(ms >= 0 && Number.isFinite(ms), "a time is not before the epoch");
  const whole = Math.floor(ms);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1_000_000)));
}

/** Who tells: `service.name`, `service.version`, `deployment.environment.name`, ... */
export type OtlpSource = {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
};

/** `resourceSpans`, `resourceMetrics` and `resourceLogs` all begin with it. */
export function otlpResource({ resource }: OtlpSource): { readonly attributes: readonly KeyValue[] } {
  return { attributes: otlpAttributes(resource) };
}

const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const;

export type Span = {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 of them, as the parent's. */
  readonly spanId: string;
  readonly parentId?: string;
  /** The parent is in another process: the client of a request. */
  readonly parentIsRemote?: boolean;
  readonly state?: string;
  /** Of bounded variety: what differs from request to request is no name. */
  readonly name: string;
  readonly kind: keyof typeof SPAN_KINDS;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** `error` as the conventions of the kind have it; else it stays unset, which is not the same as ok. */
  readonly failed: boolean;
};

/** The lowest byte is that of the W3C; above it whether the parent is remote, and whether that is known. */
const FLAG_SAMPLED = 0x1;
const FLAG_REMOTE_KNOWN = 0x100;
const FLAG_REMOTE = 0x200;

const STATUS_UNSET = 0;
const STATUS_ERROR = 2;

/** An `ExportTraceServiceRequest`: the body of a POST to `/v1/traces`. */
export function encodeSpans(source: OtlpSource, spans: readonly Span[]) {
  return {
    resourceSpans: [
      { resource: otlpResource(source), scopeSpans: [{ scope: source.scope, spans: spans.map(encodeSpan) }] },
    ],
  };
}

function encodeSpan({ traceId, spanId, parentId, state, name, kind, attributes, ...span }: Span) {
  return {
    ...{ traceId, spanId },
    ...(state === undefined ? {} : { traceState: state }),
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    flags: FLAG_SAMPLED | FLAG_REMOTE_KNOWN | (span.parentIsRemote === true ? FLAG_REMOTE : 0),
    ...{ name, kind: SPAN_KINDS[kind] },
    ...{ startTimeUnixNano: unixNano(span.startMs), endTimeUnixNano: unixNano(Math.max(span.startMs, span.endMs)) },
    attributes: otlpAttributes(attributes),
    status: { code: span.failed ? STATUS_ERROR : STATUS_UNSET },
  };
}

export type OtlpSignal = "traces" | "metrics" | "logs";

export type OtlpDestination = {
  /** Without a slash at its end. */
  readonly base: string;
  /** Beside the content type; for who may write there. */
  readonly headers: Readonly<Record<string, string>>;
};

/** The names that OpenTelemetry gives these variables, so that nobody has to learn others. */
export type OtlpVariables = {
  /** `https://collector.example:4318`; the path of each signal is added. Empty: nothing is sent. */
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: string;
  /** `api-key=abc,tenant=shop`, percent-encoded (W3C Baggage, without properties). A secret. */
  readonly OTEL_EXPORTER_OTLP_HEADERS: string;
};

/** Undefined when there is none. `development` permits plain http. */
export function readOtlpDestination(
  variables: OtlpVariables,
  development: boolean,
): Result<OtlpDestination | undefined, string> {
  const endpoint = variables.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === "") return ok(undefined);
  const scheme = development ? "https?" : "https";
  if (!new RegExp(`^${scheme}://[^/?#@\\s]+(?:/[^?#\\s]*)?$`).test(endpoint)) {
    const how = development ? "http or https" : "https";
    return err(`OTEL_EXPORTER_OTLP_ENDPOINT must be an ${how} address without user, query and fragment`);
  }
  const headers = readHeaders(variables.OTEL_EXPORTER_OTLP_HEADERS);
  return headers.ok ? ok({ base: endpoint.replace(/\/+$/, ""), headers: headers.value }) : headers;
}

/** Names what is wrong without repeating it: the values are secrets. */
function readHeaders(text: string): Result<Readonly<Record<string, string>>, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const [, name, encoded] = /^\s*([!#$%&'*+.^_`|~0-9a-zA-Z-]+)\s*=(.*)$/.exec(pair) ?? [];
    const value = encoded === undefined ? undefined : decodePercent(encoded.trim());
    if (name === undefined || value === undefined || !/^[\x20-\x7e]*$/.test(value))
      return err(
        "OTEL_EXPORTER_OTLP_HEADERS must be name=value,name=value with values in printable, percent-encoded ASCII",
      );
    headers[name.toLowerCase()] = value;
  }
  return ok(headers);
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function otlpUrl({ base }: OtlpDestination, signal: OtlpSignal): string {
  return `${base}/v1/${signal}`;
}

/** The answers after which the same may be sent again; any other refusal is final (OTLP/HTTP, failures). */
export const OTLP_RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
