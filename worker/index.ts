/**
 * The edge Worker. It catches once: a bug of ours answers one request with a small 500 and leaves the isolate, with its
 * snapshot, to the others.
 */
import { type Arrival, arrivalOf } from "./arrival.ts";
import { createDeps, type Deps } from "./deps.ts";
import { handle } from "./handle.ts";
import { logEvent } from "./io/log.ts";
import { ownAnswer } from "./own-answer.ts";
import { problem } from "./problem.ts";
import type { Env } from "./settings.ts";
import type { RequestSpans, RequestTrace } from "./tracing.ts";

/** One per isolate. workerd hands every request of an isolate the same `env`; tests hand in their own. */
const depsByEnv = new WeakMap<Env, Deps>();
/** Those of the last request, which are those of the next. */
let last: { readonly env: Env; readonly deps: Deps } | undefined;

export default {
  fetch(request, env, context) {
    let trace: RequestTrace | undefined;
    const arrival = arrivalOf(request, Date.now(), context);
    const failed = (error: unknown) => answerFailure(error, { arrival, env, trace });
    try {
      const deps = depsOf(env);
      const begun = deps.tracing.begin(arrival);
      trace = begun;
      const made = handle(arrival, deps, begun);
      // A rejection is caught as one: awaiting here besides would cost each request a turn of its own.
      const answer = made instanceof Promise ? made.catch(failed) : made;
      const { spans } = begun;
      return spans === undefined ? answer : finish(answer, spans);
    } catch (error) {
      return failed(error);
    }
  },
} satisfies ExportedHandler<Env>;

async function finish(answer: Response | Promise<Response>, spans: RequestSpans): Promise<Response> {
  return spans.finish(await answer);
}

type Failed = {
  readonly arrival: Arrival;
  readonly env: Env;
  readonly trace: RequestTrace | undefined;
};

function answerFailure(error: unknown, { arrival, env, trace }: Failed): Response {
  const requestId = crypto.randomUUID();
  const ids = trace === undefined ? { requestId } : { requestId, traceId: trace.context.traceId };
  logEvent("request.failed", { ...ids, error: error instanceof Error ? error.stack : String(error) });
  const answer = problem("internal", arrival.request, { requestId });
  const deps = depsByEnv.get(env); // There are none when the variables cannot be read.
  if (deps === undefined) return answer;
  deps.propagation.noteInternalError(deps.snapshots.current(), deps.now(), arrival.background);
  return ownAnswer(answer, arrival, deps);
}

function depsOf(env: Env): Deps {
  if (env === last?.env) return last.deps;
  const deps = depsByEnv.get(env) ?? createDeps(env);
  depsByEnv.set(env, deps);
  last = { env, deps };
  return deps;
}
