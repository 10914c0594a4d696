/** How rounds of publication are shared, with a publisher of our own on the storage of an object, and carriers that count. */
import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { AdminEnv } from "../../../admin/env.ts";
import { carriersOf, type Publication, Publisher } from "../../../admin/objects/publisher.ts";
import { addCarriers } from "../../../admin/store/carriers.ts";
import { stateOf, WORLD } from "../../core/safety/world.ts";
import { env } from "./support.ts";

afterEach(() => reset());

type Bench = {
  readonly publisher: Publisher;
  /** On the same storage, as after a restart. */
  readonly another: () => Publisher;
  /** The next revision is wanted from now on; answers with its number. */
  readonly commit: () => number;
  /** What the beacon of weur was sent, in order. */
  readonly received: readonly number[];
};

function withPublisher(work: (bench: Bench) => Promise<void>): Promise<void> {
  return runInDurableObject(env.FLEET.getByName("demo"), async (_, { storage: { sql } }) => {
    const received: number[] = [];
    const counting = {
      acceptSnapshot: async ({ revision }: { readonly revision: number }) => {
        await scheduler.wait(5);
        received.push(revision);
      },
    };
    // The carriers of all kinds that the fleet needs take part, and take what they get without a word.
    const others = {
      acceptSnapshot: async () => undefined,
      hasConfig: async () => true,
      configure: async () => undefined,
    };
    const beacons = { getByName: (name: string) => (name === `${env.ENVIRONMENT}:weur` ? counting : others) };
    const quiet = { getByName: () => others };
    let wide: FleetState = stateOf(WORLD, [], 0);
    addCarriers(sql, carriersOf(wide));
    // Of the objects a publisher uses only what brings them their part.
    const bindings = {
      ...env,
      ...{ BEACON: beacons, PROBER: quiet, HEALTH: quiet, STATUS: quiet },
      CONFIG: { put: async () => undefined },
    } as unknown as AdminEnv;
    const another = () => new Publisher({ env: bindings, sql, wanted: () => ({ wide }) });
    const commit = () => {
      wide = { ...wide, revision: wide.revision + 1 };
      return wide.revision;
    };
    await work({ publisher: another(), another, commit, received });
  });
}

test("whoever waits for each answer has a round for each change", () =>
  withPublisher(async ({ publisher, commit, received }) => {
    for (let made = 0; made < 5; made += 1) {
      commit();
      await publisher.publish();
    }
    expect(received).toEqual([1, 2, 3, 4, 5]);
  }));

test("all who ask before a round begins share it, and whoever asks during one has the next", () =>
  withPublisher(async ({ publisher, commit, received }) => {
    commit();
    const first = [publisher.publish(), publisher.publish()];
    await scheduler.wait(2);
    commit();
    const second = [publisher.publish(), publisher.publish()];
    await Promise.all(first);
    expect(received).toEqual([1]);
    await Promise.all(second);
    expect(received).toEqual([1, 2]);
  }));

test("a burst of changes shares rounds, and nobody is told before theirs has arrived", () =>
  withPublisher(async ({ publisher, commit, received }) => {
    const change = async (afterMs: number) => {
      await scheduler.wait(afterMs);
      const revision = commit();
      await publisher.publish();
      expect(Math.max(...received)).toBeGreaterThanOrEqual(revision);
    };
    // The first burst says how many there are; the next ones come one after the other, and share all the same.
    await Promise.all(Array.from({ length: 8 }, () => change(0)));
    const before = received.length;
    await Promise.all(Array.from({ length: 8 }, (_, index) => change(8 * index)));
    // A round takes 5 ms, so each of them would have had its own.
    expect(received.length - before).toBeLessThan(8);
    expect(received.at(-1)).toBe(16);
  }));

const ALL_AT_1: Publication["carriers"] = carriersOf(stateOf(WORLD, [], 0))
  .toSorted()
  .map((name) => ({ name, revision: 1 }));

test("what has arrived counts as published until there is something newer", () =>
  withPublisher(async ({ publisher, commit }) => {
    commit();
    await publisher.publish();
    expect(publisher.publication()).toEqual({ published: true, carriers: ALL_AT_1 });
    expect(publisher.nextAttemptMs()).toBeUndefined();
    commit();
    expect(publisher.publication()).toEqual({ published: false, carriers: ALL_AT_1 });
    expect(publisher.nextAttemptMs()).toBe(0);
  }));

test("another publisher sees by the digest alone that nothing is to be sent again", () =>
  withPublisher(async ({ publisher, another, commit, received }) => {
    commit();
    await publisher.publish();
    const next = another();
    expect(next.publication().published).toBe(true);
    await next.publish();
    expect(received).toEqual([1]);
  }));
