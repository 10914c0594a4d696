/**
 * Whether the demo is what it says it is: a request gets through the edge to a cluster, by the revision that the control
 * plane has now, and every cluster has been probed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../lib/control-plane.ts";

/** The machine may be slow and share its cores; what is not up by then will not come up. */
const READY_MS_MAX = 45_000;
const ASK_AGAIN_MS = 100;
const ANSWER_MS_MAX = 5_000;

type Subject = { readonly edge: string; readonly control: ControlPlane; readonly signal: AbortSignal };

/** Throws with what is still missing when the time is up. */
export async function untilReady(subject: Subject): Promise<void> {
  const deadlineMs = Date.now() + READY_MS_MAX;
  for (;;) {
    const missing = await whatIsMissing(subject);
    if (missing === undefined) return;
    subject.signal.throwIfAborted();
    if (Date.now() > deadlineMs) throw new Error(`not ready after ${READY_MS_MAX / 1_000} s: ${missing}`);
    await sleep(ASK_AGAIN_MS);
  }
}

async function whatIsMissing({ edge, control }: Subject): Promise<string | undefined> {
  const answer = await askEdge(edge);
  if (answer.status !== 200) return `the edge answers ${answer.status}`;
  const revision = await control.revision();
  if (answer.revision !== revision) return `the edge decides by revision ${answer.revision}, not by ${revision}`;
  const unprobed = await control.unprobed();
  return unprobed.length === 0 ? undefined : `no probe has judged ${unprobed.join(", ")}`;
}

async function askEdge(edge: string): Promise<{ readonly status: number | string; readonly revision?: number }> {
  try {
    const response = await fetch(edge, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    await response.body?.cancel();
    // In development the edge says by what it decided: route, region, cluster and revision.
    const decision = response.headers.get("fairlead-decision");
    return { status: response.status, revision: Number(decision?.split(";").at(-1)) };
  } catch (cause) {
    return { status: cause instanceof Error ? `not at all (${cause.message})` : "not at all" };
  }
}
