/** One step of the control plane and of the model side by side, and what has to be the same afterwards. */
import { expect } from "vitest";
import { type CrashPoint, crashAt, evictFleet } from "./crash.ts";
import type { FleetModel, ModelRequest } from "./fleet-model.ts";
import type { RealFleet } from "./real-fleet.ts";

export type World = {
  readonly model: FleetModel;
  readonly real: RealFleet;
  /** Every request that came with a key, in the order in which they were made. */
  readonly keyed: ModelRequest[];
  /** How often what came of a step was what, over all runs. */
  readonly tally: Map<string, number>;
};

/** Each request takes this long, so that nothing happens twice at the same instant. */
const TICK_MS = 1_000;

/** Asks for it. When the object breaks meanwhile, it has happened or it has not, and asking again settles it. */
export async function perform(world: World, request: ModelRequest, crash?: CrashPoint): Promise<void> {
  const { model, real } = world;
  passTime(world, TICK_MS);
  if (crash !== undefined) await crashAt(crash);
  const { broken, view } = await real.request(request);
  if (crash !== undefined) await evictFleet();
  if (broken) {
    expect(crash).toBeDefined();
    await settle(world, request);
    return;
  }
  const expected = model.request(request);
  expect(view).toEqual(expected);
  count(world, "code" in expected ? expected.code : (model.leaves.at(-1)?.outcome ?? "nothing"));
  await real.compare(model);
}

/** One leaf more says that all of it has happened, whatever it was; the comparison holds it to that. */
async function settle(world: World, request: ModelRequest): Promise<void> {
  const { model, real } = world;
  const happened = (await real.auditSize()) > model.leaves.length;
  if (happened) model.request(request);
  count(world, happened ? "broken, and done" : "broken, and not done");
  await real.compare(model);
  if (request.key !== undefined) await perform(world, request);
}

/** The alarm rings; the platform rings again when the object breaks meanwhile. */
export async function ringAlarm(world: World, crash?: CrashPoint): Promise<void> {
  const { model, real } = world;
  if (crash !== undefined) {
    await crashAt(crash);
    await real.alarm().catch(() => count(world, "broken alarm"));
    await evictFleet();
  }
  await real.alarm();
  if (model.expire()) count(world, "expired");
  await real.compare(model);
}

export function passTime({ model, real }: World, ms: number): void {
  model.nowMs += ms;
  real.setTime(model.nowMs);
}

function count({ tally }: World, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}
