/**
 * Sends a request to the clusters of a decision, in order, until one answers. Bodies are never touched, in either
 * direction: a wrapped upload that breaks off looks complete to the cluster, and a wrapped answer is decoded and coded
 * anew (reliability notes, findings 3 and 4). An answer that needs no change is returned as it is.
 */
import { invariant } from "../config/invariant.ts";
import type { Client } from "./client.ts";
import { beforeDeadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";
import { type Failure, failureOfResponse, problemOfFailure } from "./failure.ts";
import { fieldsToDropFromResponse, isWebSocket, setRequestHeaders } from "./headers.ts";
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
};

type Outcome = { readonly response: Response; readonly attempt: Attempt } | { readonly failure: Failure };

export async function forward(input: ForwardInput): Promise<Response> {
  const outcome = await attemptInOrder(input);
  if ("failure" in outcome) {
    const { failure } = outcome;
    const receivedStatus = failure.kind === "platform" ? { receivedStatus: failure.status } : {};
    return problem(problemOfFailure(failure), input.request, receivedStatus);
  }
  return toClient(outcome.response, input, outcome.attempt);
}

async function attemptInOrder({ request, target, client, decision, question, deps }: ForwardInput): Promise<Outcome> {
  const { first, firstByteMs, totalMs } = decision;
  const startMs = deps.now();
  deps.retryBudget.noteRequest(startMs);
  const repeatable = { method: request.method, hasBody: request.body !== null };
  const webSocketAsked = isWebSocket(request.headers);
  const waits = !repeatable.hasBody || isShortUpload(request.headers);

  const upstream = upstreamInit({ request, target, client, deps });
  let failure: Failure | undefined;
  let attempts: readonly Attempt[] = [first];
  for (let index = 0; index < attempts.length; index += 1) {
    const attempt = attempts[index] ?? first;
    const remainingMs = index === 0 ? totalMs : totalMs - (deps.now() - startMs);
    if (failure !== undefined) {
      if (remainingMs <= 0 || !mayRetry({ ...repeatable, failure }) || !deps.retryBudget.tryRetry(deps.now())) break;
    }
    const answer = await send(
      addressOf(attempt, target),
      upstream,
      waits ? Math.min(firstByteMs, remainingMs) : undefined,
      deps,
    );
    failure = answer instanceof Response ? failureOfResponse(answer, webSocketAsked) : answer;
    if (answer instanceof Response && failure === undefined) return { response: answer, attempt };
    if (answer instanceof Response) discard(answer);
    if (index === 0) attempts = attemptsOf(question);
  }
  invariant(failure !== undefined, "a decision to forward has at least one attempt");
  return { failure };
}

/**
 * What is sent, the same to each cluster. A request without a body is described anew, which takes half the time of a
 * `new Request`; one with a body is copied, because a described GET may have none, and clients do send such.
 */
function upstreamInit({ request, target, client, deps }: Omit<ForwardInput, "decision" | "question">): RequestInit {
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
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

/** What the client gets: the very answer, unless a header has to go or, in development, one is added. */
function toClient(response: Response, { decision, question, deps }: ForwardInput, attempt: Attempt): Response {
  // A switched connection loses its socket when it is wrapped, and other statuses outside of HTTP's cannot be made anew.
  if (response.status < 200 || response.status > 599) return response;
  const drop = fieldsToDropFromResponse(response.headers);
  if (drop.length === 0 && !deps.settings.development) return response;
  const copy = new Response(response.body, response);
  for (const name of drop) copy.headers.delete(name);
  if (deps.settings.development) {
    copy.headers.set(
      "fairlead-decision",
      `${decision.route};${attempt.region};${attempt.cluster};${question.snapshot.revision}`,
    );
  }
  return copy;
}
