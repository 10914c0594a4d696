/** Probers and the health object from within: time passes, and their alarms ring, when a test says so. */
import { reset, runDurableObjectAlarm } from "cloudflare:test";
import { inject, vi } from "vitest";
import { HEARTBEAT_MS } from "../../../admin/core/health/judge.ts";
import type { Vantage } from "../../../config/vantage.ts";
import { passTime } from "./fleet-object.ts";
import { env } from "./support.ts";

/** That of the small fleet, and the most that jitter adds. */
const INTERVAL_MS = 1_100;
/** Of pulled statuses in development, likewise. */
const STATUS_INTERVAL_MS = 5_500;

export const proberOf = (vantage: Vantage) => env.PROBER.getByName(`demo:${vantage}`);
export const healthObject = () => env.HEALTH.getByName("demo");
export const beaconOf = (vantage: Vantage) => env.BEACON.getByName(`demo:${vantage}`);

/** Asks the origin of the tests, not a cluster. */
export const origin = (path: string) => fetch(`http://127.0.0.1:${inject("originPort")}${path}`);

/** From now on a switchable path answers so, to everybody or to the probes of one vantage. */
export async function switchTo(name: string, status: number, vantage?: Vantage): Promise<void> {
  await origin(`/switch/${name}/${status}${vantage === undefined ? "" : `/${vantage}`}`);
}

/** What the last probe of a path looked like, and how many there were. */
export async function seenOn(path: string): Promise<{ headers: object; count: number } | null> {
  const seen: unknown = await (await origin(`/seen${path}`)).json();
  return seen as { headers: object; count: number } | null; // its form is in global-setup.ts
}

type Passing = { readonly ms?: number; readonly vantages?: readonly Vantage[] };

/** Everything that is due is asked, in each interval once, and the health object hears of it and tells the beacons. */
export async function passIntervals(times: number, passing: Passing = {}): Promise<void> {
  const { ms = INTERVAL_MS, vantages = ["weur", "enam", "apac"] } = passing;
  for (let passed = 0; passed < times; passed += 1) {
    passTime(ms);
    // One that was never told anything has no alarm.
    await Promise.all(vantages.map((vantage) => runDurableObjectAlarm(proberOf(vantage))));
    await runDurableObjectAlarm(healthObject());
  }
}

export const passStatusInterval = () => passIntervals(1, { ms: STATUS_INTERVAL_MS });
export const passHeartbeat = () => passIntervals(1, { ms: HEARTBEAT_MS });

/** For what a call has begun and does not wait for. `vi.waitFor` would make the time pass meanwhile. */
export async function soon(check: () => Promise<void>): Promise<void> {
  for (let left = 1_000; ; left -= 1) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await scheduler.wait(5);
    }
  }
}

/** To be called after each test that stopped the time. */
export async function startTime(): Promise<void> {
  vi.useRealTimers();
  await reset();
}
