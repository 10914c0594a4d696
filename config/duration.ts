/** Durations as people write them: a whole number and a unit (`250ms`, `90s`, `15m`, `4h`, `3d`). */
import * as z from "zod/mini";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION_PATTERN = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/;

export const Duration = z
  .string()
  .check(z.regex(DURATION_PATTERN, 'must be a number with a unit, as in "90s" or "15m"'));

/** Milliseconds of a duration, or undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  const unitMs = match?.[2] === undefined ? undefined : UNIT_MS[match[2]];
  return match?.[1] === undefined || unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}

/** The shortest exact spelling of a time in milliseconds, for plans and messages. */
export function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    const unitMs = UNIT_MS[unit] ?? 1;
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}
