/**
 * What a healthy demo cluster answers: itself and the request as JSON on any path, and the endpoints that show that
 * bodies stream both ways. Faults are put in front of this by `cluster.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export type ClusterIdentity = { readonly name: string; readonly region: string; readonly version: string };

/** A stream ends by itself: nobody should be able to leave one running for a day. */
const CHUNKS_MAX = 1_000;
const INTERVAL_MS_MAX = 10_000;

const UPLOAD_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

export async function answer(
  identity: ClusterIdentity,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = requestUrl(request);
  if (url.pathname === "/healthz") return sendJson(response, 200, { status: "ok", cluster: identity.name });
  if (url.pathname === "/stream") return streamLines(identity, url, response);
  if (url.pathname === "/sse") return streamEvents({ identity, url, request, response });
  if (url.pathname === "/echo" && UPLOAD_METHODS.has(request.method ?? "")) return echo(request, response);
  request.resume(); // the body of any other request is read and dropped, so that the connection stays usable
  return sendJson(response, 200, {
    cluster: identity.name,
    region: identity.region,
    version: identity.version,
    request: { method: request.method, path: request.url, headers: request.headers },
  });
}

/** The target of a request line may be anything; only path and query are of interest here. */
export function requestUrl(request: IncomingMessage): URL {
  return URL.parse(request.url ?? "/", "http://cluster.invalid") ?? new URL("http://cluster.invalid/");
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

/** `GET /stream?chunks=5&intervalMs=200`: one JSON line for each chunk. */
async function streamLines(identity: ClusterIdentity, url: URL, response: ServerResponse): Promise<void> {
  const chunks = boundedInteger(url, "chunks", { fallback: 5, max: CHUNKS_MAX });
  const intervalMs = boundedInteger(url, "intervalMs", { fallback: 200, max: INTERVAL_MS_MAX });
  if (chunks === undefined || intervalMs === undefined) return refuseQuery(response, "chunks");
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  await paced({ response, count: chunks, intervalMs }, (chunk) => `${JSON.stringify({ chunk, ...identity })}\n`);
}

/** `GET /sse?events=60&intervalMs=1000`: numbered events; `Last-Event-ID` goes on where the client left off. */
async function streamEvents(stream: {
  readonly identity: ClusterIdentity;
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}): Promise<void> {
  const { identity, url, request, response } = stream;
  const events = boundedInteger(url, "events", { fallback: 60, max: CHUNKS_MAX });
  const intervalMs = boundedInteger(url, "intervalMs", { fallback: 1_000, max: INTERVAL_MS_MAX });
  if (events === undefined || intervalMs === undefined) return refuseQuery(response, "events");
  const lastId = Number(request.headers["last-event-id"] ?? 0);
  const firstId = Number.isSafeInteger(lastId) && lastId >= 0 ? lastId + 1 : 1;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  await paced({ response, count: events, intervalMs }, (chunk) => {
    return `id: ${firstId + chunk - 1}\nevent: tick\ndata: ${JSON.stringify(identity)}\n\n`;
  });
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const type = request.headers["content-type"] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
  // An upload that breaks off must not look complete to the client either.
  request.on("error", () => response.destroy());
  request.pipe(response);
}

/** Writes `count` chunks, numbered from 1, and stops at once when the client leaves. */
async function paced(
  pace: { readonly response: ServerResponse; readonly count: number; readonly intervalMs: number },
  chunk: (number: number) => string,
): Promise<void> {
  const { response, count, intervalMs } = pace;
  const left = new AbortController();
  response.on("close", () => left.abort());
  for (let number = 1; number <= count && !response.destroyed; number++) {
    response.write(chunk(number));
    if (number < count) await sleep(intervalMs, undefined, { signal: left.signal }).catch(() => undefined); // the client left
  }
  response.end();
}

function boundedInteger(
  url: URL,
  name: string,
  { fallback, max }: { readonly fallback: number; readonly max: number },
): number | undefined {
  const text = url.searchParams.get(name);
  if (text === null) return fallback;
  if (!/^\d{1,6}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function refuseQuery(response: ServerResponse, countName: string): void {
  const detail = `${countName} is a whole number up to ${CHUNKS_MAX}, intervalMs one up to ${INTERVAL_MS_MAX}`;
  sendJson(response, 400, { error: detail });
}
