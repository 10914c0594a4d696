/**
 * The edge Worker. It catches once: a bug of ours answers one request with a small 500 and leaves the isolate, with its
 * snapshot, to the others.
 */
import { arrivalOf, type Came } from "./arrival.ts";
import { createDeps, type Deps } from "./deps.ts";
import { handle } from "./handle.ts";
import { logEvent } from "./io/log.ts";
import { ownAnswer } from "./own-answer.ts";
import { problem } from "./problem.ts";
import type { Env } from "./settings.ts";
import type { RequestSpans, RequestTrace } from "./tracing.ts";

/** One per isolate. workerd hands every request of an isolate the same `env`; tests hand in their own. */
const depsByEnv = new WeakMap<Env, Deps>();

export default {
  fetch(request, env, context) {
    let trace: RequestTrace | undefined;
    const came = { request, arrivedAtMs: Date.now(), background: context };
    const failed = (error: unknown) => answerFailure(error, { came, env, trace });
    try {
      const arrival = arrivalOf(came);
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
  readonly came: Came;
  readonly env: Env;
  readonly trace: RequestTrace | undefined;
};

function answerFailure(error: unknown, { came, env, trace }: Failed): Response {
  const requestId = crypto.randomUUID();
  const ids = trace === undefined ? { requestId } : { requestId, traceId: trace.context.traceId };
  logEvent("request.failed", { ...ids, error: error instanceof Error ? error.stack : String(error) });
  const answer = problem("internal", came.request, { requestId });
  const deps = depsByEnv.get(env); // There are none when the variables cannot be read.
  if (deps === undefined) return answer;
  deps.propagation.noteInternalError(deps.snapshots.current(), deps.now(), came.background);
  return ownAnswer(answer, came, deps);
}

function depsOf(env: Env): Deps {
  const known = depsByEnv.get(env);
  if (known !== undefined) return known;
  const deps = createDeps(env);
  depsByEnv.set(env, deps);
  return deps;
}
