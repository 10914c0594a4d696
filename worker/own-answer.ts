/** An answer that no cluster had a part in, counted: as `own` when it is a 500 and above, else by its status. */
import type { Came } from "./arrival.ts";
import type { Deps } from "./deps.ts";

/** What was found out about the request before; nothing, when it was not worth a decision. */
type Found = { readonly service: string | undefined; readonly continent: string | undefined };

const NOTHING: Found = { service: undefined, continent: undefined };

/** Hands `answer` back. */
export function ownAnswer(
  answer: Response,
  { request, arrivedAtMs, background }: Came,
  deps: Deps,
  { service, continent }: Found = NOTHING,
): Response {
  const nowMs = deps.now();
  const { revision } = deps.snapshots.current();
  const { status } = answer;
  const latencyMs = nowMs - arrivedAtMs;
  const noted = { revision, service, attempt: undefined, continent, status, own: true, latencyMs };
  deps.telemetry.note(noted, nowMs, request, background);
  return answer;
}
