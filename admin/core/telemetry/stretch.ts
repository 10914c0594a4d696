/**
 * The stretch of time that a question is about, and its steps: from what was asked for to numbers, or what is wrong with
 * it. Steps have to be as coarse as what is kept of the time, and few enough for one answer.
 */
import { formatDuration } from "../../../config/duration.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { STEPS_MAX } from "./query.ts";
import { LEVELS } from "./windows.ts";

/** Milliseconds; nothing is required. */
export type AskedStretch = {
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly lastMs?: number;
  readonly stepMs?: number;
};

export type Stretch = { readonly fromMs: number; readonly toMs: number; readonly stepMs: number };

/** `parameter` is the name in the query. */
export type StretchFlaw = { readonly parameter: "from" | "to" | "last" | "step"; readonly detail: string };

const LAST_MS_DEFAULT = 60 * 60_000;
const [FINE, MINUTES, HOURS] = LEVELS;
/** What people read on a clock, each a multiple of the windows that are kept. */
const STEPS_MS = [10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000];
/** A chart of so many steps is about as fine as can be seen. */
const STEPS_WANTED = 120;

export function readStretch(asked: AskedStretch, nowMs: number): Result<Stretch, StretchFlaw> {
  const range = readRange(asked, nowMs);
  if (!range.ok) return range;
  const { fromMs, toMs } = range.value;
  if (fromMs >= toMs) return flaw("from", "must be before `to`, and before now");
  if (fromMs < nowMs - HOURS.keptMs)
    return flaw(
      asked.fromMs === undefined ? "last" : "from",
      `must be within ${formatDuration(HOURS.keptMs)}: nothing older is kept`,
    );
  const grainMs = grainAt(nowMs - fromMs);
  const { stepMs = defaultStep(toMs - fromMs, grainMs) } = asked;
  if (stepMs % grainMs !== 0)
    return flaw("step", `must be a multiple of ${formatDuration(grainMs)}, which is as fine as that time is kept`);
  if ((toMs - fromMs) / stepMs > STEPS_MAX)
    return flaw("step", `must be longer: an answer has ${STEPS_MAX} steps at most`);
  return ok({ fromMs, toMs, stepMs });
}

function readRange(
  { fromMs, toMs, lastMs }: AskedStretch,
  nowMs: number,
): Result<Pick<Stretch, "fromMs" | "toMs">, StretchFlaw> {
  if (fromMs === undefined && toMs !== undefined) return flaw("from", "must be there when there is `to`");
  if (fromMs !== undefined && lastMs !== undefined) return flaw("last", "must not be there when there is `from`");
  if (fromMs !== undefined) return ok({ fromMs, toMs: Math.min(toMs ?? nowMs, nowMs) });
  return ok({ fromMs: nowMs - (lastMs ?? LAST_MS_DEFAULT), toMs: nowMs });
}

function flaw(parameter: StretchFlaw["parameter"], detail: string): Result<never, StretchFlaw> {
  return err({ parameter, detail });
}

/** The windows that are surely kept of a time so long ago. */
function grainAt(ageMs: number): number {
  if (ageMs <= FINE.keptMs) return FINE.windowMs;
  return ageMs <= MINUTES.keptMs ? MINUTES.windowMs : HOURS.windowMs;
}

function defaultStep(lengthMs: number, grainMs: number): number {
  const steps = STEPS_MS.filter((stepMs) => stepMs % grainMs === 0);
  return steps.find((stepMs) => lengthMs / stepMs <= STEPS_WANTED) ?? steps.at(-1) ?? grainMs;
}
