/**
 * The decision of one request, shown to who holds a good debug token: every step with its numbers, and who was meant to
 * be asked in which order. Without such a token nothing here happens, and no answer tells anything about the fleet.
 */
import { DEBUG_TRACE_HEADER } from "../config/debug-token.ts";
import type { Deps } from "./deps.ts";
import { logEvent } from "./io/log.ts";
import { type DecideInput, traceDecision } from "./routing/decide.ts";
import type { Target } from "./target.ts";
import type { RequestTrace } from "./tracing.ts";

/** Servers and proxies commonly take 8 KiB of header lines; what does not fit is cut, and says so. */
const TRACE_LENGTH_MAX = 6_000;

/** The very answer, for the requests that carry no token. */
export function withTrace(
  answer: Response | Promise<Response>,
  token: string | null,
  shown: Shown,
): Response | Promise<Response> {
  return token === null ? answer : addTrace(answer, token, shown);
}

type Shown = {
  readonly target: Target;
  readonly question: DecideInput;
  readonly trace: RequestTrace;
  readonly deps: Deps;
};

async function addTrace(
  made: Response | Promise<Response>,
  token: string,
  { target, question, trace, deps }: Shown,
): Promise<Response> {
  const answer = await made;
  const grant = await deps.debugTokens.verify(token, target.host, question.now);
  // A switched connection and statuses outside of HTTP's cannot be made anew.
  if (grant === undefined || answer.status < 200 || answer.status > 599) return answer;
  const { traceId } = trace.context;
  logEvent("decision.shown", { traceId, tokenId: grant.tokenId, actor: grant.actor });
  const shown = new Response(answer.body, answer);
  shown.headers.set(DEBUG_TRACE_HEADER, traceText(question));
  shown.headers.set("cache-control", "no-store");
  return shown;
}

/** JSON of ASCII characters only: header values carry no others. */
function traceText(question: DecideInput): string {
  const { reasons, ...decision } = traceDecision(question);
  const attempts = "attempts" in decision ? decision.attempts.map(({ cluster }) => cluster) : [];
  const text = asciiJson({ revision: question.snapshot.revision, kind: decision.kind, attempts, reasons });
  if (text.length <= TRACE_LENGTH_MAX) return text;
  const codes = reasons.map(({ code }) => code);
  return asciiJson({ revision: question.snapshot.revision, kind: decision.kind, attempts, codes, cut: true });
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
