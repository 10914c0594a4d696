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
import { type Answered, evidenceOf, type Failure, failureOfAnswer, problemOfFailure } from "./failure.ts";
import { dropResponseHeaders, hasHeadersToDrop, setRequestHeaders } from "./headers.ts";
import { mayRetry } from "./may-retry.ts";
import { problem } from "./problem.ts";
import { lowerMaxForwards } from "./protocol.ts";
import { isWebSocket } from "./request-fields.ts";
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
  readonly answered: Answered | undefined;
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

/** Rejects only by a bug. The first answer is nearly always the last, and nothing else is waited for then. */
export function forward(input: ForwardInput): Promise<Response> {
  const { decision } = input;
  const sending = prepare(input);
  const first = { attempt: decision.first, resends: 0, sentMs: sending.startMs, remainingMs: decision.totalMs };
  return send(first, input, sending).then((outcome) => {
    const judged = judge(outcome, decision.first, sending.startMs, input, sending);
    return judged.failure === undefined
      ? answerWith(judged, input, sending)
      : failOver(judged, judged.failure, input, sending).then((last) => answerWith(last, input, sending));
  });
}

function prepare(input: ForwardInput): Sending {
  const { arrival, deps, question } = input;
  // Reading the clock is a call into the platform, and by Cloudflare's no time has passed since the question.
  const startMs = deps.settings.serverTiming ? deps.now() : question.now;
  deps.retryBudget.noteRequest(startMs);
  const hasBody = arrival.request.body !== null;
  const waits = !hasBody || isShortUpload(arrival.headers);
  return { upstream: upstreamOf(input, hasBody), startMs, hasBody, waits, flagsIn: flagsInOf(input) };
}

/** What the client gets of the last attempt. A promise only where a cookie has to be signed. */
function answerWith(last: Attempted, input: ForwardInput, sending: Sending): Response | Promise<Response> {
  const { failure, answered, attempt, endedAtMs } = last;
  const { mirror } = input.decision;
  if (mirror !== undefined) input.arrival.background.waitUntil(sendCopy(mirror, endedAtMs, input, sending));
  // A cluster's own refusal is still the cluster's answer when nobody else is left to ask.
  if (answered === undefined || (failure !== undefined && failure.kind !== "unavailable")) {
    discard(answered?.response);
    invariant(failure !== undefined, "an attempt without an answer has failed");
    noteOwnError(failure, input, sending);
    const receivedStatus = failure.kind === "platform" ? { receivedStatus: failure.status } : {};
    const own = problem(problemOfFailure(failure), input.arrival.request, receivedStatus);
    noteAnswer(last, own.status, true, input);
    return own;
  }
  // A switched connection loses its socket when it is wrapped, and other statuses outside of HTTP's cannot be made anew.
  if (answered.status < 200 || answered.status > 599) {
    noteAnswer(last, answered.status, false, input);
    return answered.response;
  }
  const cookie = cookieFor(attempt, input);
  return cookie === undefined
    ? toClient(last, answered, undefined, input, sending)
    : cookie.then((value) => toClient(last, answered, value, input, sending));
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
    discard(last.answered?.response);
    const answer = await send({ attempt, resends: resent + 1, sentMs, remainingMs }, input, sending);
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
  let answered: Answered | undefined;
  let failure: Failure | undefined;
  if (answer instanceof Response) {
    answered = { response: answer, status: answer.status };
    failure = failureOf(answered, arrival.fields.upgrade);
  } else {
    failure = answer;
  }
  const { service } = decision;
  const { place } = question.facts;
  const success = evidenceOf(answered?.status, failure, hasBody);
  deps.health.noteAttempt({ attempt, service, place, success, response: answered?.response, firstByteMs }, nowMs);
  return { attempt, answered, failure, firstByteMs, endedAtMs: nowMs };
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

function failureOf(answered: Answered, upgrade: string | null): Failure | undefined {
  return failureOfAnswer(answered, answered.status === 101 && isWebSocket(upgrade));
}

/**
 * What is sent, the same to each cluster. A request without a body is described anew, which takes half the time of a
 * `new Request`; one with a body is copied, because a described GET may have none, and clients do send such.
 */
function upstreamOf({ arrival, target, client, deps }: ForwardInput, hasBody: boolean): Upstream {
  const { request, method } = arrival;
  const headers = new Headers(arrival.headers);
  setRequestHeaders(headers, arrival.fields, {
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

/** One attempt: how many there were before, from when it has how long, and whether its answer is nobody's. */
type Sent = {
  readonly attempt: Attempt;
  readonly resends: number;
  readonly sentMs: number;
  readonly remainingMs: number;
  readonly mirror?: true;
};

/** In a span of its own, recorded or not: what the cluster traces hangs under the attempt that reached it. */
function send(sent: Sent, input: ForwardInput, sending: Sending): Promise<Response | Failure> {
  const { context, spans } = input.trace;
  const { headers } = sending.upstream;
  if (spans === undefined) {
    setTraceHeaders(headers, context, input.deps.randomHex(16));
    return fetchWithin(sent, input, sending);
  }
  const ask = (spanId: string) => {
    setTraceHeaders(headers, context, spanId);
    return fetchWithin(sent, input, sending);
  };
  const { method } = input.arrival;
  const { service } = input.decision;
  const { revision } = input.question.snapshot;
  const { attempt, resends, mirror = false } = sent;
  const attributes = attemptAttributes({ attempt, resends, mirror, method, service, revision });
  return spans.within({ name: spanName(method), kind: "client", attributes }, ask, attemptEnd);
}

function fetchWithin(
  { attempt, sentMs, remainingMs }: Sent,
  { arrival, target, decision, deps }: ForwardInput,
  { upstream, waits, flagsIn }: Sending,
): Promise<Response | Failure> {
  if (flagsIn !== undefined) setFlags(upstream.headers, flagsIn(attempt.region));
  const answer = deps.egress.fetch(addressOf(attempt, target), upstream.init);
  const ms = Math.min(decision.firstByteMs, remainingMs);
  const patience = waits ? { ms, nowMs: sentMs, background: arrival.background } : undefined;
  return deps.deadlines.within(answer, patience);
}

/** Frees the connection; how that goes is of no interest. */
function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => undefined);
}

/** Nobody waits for a copy, so it may take as long as an ordinary first byte, and no longer. */
const COPY_MS = 5_000;

/** A copy of a safe request. How it goes is the mirror's own business: no retry, no evidence, nothing of it in the answer. */
async function sendCopy(mirror: Attempt, sentMs: number, input: ForwardInput, sending: Sending): Promise<void> {
  if (sending.hasBody) return;
  const copy = { attempt: mirror, resends: 0, sentMs, remainingMs: COPY_MS, mirror: true } as const;
  const answer = await send(copy, input, sending);
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

/**
 * What the client gets: the answer as it came, less what is not for it, plus what the edge has to say. Nearly always that
 * is nothing, and the very answer is handed on: making it anew costs 7% of a request.
 */
function toClient(
  last: Attempted,
  { response, status }: Answered,
  cookie: string | undefined,
  input: ForwardInput,
  sending: Sending,
): Response {
  const { development, serverTiming } = input.deps.settings;
  const untouched = !development && !serverTiming && cookie === undefined && !hasHeadersToDrop(response.headers);
  const made = untouched ? response : madeAnew(last, response, cookie, input, sending);
  // Last, so that a bug before it is counted as the answer that it becomes, and as no other.
  noteAnswer(last, status, false, input);
  return made;
}

function madeAnew(
  { attempt, firstByteMs }: Attempted,
  response: Response,
  cookie: string | undefined,
  { question, decision, deps }: ForwardInput,
  { startMs }: Sending,
): Response {
  const { development, serverTiming } = deps.settings;
  const copy = new Response(response.body, response);
  const { headers } = copy;
  dropResponseHeaders(headers);
  const decisionMs = startMs - question.now;
  if (serverTiming) headers.append("server-timing", `decision;dur=${decisionMs}, upstream;dur=${firstByteMs}`);
  if (cookie !== undefined) headers.append("set-cookie", cookie);
  if (development) {
    const { revision } = question.snapshot;
    headers.set("fairlead-decision", `${decision.route};${attempt.region};${attempt.cluster};${revision}`);
  }
  return copy;
}
