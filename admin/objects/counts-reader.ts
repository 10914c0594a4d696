/**
 * Asks the telemetry of the environment how services did in each window that objectives look at. Long windows change
 * slowly and cost the most to add up, so each is asked for again only after a small part of itself. Without an answer the
 * window is not known: an old figure would be taken for how things are.
 */
import type { ServiceCounts } from "../core/telemetry/counts.ts";
import { type AdminEnv, telemetryRootStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "./deadline.ts";

const ASK_MS_MAX = 5_000;
/** Of a window, before it is asked for anew: the hour every ten seconds or so, a month every three hours. */
const AGE_PART = 1 / 240;

type Kept = { readonly counts: readonly ServiceCounts[]; readonly askedAtMs: number };

export class CountsReader {
  readonly #env: AdminEnv;
  readonly #kept = new Map<number, Kept>();

  constructor(env: AdminEnv) {
    this.#env = env;
  }

  /** By window; one that nobody could tell of is missing. */
  async read(
    windowsMs: readonly number[],
    nowMs: number,
    freshMs: number,
  ): Promise<ReadonlyMap<number, readonly ServiceCounts[]>> {
    const read = await Promise.all(
      windowsMs.map(async (windowMs): Promise<[number, readonly ServiceCounts[]][]> => {
        const counts = await this.#window(windowMs, nowMs, Math.max(freshMs, windowMs * AGE_PART));
        return counts === undefined ? [] : [[windowMs, counts]];
      }),
    );
    return new Map(read.flat());
  }

  async #window(windowMs: number, nowMs: number, ageMs: number): Promise<readonly ServiceCounts[] | undefined> {
    const kept = this.#kept.get(windowMs);
    if (kept !== undefined && nowMs - kept.askedAtMs < ageMs && nowMs >= kept.askedAtMs) return kept.counts;
    try {
      const asked = telemetryRootStub(this.#env).countsOver(windowMs, nowMs);
      const counts = await withinMs(ASK_MS_MAX, "telemetry", asked);
      this.#kept.set(windowMs, { counts, askedAtMs: nowMs });
      return counts;
    } catch (error) {
      this.#kept.delete(windowMs);
      logEvent("objectives.countsUnknown", { windowMs, error: errorText(error) });
      return undefined;
    }
  }
}
