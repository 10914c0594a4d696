/** Decides given requests under the state before and after a change, with the code that the edge runs. */

import { murmur3 } from "../../../config/murmur3.ts";
import { decide } from "../../../worker/routing/decide.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import type { LoadedSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { type DescribedRequest, factsOf, keyHeadersOf, questionOf } from "../explain/question.ts";
import type { Replay, ReplayedRequest } from "./plan.ts";

export type ReplayRequest = DescribedRequest;

export type ReplayInput = {
  readonly source: Replay["source"];
  readonly requests: readonly ReplayRequest[];
  readonly loaded: { readonly before: LoadedSnapshot; readonly after: LoadedSnapshot };
  readonly health: HealthView;
  readonly nowMs: number;
};

/** An answer is for reading; who has more changes to look at asks about fewer requests. */
const CHANGES_LISTED_MAX = 100;

export function replay({ source, requests, loaded, ...now }: ReplayInput): Replay {
  const before = decider(loaded.before, now);
  const after = decider(loaded.after, now);
  const changes = requests.flatMap((request): ReplayedRequest[] => {
    // Somebody without a key is the same somebody on both sides, and each time that the question is asked.
    const draw = request.key === undefined ? murmur3(JSON.stringify(request)) : 0;
    const answers = { before: before(request, draw), after: after(request, draw) };
    return answers.before === answers.after ? [] : [{ request, ...answers }];
  });
  return { source, requests: requests.length, changed: changes.length, changes: changes.slice(0, CHANGES_LISTED_MAX) };
}

/** `region/cluster`, or the code of the refusal. */
function decider(
  snapshot: LoadedSnapshot,
  { health, nowMs }: Pick<ReplayInput, "health" | "nowMs">,
): (request: ReplayRequest, draw: number) => string {
  const keyHeaders = keyHeadersOf(snapshot);
  return (request, draw) => {
    const facts = factsOf(questionOf(request, draw), keyHeaders);
    const decision = decide({ snapshot, facts, health, draw, now: nowMs });
    return decision.kind === "forward" ? `${decision.first.region}/${decision.first.cluster}` : decision.code;
  };
}
