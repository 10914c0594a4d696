/** The life of a request at the edge, in one screen. Each step is a file of its own. */

import type { Arrival } from "./arrival.ts";
import { readClient } from "./client.ts";
import { readBinding } from "./client-binding.ts";
import type { Deps } from "./deps.ts";
import { readFacts } from "./facts.ts";
import { type ForwardInput, forward } from "./forward.ts";
import { withTrace } from "./live-trace.ts";
import { ownAnswer } from "./own-answer.ts";
import { problem } from "./problem.ts";
import { answerByProtocol } from "./protocol.ts";
import { type DecideInput, decide } from "./routing/decide.ts";
import type { DecisionToReject } from "./routing/decision.ts";
import type { Facts } from "./routing/facts.ts";
import type { LoadedSnapshot } from "./routing/loaded-snapshot.ts";
import { readTarget } from "./target.ts";
import type { RequestTrace } from "./tracing.ts";

/** A promise where somebody has to be waited for; for an ordinary request that is its cluster and nobody else. */
export function handle(arrival: Arrival, deps: Deps, trace: RequestTrace): Response | Promise<Response> {
  const { request, headers, fields, method, arrivedAtMs, background } = arrival;
  const target = readTarget(request.url, fields.host);
  if (target === undefined) return ownAnswer(problem("hostInvalid", request), arrival, deps);

  const answer = answerByProtocol(arrival, target, deps.loopId);
  if (answer !== undefined) return ownAnswer(answer, arrival, deps);

  const client = readClient(arrival, request.cf, deps.settings);
  if (!client.ok) return ownAnswer(problem("geoInvalid", request, { detail: client.error }), arrival, deps);

  const facts = readFacts({ method, headers }, target, client.value);
  const asked: Asked = { arrival, target, client: client.value, trace, deps };
  const freshened = deps.snapshots.freshen(facts.place, arrivedAtMs, background);
  // Reading the clock is a call into the platform, and no time has passed unless somebody was waited for.
  return freshened === undefined
    ? bind(asked, facts, arrivedAtMs)
    : freshened.then(() => bind(asked, facts, deps.now()));
}

/** A request that was read. */
type Asked = Pick<ForwardInput, "arrival" | "target" | "client" | "trace" | "deps">;

function bind(asked: Asked, facts: Facts, now: number): Response | Promise<Response> {
  const { arrival, deps } = asked;
  const snapshot = deps.snapshots.current();
  deps.propagation.served(snapshot, facts.place.coordinates, now, arrival.background);
  const verified = readBinding(deps.cookies, { snapshot, facts, now });
  if (verified === undefined) return answerFor(asked, snapshot, facts, now);
  return verified.then((binding) => answerFor(asked, snapshot, { ...facts, binding }, now));
}

function answerFor(asked: Asked, snapshot: LoadedSnapshot, facts: Facts, now: number): Response | Promise<Response> {
  const { arrival, target, client, trace, deps } = asked;
  const health = deps.health.view(snapshot, facts.place, now);
  const question = { snapshot, facts, health, draw: deps.draw(), now };
  const decision = decide(question);
  trace.spans?.decided(decision, question);
  if (decision.route !== undefined) deps.traffic.note(decision.route, facts);
  const made =
    decision.kind === "reject"
      ? reject(decision, arrival, question, deps)
      : forward({ arrival, target, client, decision, question, trace, deps });
  return withTrace(made, arrival.fields.debugToken, { target, question, trace, deps });
}

function reject(
  { code, service }: DecisionToReject,
  arrival: Arrival,
  { snapshot, facts }: DecideInput,
  deps: Deps,
): Response {
  const answer = problem(code, arrival.request);
  if (answer.status >= 500) deps.propagation.noteOwnError(snapshot.revision);
  return ownAnswer(answer, arrival, deps, { service, continent: facts.place.continent });
}
