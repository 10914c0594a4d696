/**
 * Asks the telemetry of the environment how services did in each window that objectives look at, and goes by an answer for
 * as long as `kept-counts.ts` says. Without an answer the window is not known: an old figure would be taken for how things
 * are.
 */
import type { CountedWindow } from "../core/objectives/counts.ts";
import { keptForMs } from "../core/objectives/kept-counts.ts";
import { type AdminEnv, telemetryRootStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "./deadline.ts";

const ASK_MS_MAX = 5_000;

type Kept = { readonly window: CountedWindow; readonly keptForMs: number };

export class CountsReader {
  readonly #env: AdminEnv;
  readonly #kept = new Map<number, Kept>();

  constructor(env: AdminEnv) {
    this.#env = env;
  }

  /** By window; one that nobody could tell of is missing. What is younger than `freshMs` is not asked for again. */
  async read(
    windowsMs: readonly number[],
    nowMs: number,
    freshMs: number,
  ): Promise<ReadonlyMap<number, CountedWindow>> {
    const read = await Promise.all(
      windowsMs.map(async (windowMs): Promise<[number, CountedWindow][]> => {
        const window = await this.#window(windowMs, nowMs, freshMs);
        return window === undefined ? [] : [[windowMs, window]];
      }),
    );
    return new Map(read.flat());
  }

  async #window(windowMs: number, nowMs: number, freshMs: number): Promise<CountedWindow | undefined> {
    const kept = this.#kept.get(windowMs);
    if (kept !== undefined && isStillGood(kept, nowMs, freshMs)) return kept.window;
    try {
      const asked = telemetryRootStub(this.#env).countsOver(windowMs, nowMs);
      const { counts, beganMs } = await withinMs(ASK_MS_MAX, "telemetry", asked);
      const window = { atMs: nowMs, counts };
      this.#kept.set(windowMs, { window, keptForMs: keptForMs(windowMs, { atMs: nowMs, beganMs }) });
      return window;
    } catch (error) {
      this.#kept.delete(windowMs);
      logEvent("objectives.countsUnknown", { windowMs, error: errorText(error) });
      return undefined;
    }
  }
}

/** Not after the clock was set back. */
function isStillGood({ window, keptForMs }: Kept, nowMs: number, freshMs: number): boolean {
  const ageMs = nowMs - window.atMs;
  return ageMs >= 0 && ageMs < Math.max(freshMs, keptForMs);
}
