/**
 * The two places that news come from, as plain functions: the beacons (fast; answers are shared in a data centre) and KV
 * (always there, up to a minute late or more). They throw when the platform does or when an answer is not what the
 * protocol says; the store catches.
 */
import { BEACON_STATE_PATH, BeaconState, beaconSnapshotPath, SNAPSHOT_KV_KEY } from "../../config/beacon.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { Env } from "../settings.ts";
import { type BeaconCache, IMMUTABLE } from "./beacon-cache.ts";
import type { AskBeacon } from "./beacon-client.ts";
import { sha256Hex } from "./digest.ts";

export type Sources = {
  readonly loadBeaconState: (vantage: Vantage) => Promise<BeaconState>;
  /** The signed text of what the state names. */
  readonly loadBeaconSnapshot: (vantage: Vantage, state: SnapshotName) => Promise<string>;
  /** The signed text; null before the first publish. */
  readonly loadKvSnapshot: () => Promise<string | null>;
};

export type SnapshotName = Pick<BeaconState, "revision" | "snapshotDigest">;

/** The least that KV allows. Beacons are what makes changes fast; this only bounds how old the fallback gets. */
const KV_CACHE_TTL_SECONDS = 30;

export type SourcesOptions = {
  readonly config: Env["CONFIG"];
  readonly ask: AskBeacon;
  readonly cache: BeaconCache;
  /** How old an answer may be that was given to another isolate. */
  readonly cacheMs: number;
};

export function createSources({ config, ask, cache, cacheMs }: SourcesOptions): Sources {
  return {
    loadBeaconState: (vantage) =>
      cache.share({
        path: `/${vantage}${BEACON_STATE_PATH}`,
        ageMsMax: cacheMs,
        load: async () => (await ask(vantage, BEACON_STATE_PATH)).text(),
        parse: (text) => BeaconState.parse(JSON.parse(text)),
      }),
    loadBeaconSnapshot: (vantage, { revision, snapshotDigest }) =>
      cache.share({
        path: `${beaconSnapshotPath(revision)}/${snapshotDigest}`,
        // Without a digest nothing tells this text from another form of the same revision.
        ageMsMax: snapshotDigest === undefined || cacheMs === 0 ? 0 : IMMUTABLE,
        load: async () => (await ask(vantage, beaconSnapshotPath(revision))).text(),
        parse: (text) => textOf(text, snapshotDigest),
      }),
    loadKvSnapshot: () => config.get(SNAPSHOT_KV_KEY, { cacheTtl: KV_CACHE_TTL_SECONDS }),
  };
}

/** A beacon that was told of another form between two questions gives a text with another digest; the next round asks again. */
async function textOf(text: string, digest: string | undefined): Promise<string> {
  if (digest === undefined) return text;
  const actual = await sha256Hex(text);
  if (actual !== digest) throw new Error(`the text has the digest ${actual} instead of ${digest}`);
  return text;
}
