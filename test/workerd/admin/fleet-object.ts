/** The fleet object from within: its clock, its alarm, its end, and what it has stored. */
import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, vi } from "vitest";
import type { FleetObject } from "../../../admin/objects/fleet-object.ts";
import { env, get } from "./support.ts";

/** Far from now, so that no alarm of the platform rings by itself. */
const START_MS = Date.UTC(2040, 0, 1);

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export const fleetObject = () => env.FLEET.getByName(env.ENVIRONMENT);

/** From here on time only passes when a test says so. */
export function stopTime(): void {
  vi.useFakeTimers({ now: START_MS, toFake: ["Date"] });
}

/** For a whole file: nothing is logged, each test begins at the same time with nothing kept, and none of it stays. */
export function quietInStoppedTime(): void {
  beforeEach(() => {
    vi.spyOn(console, "log").mockReturnValue();
    stopTime();
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    await reset();
  });
}

export function passTime(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

export async function ringAlarm(): Promise<void> {
  await runDurableObjectAlarm(fleetObject());
}

/** Time passes, and the alarm notices. */
export async function ringAfter(ms: number): Promise<void> {
  passTime(ms);
  await ringAlarm();
}

/** When the alarm rings by itself, in milliseconds from now. */
export async function alarmInMs(): Promise<number | undefined> {
  const atMs = await runInDurableObject(fleetObject(), (_: FleetObject, { storage }) => storage.getAlarm());
  return atMs === null ? undefined : atMs - Date.now();
}

export async function evict(): Promise<void> {
  await evictDurableObject(fleetObject());
}

/** All rows, as JSON, of all tables but those of the audit log, which every request may write to. */
export function storedRows(): Promise<Readonly<Record<string, readonly string[]>>> {
  return runInDurableObject(fleetObject(), (_: FleetObject, { storage: { sql } }) => {
    const names = sql
      .exec("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .toArray()
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith("audit_") && !name.startsWith("_cf_") && !name.startsWith("sqlite_"));
    const rows = (name: string) => sql.exec(`SELECT * FROM ${name}`).toArray();
    return Object.fromEntries(
      names.map((name) => [
        name,
        rows(name)
          .map((row) => JSON.stringify(row))
          .sort(),
      ]),
    );
  });
}

/** The newest first. */
export async function leaves(limit = 200) {
  return (await get(`/v1/audit?limit=${limit}`)).body.entries.map(
    ({ name, leaf }: { readonly name?: string; readonly leaf: object }) => ({ ...leaf, name }),
  );
}

export async function lastLeaf() {
  return (await leaves(1))[0];
}
