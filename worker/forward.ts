/**
 * Sends a request to the clusters of a decision, in order, until one answers. Bodies are never touched, in either
 * direction: an upload that is piped through a stream of ours looks complete to the cluster when the client breaks it
 * off, and an answer's body that is piped is decoded and coded anew (both tried). Handing on the body itself does neither.
 */

import { FLAGS_HEADER } from "../config/flags-header.ts";
import { invariant } from "../config/invariant.ts";
import type { Arrival } from "./arrival.ts";
import type { Client } from "./client.ts";
import { bindingCookie } from "./client-binding.ts";
import type { Deps } from "./deps.ts";
import { evidenceOf, type Failure, failureOfResponse, problemOfFailure } from "./failure.ts";
import { dropResponseHeaders, hasHeadersToDrop, isWebSocket, setRequestHeaders } from "./headers.ts";
import { mayRetry } from "./may-retry.ts";
import { problem } from "./problem.ts";
import { lowerMaxForwards } from "./protocol.ts";
import { attemptsOf, type DecideInput } from "./routing/decide.ts";
import type { Attempt, DecisionToForward } from "./routing/decision.ts";
import { flagsHeader } from "./routing/edge-flags.ts";
import { attemptAttributes, attemptEnd, spanName } from "./span-attributes.ts";
import type { Target } from "./target.ts";
import { setTraceHeaders } from "./trace-context.ts";
import type { RequestTrace } from "./tracing.ts";

export type ForwardInput = {
  readonly arrival: Arrival;
  readonly target: Target;
  readonly client: Client;
  readonly decision: DecisionToForward;
  /** What was decided on: asked again, for the failover order, when the first attempt fails. */
  readonly question: DecideInput;
  readonly trace: RequestTrace;
  readonly deps: Deps;
};

/** How one attempt went: an answer, a failure, or an answer that is one (`unavailable`). */
type Attempted = {
  readonly attempt: Attempt;
  readonly response: Response | undefined;
  readonly failure: Failure | undefined;
  readonly firstByteMs: number;
  readonly endedAtMs: number;
};

/** What is sent. The headers are those that it will be read with, so that each attempt can name itself in them. */
type Upstream = { readonly init: RequestInit; readonly headers: Headers };

/** What stays the same from attempt to attempt. */
type Sending = {
  readonly upstream: Upstream;
  readonly startMs: number;
  readonly hasBody: boolean;
  /** Whether the first byte of the answer has a deadline. */
  readonly waits: boolean;
  /** The value of `Fairlead-Flags` in a region; undefined when the service's clusters are handed none. */
  readonly flagsIn: ((region: string) => string | undefined) | undefined;
};

export async function forward(input: ForwardInput): Promise<Response> {
  const { arrival, decision } = input;
  const sending = prepare(input);
  const { startMs } = sending;
  const answer = await send({ attempt: decision.first, resends: 0 }, input, sending, decision.totalMs);
  const first = judge(answer, decision.first, startMs, input, sending);
  const last = first.failure === undefined ? first : await failOver(first, first.failure, input, sending);
  const { failure, response, attempt, firstByteMs } = last;

  if (decision.mirror !== undefined) arrival.background.waitUntil(sendCopy(decision.mirror, input, sending));
  // A cluster's own refusal is still the cluster's answer when nobody else is left to ask.
  if (response === undefined || (failure !== undefined && failure.kind !== "unavailable")) {
    discard(response);
    invariant(failure !== undefined, "an attempt without an answer has failed");
    noteOwnError(failure, input, sending);
    const receivedStatus = failure.kind === "platform" ? { receivedStatus: failure.status } : {};
    const own = problem(problemOfFailure(failure), arrival.request, receivedStatus);
    noteAnswer(last, own.status, true, input);
    return own;
  }
  // A switched connection loses its socket when it is wrapped, and other statuses outside of HTTP's cannot be made anew.
  if (response.status < 200 || response.status > 599) {
    noteAnswer(last, response.status, false, input);
    return response;
  }
  const cookie = cookieFor(attempt, input);
  const decisionMs = startMs - input.question.now;
  const made = toClient(
    { response, attempt, firstByteMs, decisionMs },
    input,
    cookie === undefined ? undefined : await cookie,
  );
  // Last, so that a bug before it is counted as the answer that it becomes, and as no other.
  noteAnswer(last, response.status, false, input);
  return made;
}

function prepare(input: ForwardInput): Sending {
  const { arrival, deps } = input;
  const startMs = deps.now();
  deps.retryBudget.noteRequest(startMs);
  const hasBody = arrival.request.body !== null;
  const waits = !hasBody || isShortUpload(arrival.headers);
  return { upstream: upstreamOf(input, hasBody), startMs, hasBody, waits, flagsIn: flagsInOf(input) };
}

/** Tries the rest of the failover order while that is safe, in time and within the budget; the last attempt counts. */
async function failOver(
  first: Attempted,
  firstFailure: Failure,
  input: ForwardInput,
  sending: Sending,
): Promise<Attempted> {
  const { arrival, decision, question, deps } = input;
  let last = first;
  let failure = firstFailure;
  for (const [resent, attempt] of attemptsOf(question).slice(1).entries()) {
    const sentMs = deps.now();
    const remainingMs = decision.totalMs - (sentMs - sending.startMs);
    const repeatable = mayRetry({ method: arrival.method, hasBody: sending.hasBody, failure });
    if (remainingMs <= 0 || !repeatable || !deps.retryBudget.tryRetry(sentMs)) return last;
    noteFailover(last, failure, sentMs, input);
    discard(last.response);
    const answer = await send({ attempt, resends: resent + 1 }, input, sending, remainingMs);
    last = judge(answer, attempt, sentMs, input, sending);
    if (last.failure === undefined) return last;
    failure = last.failure;
  }
  return last;
}

/** What an attempt's outcome is, and what it says about the cluster. */
function judge(
  answer: Response | Failure,
  attempt: Attempt,
  sentMs: number,
  { arrival, decision, question, deps }: ForwardInput,
  { hasBody }: Sending,
): Attempted {
  const nowMs = deps.now();
  const firstByteMs = nowMs - sentMs;
  const response = answer instanceof Response ? answer : undefined;
  const failure = answer instanceof Response ? failureOf(answer, arrival.headers) : answer;
  const { service } = decision;
  const { place } = question.facts;
  const success = evidenceOf(response, failure, hasBody);
  deps.health.noteAttempt({ attempt, service, place, success, response, firstByteMs }, nowMs);
  return { attempt, response, failure, firstByteMs, endedAtMs: nowMs };
}

/** For whoever was asked last, also when the answer is the edge's own: a cluster that cannot be reached has failed. */
function noteAnswer(
  { attempt, endedAtMs }: Attempted,
  status: number,
  own: boolean,
  { arrival, decision, question, deps }: ForwardInput,
): void {
  const { service } = decision;
  const { revision } = question.snapshot;
  const { continent } = question.facts.place;
  const latencyMs = endedAtMs - arrival.arrivedAtMs;
  const answer = { revision, service, attempt, continent, status, own, latencyMs };
  deps.telemetry.note(answer, endedAtMs, arrival.request, arrival.background);
}

/** Whom a failed request is not left to is not seen by the client, and in no figure of answers. */
function noteFailover(
  { attempt }: Attempted,
  failure: Failure,
  nowMs: number,
  { arrival, decision, question, deps }: ForwardInput,
): void {
  const { service } = decision;
  const { revision } = question.snapshot;
  const { continent } = question.facts.place;
  // As it would have been counted, had it been the last.
  const seen = failure.kind === "unavailable" ? { status: failure.status, own: false } : { status: 502, own: true };
  const failover = { revision, service, attempt, continent, ...seen };
  deps.telemetry.noteFailover(failover, nowMs, arrival.request, arrival.background);
}

/** What says nothing about a cluster may have been the client's doing, and says nothing about the revision either. */
function noteOwnError(failure: Failure, { question, deps }: ForwardInput, { hasBody }: Sending): void {
  if (evidenceOf(undefined, failure, hasBody) === undefined) return;
  deps.propagation.noteOwnError(question.snapshot.revision);
}

function failureOf(response: Response, asked: Headers): Failure | undefined {
  return failureOfResponse(response, response.status === 101 && isWebSocket(asked));
}

/**
 * What is sent, the same to each cluster. A request without a body is described anew, which takes half the time of a
 * `new Request`; one with a body is copied, because a described GET may have none, and clients do send such.
 */
function upstreamOf({ arrival, target, client, deps }: ForwardInput, hasBody: boolean): Upstream {
  const { request, method } = arrival;
  const headers = new Headers(arrival.headers);
  setRequestHeaders(headers, arrival.headers, {
    target,
    clientAddress: client.address,
    protocol: protocolOf(client),
    loopId: deps.loopId,
  });
  lowerMaxForwards(method, headers);
  if (!hasBody) return { init: { method, headers, redirect: "manual" }, headers };
  const copy = new Request(request, { headers, redirect: "manual" });
  return { init: copy, headers: copy.headers };
}

/** Flags may differ by region, so each attempt is asked for its own. */
function flagsInOf({ decision, question }: ForwardInput): Sending["flagsIn"] {
  const { snapshot, facts, now } = question;
  const service = snapshot.services.get(decision.service);
  if (service === undefined || service.flags.length === 0) return undefined;
  return (region) => flagsHeader({ service, facts, nowMs: now }, region);
}

/** On the very headers that are sent: the platform has copied those of earlier attempts. */
function setFlags(headers: Headers, value: string | undefined): void {
  if (value === undefined) headers.delete(FLAGS_HEADER);
  else headers.set(FLAGS_HEADER, value);
}

/**
 * An endpoint is an origin without a path and the path begins with a slash, so pasting them together cannot reach into
 * the host; `new URL(path, endpoint)` could, with `//evil.example` as the path.
 */
function addressOf({ endpoint }: Attempt, { path, query }: Target): string {
  invariant(path.startsWith("/"), "a path that is sent begins with a slash");
  return endpoint + path + query;
}

function protocolOf({ geo }: Client): string | undefined {
  return typeof geo.httpProtocol === "string" ? geo.httpProtocol : undefined;
}

/**
 * Response headers come after the upload, and an upload may take as long as its client's line needs; when it has ended
 * cannot be seen without wrapping it. Bodies up to this size are taken to arrive at once, and have the same deadline as
 * requests without a body. For longer ones, and those that do not say, the platform's limit for silent connections
 * (a 524 after 120 s on Cloudflare) has to do.
 */
const SHORT_UPLOAD_BYTES_MAX = 64 * 1024;

function isShortUpload(headers: Headers): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) <= SHORT_UPLOAD_BYTES_MAX;
}

/** One attempt: how many there were before, and whether its answer is nobody's. */
type Sent = { readonly attempt: Attempt; readonly resends: number; readonly mirror?: true };

/** In a span of its own, recorded or not: what the cluster traces hangs under the attempt that reached it. */
function send(sent: Sent, input: ForwardInput, sending: Sending, remainingMs: number): Promise<Response | Failure> {
  const { context, spans } = input.trace;
  const ask = (spanId: string) => {
    setTraceHeaders(sending.upstream.headers, context, spanId);
    return fetchWithin(sent.attempt, input, sending, remainingMs);
  };
  if (spans === undefined) return ask(input.deps.randomHex(16));
  const { method } = input.arrival;
  const { service } = input.decision;
  const { revision } = input.question.snapshot;
  const attributes = attemptAttributes({ mirror: false, ...sent, method, service, revision });
  return spans.within({ name: spanName(method), kind: "client", attributes }, ask, attemptEnd);
}

/** Never rejects: the error says nothing that could be acted on, and a cut upload of the client looks the same. */
function fetchWithin(
  attempt: Attempt,
  { target, decision, deps }: ForwardInput,
  { upstream, waits, flagsIn }: Sending,
  remainingMs: number,
): Promise<Response | Failure> {
  const url = addressOf(attempt, target);
  if (flagsIn !== undefined) setFlags(upstream.headers, flagsIn(attempt.region));
  return new Promise((resolve) => {
    // Not cleared on purpose: see `deadline.ts`.
    if (waits) setTimeout(resolve, Math.min(decision.firstByteMs, remainingMs), TIMEOUT);
    deps.egress.fetch(url, upstream.init).then(resolve, () => resolve(LOST));
  });
}

const TIMEOUT: Failure = { kind: "timeout" };
const LOST: Failure = { kind: "lost" };

/** Frees the connection; how that goes is of no interest. */
function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => undefined);
}

/** Nobody waits for a copy, so it may take as long as an ordinary first byte, and no longer. */
const COPY_MS = 5_000;

/** A copy of a safe request. How it goes is the mirror's own business: no retry, no evidence, nothing of it in the answer. */
async function sendCopy(mirror: Attempt, input: ForwardInput, sending: Sending): Promise<void> {
  if (sending.hasBody) return;
  const answer = await send({ attempt: mirror, resends: 0, mirror: true }, input, sending, COPY_MS);
  if (answer instanceof Response) discard(answer);
}

/** The `Set-Cookie` value that binds the client to who answered. Undefined, without a promise, when none is due. */
function cookieFor(
  attempt: Attempt,
  { question, decision, deps }: ForwardInput,
): Promise<string | undefined> | undefined {
  const service = question.snapshot.services.get(decision.service);
  const cluster = service?.clusters.get(attempt.cluster);
  if (service === undefined || cluster === undefined) return undefined;
  return bindingCookie(deps.cookies, service, { cluster, facts: question.facts, now: question.now });
}

type Answered = {
  readonly response: Response;
  readonly attempt: Attempt;
  readonly firstByteMs: number;
  /** From the question to the first attempt. 0 on Cloudflare, whose clock stands still while code runs. */
  readonly decisionMs: number;
};

/**
 * What the client gets: the answer as it came, less what is not for it, plus what the edge has to say. Nearly always that
 * is nothing, and the very answer is handed on: making it anew costs 7% of a request.
 */
function toClient(
  { response, attempt, firstByteMs, decisionMs }: Answered,
  { question, decision, deps }: ForwardInput,
  cookie: string | undefined,
): Response {
  const { development, serverTiming } = deps.settings;
  const untouched = !development && !serverTiming && cookie === undefined && !hasHeadersToDrop(response.headers);
  if (untouched) return response;
  const copy = new Response(response.body, response);
  const { headers } = copy;
  dropResponseHeaders(headers);
  if (serverTiming) headers.append("server-timing", `decision;dur=${decisionMs}, upstream;dur=${firstByteMs}`);
  if (cookie !== undefined) headers.append("set-cookie", cookie);
  if (development) {
    const { revision } = question.snapshot;
    headers.set("fairlead-decision", `${decision.route};${attempt.region};${attempt.cluster};${revision}`);
  }
  return copy;
}
