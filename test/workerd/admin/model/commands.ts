/** What may be done to a control plane, in any order: each command is done to the real one and to the model. */
import fc from "fast-check";
import { expect } from "vitest";
import { CRASH_POINTS, evictFleet } from "./crash.ts";
import type { FleetModel, ModelRequest } from "./fleet-model.ts";
import { passTime, perform, ringAlarm, type World } from "./perform.ts";
import {
  acceptingRegions,
  type Change,
  CLUSTERS,
  type Documents,
  HOUR_MS,
  REGIONS,
  type Target,
  type Weights,
} from "./state.ts";

export type FleetCommand = fc.AsyncCommand<FleetModel, World>;

function command(label: string, run: (world: World) => Promise<void>): FleetCommand {
  return { check: () => true, run: (_, world) => run(world), toString: () => label };
}

/** A change whose details depend on where the model is when its turn comes. */
type Wish =
  | Extract<Change, { readonly kind: "shiftWeights" | "drain" | "undrain" }>
  | { readonly kind: "apply"; readonly documents: Documents; readonly clear: "all" | "nothing" | "unknown" }
  | { readonly kind: "restore"; readonly back: number; readonly overlays: "keep" | "restore" };

function changeOf(wish: Wish, { state, revision }: FleetModel): Change {
  switch (wish.kind) {
    case "apply": {
      const clear = { all: Object.keys(state.overlays), nothing: [], unknown: ["regionDrain/nowhere"] }[wish.clear];
      return { kind: "apply", documents: wish.documents, clear };
    }
    case "restore":
      return { kind: "restore", revision: Math.max(revision - wish.back, 1), overlays: wish.overlays };
    default:
      return wish;
  }
}

const capacity = fc.constantFrom(100, 200);
const weight = fc.constantFrom(0, 10, 90);
const weights = fc.record<Weights>({ "ap-south": weight, "eu-west": weight, "us-east": weight });
const declared = weights.filter((all) => Object.values(all).some((one) => one > 0));
/** Without a rule now and then, so that what is shifted loses what it is on. */
export const documents: fc.Arbitrary<Documents> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ capacity, declared }) },
  { weight: 1, arbitrary: fc.record({ capacity }) },
);
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ kind: fc.constant("region" as const), name: fc.constantFrom(...REGIONS) }),
  fc.record({ kind: fc.constant("cluster" as const), name: fc.constantFrom(...Object.keys(CLUSTERS)) }),
);

const apply = fc.record({
  kind: fc.constant("apply" as const),
  documents,
  clear: fc.constantFrom("nothing" as const, "nothing" as const, "all" as const, "unknown" as const),
});
const shift = fc.record({
  kind: fc.constant("shiftWeights" as const),
  weights: fc.oneof(weights, fc.record({ "eu-west": weight })),
});
const drain = fc.record({
  kind: fc.constant("drain" as const),
  target,
  lastsMs: fc.constantFrom(60_000, HOUR_MS, 4 * HOUR_MS, 72 * HOUR_MS),
});
const undrain = fc.record({ kind: fc.constant("undrain" as const), target });
const restore = fc.record({
  kind: fc.constant("restore" as const),
  // One ahead of the newest there is none.
  back: fc.integer({ min: -1, max: 5 }),
  overlays: fc.constantFrom("keep" as const, "restore" as const),
});

/** In which way it is asked for. Mostly properly. */
const manner = fc.record({
  basedOn: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("current" as const, "any" as const) },
    { weight: 1, arbitrary: fc.constantFrom("old" as const, "nothing" as const) },
  ),
  keyed: fc.constantFrom(true, true, false),
  dryRun: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
/** Every fourth breaks; half of those have happened. */
const crash = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constantFrom(...CRASH_POINTS, "onceDurable" as const, "onceDurable" as const) },
);

const askFor = (wish: fc.Arbitrary<Wish>) =>
  fc.tuple(wish, manner, crash).map(([what, how, point]) =>
    command(`ask(${JSON.stringify([what, how])}, ${point ?? "no crash"})`, async (world) => {
      const { model, keyed } = world;
      const based = { current: model.revision, any: "any", old: model.revision - 1, nothing: undefined } as const;
      const basedOn = based[how.basedOn];
      const request: ModelRequest = {
        ...{ change: changeOf(what, model), reason: "because", dryRun: how.dryRun },
        ...(basedOn === undefined ? {} : { basedOn }),
        ...(how.keyed ? { key: `key-${keyed.length}` } : {}),
      };
      if (how.keyed) keyed.push(request);
      // The contract allows a request without its precondition to be refused, and nothing else: so nothing breaks it.
      await perform(world, request, basedOn === undefined ? undefined : point);
    }),
  );

/** With the key of an earlier request, for the same or for something else. */
const askAgain = fc.tuple(fc.nat(20), fc.boolean()).map(([back, forElse]) =>
  command(`askAgain(${back}, ${forElse ? "for something else" : "for the same"})`, async (world) => {
    const request = world.keyed.at(-1 - (back % Math.max(world.keyed.length, 1)));
    if (request === undefined) return;
    await perform(world, { ...request, reason: forElse ? "something else" : request.reason, dryRun: false });
  }),
);

const drainAll = fc.constant(
  command("drainAll()", async (world) => {
    const { model } = world;
    for (const name of acceptingRegions(model.state)) {
      const change: Change = { kind: "drain", target: { kind: "region", name }, lastsMs: 4 * HOUR_MS };
      await perform(world, { change, reason: "all of them", basedOn: "any", dryRun: false });
    }
    expect(acceptingRegions(model.state)).toHaveLength(model.state.documents === undefined ? 0 : 1);
  }),
);

/** Also past the end of drains, of what returned, and of the answers that are kept for keys; alarms may be late. */
const wait = fc
  .tuple(fc.constantFrom(30_000, HOUR_MS - 1, 5 * HOUR_MS, 25 * HOUR_MS), fc.boolean(), crash)
  .map(([ms, alarm, point]) =>
    command(`wait(${ms} ms, ${alarm ? `alarm, ${point ?? "no crash"}` : "no alarm"})`, async (world) => {
      passTime(world, ms);
      if (alarm) await ringAlarm(world, point);
    }),
  );

const evict = fc.constant(
  command("evict()", async ({ model, real }) => {
    await evictFleet();
    await real.compare(model);
  }),
);

/** Several times what should come up more often. */
export const fleetCommands: readonly fc.Arbitrary<FleetCommand>[] = [
  ...[askFor(apply), askFor(apply), askFor(shift), askFor(shift), askFor(drain), askFor(drain), askFor(undrain)],
  ...[askFor(restore), askFor(restore), askAgain, askAgain, wait, wait, evict, drainAll],
];
