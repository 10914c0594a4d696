/** One question to a beacon over the binding, with an end to it. Throws when the beacon does not answer it well. */
import { BEACON_ORIGIN } from "../../config/beacon.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { Env } from "../settings.ts";

/** A beacon that takes longer is as good as gone; the next one in line is asked instead. */
const BEACON_TIMEOUT_MS = 2_000;

export type AskBeacon = (vantage: Vantage, path: string, init?: RequestInit) => Promise<Response>;

export function createAskBeacon(env: Pick<Env, "BEACON">, environment: string): AskBeacon {
  return async (vantage, path, init = {}) => {
    // A stub belongs to the request that made it, so each question makes its own.
    const beacon = env.BEACON.getByName(`${environment}:${vantage}`, { locationHint: vantage });
    const signal = AbortSignal.timeout(BEACON_TIMEOUT_MS);
    const response = await beacon.fetch(BEACON_ORIGIN + path, { ...init, signal });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new Error(`the beacon ${vantage} answered ${path} with ${response.status}`);
  };
}
