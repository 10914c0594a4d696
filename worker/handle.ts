/** The life of a request at the edge, in one screen. Each step is a file of its own. */

import type { Arrival } from "./arrival.ts";
import { readClient } from "./client.ts";
import { readBinding } from "./client-binding.ts";
import type { Deps } from "./deps.ts";
import { readFacts } from "./facts.ts";
import { forward } from "./forward.ts";
import { withTrace } from "./live-trace.ts";
import { ownAnswer } from "./own-answer.ts";
import { problem } from "./problem.ts";
import { answerByProtocol } from "./protocol.ts";
import { type DecideInput, decide } from "./routing/decide.ts";
import type { DecisionToReject } from "./routing/decision.ts";
import { readTarget } from "./target.ts";
import type { RequestTrace } from "./tracing.ts";

export async function handle(arrival: Arrival, deps: Deps, trace: RequestTrace): Promise<Response> {
  const { request, headers, method, arrivedAtMs, background } = arrival;
  const target = readTarget(request.url, headers.get("host"));
  if (target === undefined) return ownAnswer(problem("hostInvalid", request), arrival, deps);

  const answer = answerByProtocol(arrival, target, deps.loopId);
  if (answer !== undefined) return ownAnswer(answer, arrival, deps);

  const client = readClient(headers, request.cf, deps.settings);
  if (!client.ok) return ownAnswer(problem("geoInvalid", request, { detail: client.error }), arrival, deps);

  const facts = readFacts({ method, headers }, target, client.value);
  const freshened = deps.snapshots.freshen(facts.place, arrivedAtMs, background);
  if (freshened !== undefined) await freshened;

  const snapshot = deps.snapshots.current();
  // Reading the clock is a call into the platform, and no time has passed unless somebody was waited for.
  const now = freshened === undefined ? arrivedAtMs : deps.now();
  deps.propagation.served(snapshot, facts.place.coordinates, now, background);
  const verified = readBinding(deps.cookies, { snapshot, facts, now });
  const binding = verified === undefined ? undefined : await verified;
  const question = {
    snapshot,
    facts: binding === undefined ? facts : { ...facts, binding },
    health: deps.health.view(snapshot, facts.place, now),
    draw: deps.draw(),
    now,
  };
  const decision = decide(question);
  trace.spans?.decided(decision, question);
  if (decision.route !== undefined) deps.traffic.note(decision.route, facts);
  const made =
    decision.kind === "reject"
      ? reject(decision, arrival, question, deps)
      : await forward({ arrival, target, client: client.value, decision, question, trace, deps });
  return withTrace(made, headers, { target, question, trace, deps }) ?? made;
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
