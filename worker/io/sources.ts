/**
 * The two places that news come from, as plain functions: the beacons (fast) and KV (always there, up to a minute late
 * or more). They throw when the platform does or when an answer is not what the protocol says; the store catches.
 */
import {
  BEACON_ORIGIN,
  BEACON_STATE_PATH,
  BeaconState,
  beaconSnapshotPath,
  SNAPSHOT_KV_KEY,
} from "../../config/beacon.ts";
import type { Vantage } from "../../config/documents.ts";
import type { Env } from "../settings.ts";

export type Sources = {
  readonly loadBeaconState: (vantage: Vantage) => Promise<BeaconState>;
  /** The signed text. */
  readonly loadBeaconSnapshot: (vantage: Vantage, revision: number) => Promise<string>;
  /** The signed text; null before the first publish. */
  readonly loadKvSnapshot: () => Promise<string | null>;
};

/** A beacon that takes longer is as good as gone; the next one in line is asked instead. */
const BEACON_TIMEOUT_MS = 2_000;

/** The least that KV allows. Beacons are what makes changes fast; this only bounds how old the fallback gets. */
const KV_CACHE_TTL_SECONDS = 30;

export function createSources(env: Env, environment: string): Sources {
  async function ask(vantage: Vantage, path: string): Promise<Response> {
    // A stub belongs to the request that made it, so each question makes its own.
    const beacon = env.BEACON.getByName(`${environment}:${vantage}`, { locationHint: vantage });
    const response = await beacon.fetch(BEACON_ORIGIN + path, { signal: AbortSignal.timeout(BEACON_TIMEOUT_MS) });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new Error(`the beacon ${vantage} answered ${path} with ${response.status}`);
  }

  return {
    loadBeaconState: async (vantage) => BeaconState.parse(await (await ask(vantage, BEACON_STATE_PATH)).json()),
    loadBeaconSnapshot: async (vantage, revision) => (await ask(vantage, beaconSnapshotPath(revision))).text(),
    loadKvSnapshot: () => env.CONFIG.get(SNAPSHOT_KV_KEY, { cacheTtl: KV_CACHE_TTL_SECONDS }),
  };
}
