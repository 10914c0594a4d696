/**
 * The control plane against a model of itself, by random commands: whatever is asked for in whatever order, whatever breaks
 * at whatever moment, both must say and keep the same. FAIRLEAD_SEED gives another run, FAIRLEAD_FULL a longer one.
 */
import { reset } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { documents, fleetCommands } from "./model/commands.ts";
import { FleetModel } from "./model/fleet-model.ts";
import { passTime, perform, type World } from "./model/perform.ts";
import { RealFleet } from "./model/real-fleet.ts";

/** Far from now, so that no alarm of the platform rings by itself. */
const START_MS = Date.UTC(2040, 0, 1);

const RUNS = inject("fullRun") ? 300 : 12;
const COMMANDS_MAX = 40;
/** Many times what it takes on a machine that has nothing else to do. */
const RUN_MS_MAX = 10_000;

/** What has to have come up at least once, or the runs say less than they seem to. */
const SEEN_AT_LEAST_ONCE = [
  ...["committed", "unchanged", "planned", "replayed", "expired", "broken, and done", "broken, and not done"],
  ...["ruleDenied", "preconditionFailed", "preconditionRequired", "idempotencyMismatch", "weightsInvalid"],
];

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS, toFake: ["Date"] });
  vi.spyOn(console, "log").mockReturnValue();
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

async function newWorld(tally: Map<string, number>): Promise<World> {
  await reset();
  const world: World = { model: new FleetModel(START_MS), real: new RealFleet(), keyed: [], tally };
  passTime(world, 0);
  await world.real.compare(world.model);
  return world;
}

test("is what the model says, whatever is done and whatever breaks", { timeout: 2 * RUN_MS_MAX * RUNS }, async () => {
  const seed = inject("seed");
  console.info(`model: seed ${seed}, ${RUNS} runs`);
  const tally = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.option(documents, { freq: 10 }),
      fc.commands([...fleetCommands], { maxCommands: COMMANDS_MAX, size: "max" }),
      async (first, commands) => {
        const world = await newWorld(tally);
        if (first !== null) {
          const change = { kind: "apply", documents: first, clear: [] } as const;
          await perform(world, { change, reason: "the first", basedOn: 0, dryRun: false });
        }
        await fc.asyncModelRun(() => ({ model: world.model, real: world }), commands);
      },
    ),
    // Shrinking ends in time as well, with the best that was found.
    { seed, numRuns: RUNS, interruptAfterTimeLimit: RUN_MS_MAX * RUNS, markInterruptAsFailure: true },
  );
  console.info(`model: ${JSON.stringify(Object.fromEntries([...tally].toSorted()))}`);
  expect([...tally.keys()]).toEqual(expect.arrayContaining(SEEN_AT_LEAST_ONCE));
});
