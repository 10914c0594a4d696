/** The life of a request at the edge, in one screen. Each step is a file of its own. */
import { readClient } from "./client.ts";
import { readBinding } from "./client-binding.ts";
import type { Deps } from "./deps.ts";
import { readFacts } from "./facts.ts";
import { forward } from "./forward.ts";
import { withTrace } from "./live-trace.ts";
import { problem } from "./problem.ts";
import { answerByProtocol } from "./protocol.ts";
import { type DecideInput, decide } from "./routing/decide.ts";
import type { RejectCode } from "./routing/decision.ts";
import { readTarget } from "./target.ts";
import type { RequestTrace } from "./tracing.ts";

export async function handle(
  request: Request,
  deps: Deps,
  context: ExecutionContext,
  trace: RequestTrace,
): Promise<Response> {
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
  deps.propagation.served(snapshot, facts.place.coordinates, now, context);
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
      ? reject(decision.code, request, question, deps)
      : await forward({ request, target, client: client.value, decision, question, trace, deps, background: context });
  return withTrace(made, request, { target, question, trace, deps }) ?? made;
}

function reject(code: RejectCode, request: Request, { snapshot }: DecideInput, deps: Deps): Response {
  const answer = problem(code, request);
  if (answer.status >= 500) deps.propagation.noteOwnError(snapshot.revision);
  return answer;
}
