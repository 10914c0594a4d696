/** The life of a request at the edge, in one screen. Each step is a file of its own. */
import { readClient } from "./client.ts";
import { readBinding } from "./client-binding.ts";
import type { Deps } from "./deps.ts";
import { readFacts } from "./facts.ts";
import { forward } from "./forward.ts";
import { withTrace } from "./live-trace.ts";
import { problem } from "./problem.ts";
import { answerByProtocol } from "./protocol.ts";
import { decide } from "./routing/decide.ts";
import { readTarget } from "./target.ts";

export async function handle(request: Request, deps: Deps, context: ExecutionContext): Promise<Response> {
  const target = readTarget(request.url, request.headers.get("host"));
  if (target === undefined) return problem("hostInvalid", request);

  const answer = answerByProtocol(request, target, deps.loopId);
  if (answer !== undefined) return answer;

  const client = readClient(request.headers, request.cf, deps.settings);
  if (!client.ok) return problem("geoInvalid", request, { detail: client.error });

  const facts = readFacts(request, target, client.value);
  const freshened = deps.snapshots.freshen(facts.place, context);
  if (freshened !== undefined) await freshened;

  const snapshot = deps.snapshots.current();
  const now = deps.now();
  deps.propagation.served(snapshot, { place: facts.place, now, background: context });
  const verified = readBinding(deps.cookies, { snapshot, facts, now });
  const binding = verified === undefined ? undefined : await verified;
  const question = {
    snapshot,
    facts: binding === undefined ? facts : { ...facts, binding },
    health: deps.health.view(snapshot, now),
    draw: deps.draw(),
    now,
  };
  const decision = decide(question);
  const made =
    decision.kind === "reject"
      ? problem(decision.code, request)
      : await forward({ request, target, client: client.value, decision, question, deps, background: context });
  return withTrace(made, request, { target, question, deps }) ?? made;
}
