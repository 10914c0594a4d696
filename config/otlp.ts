/**
 * OTLP/JSON (OpenTelemetry protocol 1.x): the words that all signals share (attributes, resource, times, where to send
 * it, what comes of it), and spans as a request body. Differs from plain proto3 JSON in that ids are hex and enums are numbers. Only what is given is
 * written; what may be said at all is for whoever makes the spans.
 */
import { retryAfterMs } from "./backoff.ts";
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

export type OtlpSignal = "traces" | "metrics";

export type OtlpDestination = {
  readonly url: string;
  /** Beside the content type; for who may write there. */
  readonly headers: Readonly<Record<string, string>>;
};

/** The names that OpenTelemetry gives these variables, so that nobody has to learn others. Empty is as good as absent. */
export type OtlpVariables = {
  /** `https://collector.example:4318`; the path of each signal is added. */
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  /** Of one signal, taken as it stands. */
  readonly OTEL_EXPORTER_OTLP_METRICS_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;
  /** `api-key=abc,tenant=shop`, percent-encoded (W3C Baggage, without properties). A secret. */
  readonly OTEL_EXPORTER_OTLP_HEADERS?: string;
};

/** Undefined when there is none. `development` permits plain http. The error says which variable to mend, and no secret. */
export function readOtlpDestination(
  variables: OtlpVariables,
  { signal, development }: { readonly signal: OtlpSignal; readonly development: boolean },
): Result<OtlpDestination | undefined, string> {
  const endpoint = otlpEndpoint(variables, signal);
  if (endpoint === undefined) return ok(undefined);
  const scheme = development ? "https?" : "https";
  if (!new RegExp(`^${scheme}://[^/?#@\\s]+(?:/[^?#\\s]*)?$`).test(endpoint.url)) {
    const how = development ? "http:// or https://" : "https://";
    return err(`${endpoint.variable} must begin with ${how} and have no credentials, query and fragment`);
  }
  const headers = readHeaders(variables.OTEL_EXPORTER_OTLP_HEADERS ?? "");
  return headers.ok ? ok({ url: endpoint.url, headers: headers.value }) : headers;
}

/** Where a signal is to go, as yet unchecked, and who says so. */
export function otlpEndpoint(
  variables: OtlpVariables,
  signal: OtlpSignal,
): { readonly variable: string; readonly url: string } | undefined {
  const variable = `OTEL_EXPORTER_OTLP_${signal === "traces" ? "TRACES" : "METRICS"}_ENDPOINT` as const;
  const { [variable]: own = "", OTEL_EXPORTER_OTLP_ENDPOINT: general = "" } = variables;
  if (own !== "") return { variable, url: own };
  if (general === "") return undefined;
  return { variable: "OTEL_EXPORTER_OTLP_ENDPOINT", url: `${general.replace(/\/+$/, "")}/v1/${signal}` };
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

/** What to send there: no redirect is followed, because the headers are for the receiver that was named. */
export function otlpRequest({ headers }: OtlpDestination, body: object) {
  return {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "user-agent": "fairlead-otlp/1" },
    body: JSON.stringify(body),
    redirect: "manual",
  } as const;
}

export type OtlpOutcome =
  /** A receiver may take a part; what it rejected it does not want again (partial success). */
  | { readonly kind: "taken"; readonly rejected: number }
  /** For good: the same comes to nothing again. */
  | { readonly kind: "refused"; readonly because: string }
  | { readonly kind: "failed"; readonly because: string; readonly retryAfterMs?: number };

/** The answers after which the same may be sent again; any other refusal is final (OTLP/HTTP, failures). */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const REJECTED_FIELDS = { traces: "rejectedSpans", metrics: "rejectedDataPoints" } as const;

export type OtlpAnswer = {
  readonly status: number;
  /** The field `Retry-After`. */
  readonly retryAfter: string | null;
  /** Its body, or the beginning of it. */
  readonly text: string;
};

/** What came of a request with `signal`. */
export function otlpOutcome(signal: OtlpSignal, { status, retryAfter, text }: OtlpAnswer): OtlpOutcome {
  if (status >= 200 && status < 300) return { kind: "taken", rejected: rejectedOf(text, REJECTED_FIELDS[signal]) };
  const because = `it answered ${status}`;
  if (!RETRYABLE_STATUSES.has(status)) return { kind: "refused", because };
  const askedMs = retryAfterMs(retryAfter);
  return { kind: "failed", because, ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }) };
}

/** What cannot be read says nothing of refusals. 64-bit numbers are texts in proto3 JSON; some write numbers all the same. */
function rejectedOf(text: string, field: string): number {
  try {
    const answer: unknown = JSON.parse(text);
    const count = Number(Reflect.get(Object(Reflect.get(Object(answer), "partialSuccess")), field) ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0; // in protobuf, or nothing
  }
}
