/** How long a dry run takes, from the request to the whole plan: of a small change, and of one that is about everybody. */
import { invariant } from "../../../config/invariant.ts";
import { percentile } from "../statistics.ts";
import type { AdminClient } from "./client.ts";
import type { Shift } from "./fleet.ts";

export type PlanFigures = { readonly latencyMsP50: number; readonly latencyMsP99: number };

export type PlanTimes = { readonly plans: number; readonly shift: PlanFigures; readonly drain: PlanFigures };

/** The first ones are not counted: an object that was just asked for commits has projected other states last. */
const WARM_UP_PLANS = 5;

export async function measurePlans(admin: AdminClient, nextShift: () => Shift, plans: number): Promise<PlanTimes> {
  const planShift = () => admin.change("PATCH", "/v1/weights?dryRun=true", { ...nextShift(), reason: "bench" });
  const drained = "/v1/regions/us-east/drain?dryRun=true";
  const planDrain = () => admin.change("POST", drained, { reason: "bench", expiresIn: "1h" });
  return { plans, shift: await timesOf(planShift, plans), drain: await timesOf(planDrain, plans) };
}

async function timesOf(ask: () => ReturnType<AdminClient["change"]>, plans: number): Promise<PlanFigures> {
  const times: number[] = [];
  for (let asked = 0; asked < WARM_UP_PLANS + plans; asked += 1) {
    const askedAt = performance.now();
    const { changed } = await ask();
    if (asked >= WARM_UP_PLANS) times.push(performance.now() - askedAt);
    invariant(changed, "what is planned would change something");
  }
  return { latencyMsP50: percentile(times, 50), latencyMsP99: percentile(times, 99) };
}
