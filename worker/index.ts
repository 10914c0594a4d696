/**
 * The edge Worker. It catches once: a bug of ours answers one request with a small 500 and leaves the isolate, with its
 * snapshot, to the others.
 */
import { createDeps, type Deps } from "./deps.ts";
import { handle } from "./handle.ts";
import { logEvent } from "./io/log.ts";
import { ownAnswer } from "./own-answer.ts";
import { problem } from "./problem.ts";
import type { Env } from "./settings.ts";

/** One per isolate. workerd hands every request of an isolate the same `env`; tests hand in their own. */
const depsByEnv = new WeakMap<Env, Deps>();

export default {
  fetch(request, env, context) {
    const arrivedAtMs = Date.now();
    const failed = (error: unknown) => answerFailure(error, { request, env, context, arrivedAtMs });
    try {
      // A rejection is caught as one: awaiting here besides would cost each request a turn of its own.
      return handle({ request, arrivedAtMs, background: context }, depsOf(env)).catch(failed);
    } catch (error) {
      return failed(error); // variables that cannot be read
    }
  },
} satisfies ExportedHandler<Env>;

type Failed = {
  readonly request: Request;
  readonly env: Env;
  readonly context: ExecutionContext;
  readonly arrivedAtMs: number;
};

function answerFailure(error: unknown, { request, env, context, arrivedAtMs }: Failed): Response {
  const requestId = crypto.randomUUID();
  logEvent("request.failed", { requestId, error: error instanceof Error ? error.stack : String(error) });
  const answer = problem("internal", request, { requestId });
  const deps = depsByEnv.get(env); // There are none when the variables cannot be read.
  if (deps === undefined) return answer;
  deps.propagation.noteInternalError(deps.snapshots.current(), deps.now(), context);
  return ownAnswer(answer, { request, arrivedAtMs, background: context }, deps);
}

function depsOf(env: Env): Deps {
  const known = depsByEnv.get(env);
  if (known !== undefined) return known;
  const deps = createDeps(env);
  depsByEnv.set(env, deps);
  return deps;
}
