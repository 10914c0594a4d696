/**
 * Breaks the fleet object at a chosen point of its next transaction. `evictDurableObject` waits for what is running, so
 * it never breaks anything; aborting from within does what a dying machine does.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { FleetObject } from "../../../../admin/objects/fleet-object.ts";
import { env } from "../support.ts";

export const CRASH_POINTS = [
  /** Decided, and nothing written. */
  "beforeTransaction",
  /** Everything written, and the transaction still open. */
  "inTransaction",
  /** Committed in memory: the platform has not made it durable. */
  "afterTransaction",
  /** Durable, and nobody has been told. */
  "onceDurable",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

const fleet = () => env.FLEET.getByName(env.ENVIRONMENT);

/** The object that runs now breaks in its next transaction. An evicted one has forgotten it. */
export async function crashAt(point: CrashPoint): Promise<void> {
  await runInDurableObject(fleet(), (_: FleetObject, state) => {
    const { storage } = state;
    const transactionSync = storage.transactionSync.bind(storage);
    const crash = () => state.abort(`crash ${point}`);
    storage.transactionSync = <T>(work: () => T): T => {
      if (point === "beforeTransaction") crash();
      const result = transactionSync(() => {
        const written = work();
        if (point === "inTransaction") crash();
        return written;
      });
      if (point === "afterTransaction") crash();
      if (point === "onceDurable") void storage.sync().then(crash);
      return result;
    };
  });
}

/** Breaks whatever runs in the object. */
export async function crashNow(): Promise<void> {
  await runInDurableObject(fleet(), (_: FleetObject, state) => state.abort("crash now")).catch(() => undefined);
}

/** Many times what it takes. */
const EVICTION_MS_MAX = 1_000;

/** Ends the object as the platform does when it is idle: what is running is waited for. The next call starts another. */
export async function evictFleet(): Promise<void> {
  // It starts the object when there is none, since only what runs can be evicted.
  await runInDurableObject(fleet(), () => undefined);
  // When the object breaks while what it is doing is waited for, nobody tells the waiting.
  await Promise.race([evictDurableObject(fleet()), new Promise((resolve) => setTimeout(resolve, EVICTION_MS_MAX))]);
}
