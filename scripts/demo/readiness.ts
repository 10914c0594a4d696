/** Whether the demo is what it says it is: requests get through the edge, and every cluster has been probed. */
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";
import type { DemoCluster } from "./cluster.ts";

/** The machine may be slow and share its cores; what is not up by then will not come up. */
const READY_MS_MAX = 45_000;
const ASK_AGAIN_MS = 100;
const ANSWER_MS_MAX = 5_000;

/** As many probes in a row make an unknown cluster healthy (`rise` of the demo fleet). */
const PROBES_MIN = 2;

const ControlAnswer = z.looseObject({ counters: z.looseObject({ healthChecks: z.int() }) });

export type Subject = { readonly edge: string; readonly clusters: readonly DemoCluster[] };

/** Throws with what is still missing when the time is up. */
export async function untilReady(subject: Subject): Promise<void> {
  const deadlineMs = Date.now() + READY_MS_MAX;
  for (;;) {
    const missing = await whatIsMissing(subject);
    if (missing === undefined) return;
    if (Date.now() > deadlineMs) throw new Error(`not ready after ${READY_MS_MAX / 1_000} s: ${missing}`);
    await sleep(ASK_AGAIN_MS);
  }
}

async function whatIsMissing({ edge, clusters }: Subject): Promise<string | undefined> {
  const status = await statusOf(edge);
  if (status !== 200) return `the edge answers ${status}`;
  for (const { name, control } of clusters) {
    const answer = await fetch(control, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    const { counters } = ControlAnswer.parse(await answer.json());
    if (counters.healthChecks < PROBES_MIN) return `${name} has been probed ${counters.healthChecks} times`;
  }
  return undefined;
}

async function statusOf(edge: string): Promise<number | string> {
  try {
    const response = await fetch(edge, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    await response.body?.cancel();
    return response.status;
  } catch (cause) {
    return cause instanceof Error ? `not at all (${cause.message})` : "not at all";
  }
}
