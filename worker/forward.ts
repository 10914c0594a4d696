/**
 * Sends a request to the clusters of a decision, in order, until one answers. Bodies are never touched, in either
 * direction: a wrapped upload that breaks off looks complete to the cluster, and a wrapped answer is decoded and coded
 * anew (reliability notes, findings 3 and 4).
 */
import { invariant } from "../config/invariant.ts";
import type { Client } from "./client.ts";
import { bindingCookie } from "./client-binding.ts";
import { beforeDeadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { evidenceOf, type Failure, failureOfResponse, problemOfFailure } from "./failure.ts";
import { dropResponseHeaders, isWebSocket, setRequestHeaders } from "./headers.ts";
import { mayRetry } from "./may-retry.ts";
import { problem } from "./problem.ts";
import { lowerMaxForwards } from "./protocol.ts";
import { attemptsOf, type DecideInput } from "./routing/decide.ts";
import type { Attempt, DecisionToForward } from "./routing/decision.ts";
import type { Target } from "./target.ts";
import { continueTrace } from "./trace-context.ts";

export type ForwardInput = {
  readonly request: Request;
  readonly target: Target;
  readonly client: Client;
  readonly decision: DecisionToForward;
  /** What was decided on: asked again, for the failover order, when the first attempt fails. */
  readonly question: DecideInput;
  readonly deps: Deps;
  readonly background: { waitUntil(promise: Promise<unknown>): void };
};

type Answered = { readonly response: Response; readonly attempt: Attempt; readonly firstByteMs: number };

/** What the client gets comes from a cluster, or there is none. */
type Outcome = Answered | { readonly failure: Failure };

export async function forward(input: ForwardInput): Promise<Response> {
  const outcome = await attemptInOrder(input);
  const { decision, background } = input;
  if (decision.mirror !== undefined) background.waitUntil(sendCopy(decision.mirror, input));
  if ("failure" in outcome) {
    const { failure } = outcome;
    const receivedStatus = failure.kind === "platform" ? { receivedStatus: failure.status } : {};
    return problem(problemOfFailure(failure), input.request, receivedStatus);
  }
  // A switched connection loses its socket when it is wrapped, and other statuses outside of HTTP's cannot be made anew.
  const { status } = outcome.response;
  if (status < 200 || status > 599) return outcome.response;
  const cookie = cookieFor(outcome.attempt, input);
  return toClient(outcome, input, cookie === undefined ? undefined : await cookie);
}

async function attemptInOrder(input: ForwardInput): Promise<Outcome> {
  const { request, target, decision, question, deps } = input;
  const { first, firstByteMs, totalMs } = decision;
  const startMs = deps.now();
  deps.retryBudget.noteRequest(startMs);
  const repeatable = { method: request.method, hasBody: request.body !== null };
  const webSocketAsked = isWebSocket(request.headers);
  const waits = !repeatable.hasBody || isShortUpload(request.headers);
  const upstream = upstreamInit(input);

  let attempts: readonly Attempt[] = [first];
  for (let index = 0; ; index += 1) {
    const attempt = attempts[index] ?? first;
    const sentMs = index === 0 ? startMs : deps.now();
    const remainingMs = totalMs - (sentMs - startMs);
    const deadlineMs = waits ? Math.min(firstByteMs, remainingMs) : undefined;
    const answer = await send(addressOf(attempt, target), upstream, deadlineMs, deps);
    const nowMs = deps.now();
    const response = answer instanceof Response ? answer : undefined;
    const failure = answer instanceof Response ? failureOfResponse(answer, webSocketAsked) : answer;
    const took = nowMs - sentMs;
    deps.health.noteAttempt(
      {
        attempt,
        service: decision.service,
        place: question.facts.place,
        success: evidenceOf(response, failure, repeatable.hasBody),
        response,
        firstByteMs: took,
      },
      nowMs,
    );
    if (response !== undefined && failure === undefined) return { response, attempt, firstByteMs: took };
    invariant(failure !== undefined, "an attempt without an answer has failed");

    if (index === 0) attempts = attemptsOf(question);
    const again =
      index + 1 < attempts.length &&
      nowMs - startMs < totalMs &&
      mayRetry({ ...repeatable, failure }) &&
      deps.retryBudget.tryRetry(nowMs);
    if (again) discard(response);
    // A cluster's own refusal is still the cluster's answer when nobody else is left to ask.
    else if (response !== undefined && failure.kind === "unavailable") return { response, attempt, firstByteMs: took };
    else return given(failure, response);
  }
}

function given(failure: Failure, response: Response | undefined): Outcome {
  discard(response);
  return { failure };
}

/**
 * What is sent, the same to each cluster. A request without a body is described anew, which takes half the time of a
 * `new Request`; one with a body is copied, because a described GET may have none, and clients do send such.
 */
function upstreamInit({ request, target, client, deps }: ForwardInput): RequestInit {
  const headers = new Headers(request.headers);
  setRequestHeaders(headers, request.headers, {
    target,
    clientAddress: client.address,
    protocol: protocolOf(client),
    loopId: deps.loopId,
  });
  lowerMaxForwards(request.method, headers);
  continueTrace(headers, deps.randomHex);
  if (request.body !== null) return new Request(request, { headers, redirect: "manual" });
  return { method: request.method, headers, redirect: "manual" };
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

async function send(
  url: string,
  init: RequestInit,
  deadlineMs: number | undefined,
  deps: Deps,
): Promise<Response | Failure> {
  try {
    const answer = deps.egress.fetch(url, init);
    return deadlineMs === undefined
      ? await answer
      : ((await beforeDeadline(answer, deadlineMs)) ?? { kind: "timeout" });
  } catch {
    // The error says nothing that could be acted on, and a cut upload of the client looks the same: see `Failure`.
    return { kind: "lost" };
  }
}

/** Frees the connection; how that goes is of no interest. */
function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => undefined);
}

/** Nobody waits for a copy, so it may take as long as an ordinary first byte, and no longer. */
const COPY_MS = 5_000;

/** A copy of a safe request. How it goes is the mirror's own business: no retry, no evidence, no trace in the answer. */
async function sendCopy(mirror: Attempt, input: ForwardInput): Promise<void> {
  if (input.request.body !== null) return;
  const answer = await send(addressOf(mirror, input.target), upstreamInit(input), COPY_MS, input.deps);
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

/** What the client gets: the answer as it came, less what is not for it, plus what the edge has to say. */
function toClient(
  { response, attempt, firstByteMs }: Answered,
  { question, decision, deps }: ForwardInput,
  cookie: string | undefined,
): Response {
  const copy = new Response(response.body, response);
  const { headers } = copy;
  dropResponseHeaders(headers);
  headers.append("server-timing", `decision;dur=0, upstream;dur=${firstByteMs}`);
  if (cookie !== undefined) headers.append("set-cookie", cookie);
  if (deps.settings.development) {
    const { revision } = question.snapshot;
    headers.set("fairlead-decision", `${decision.route};${attempt.region};${attempt.cluster};${revision}`);
  }
  return copy;
}
