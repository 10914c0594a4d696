/**
 * When a burn of an error budget is worth waking somebody, or a ticket: the multi-window, multi-burn-rate tables of the
 * Google SRE Workbook (chapter 5) for 30 days, and those of sloth for 28 and 7 days. A rule holds while the error ratio is
 * above its threshold in the long window, so that it matters, and in the short one, a twelfth of it, so that it is over soon
 * after the errors are. Counts in, yes or no out; whether there are enough of them is `judge.ts`'s.
 */
import { formatDuration } from "../../../config/duration.ts";
import type { ObjectiveWindow } from "../../../config/objectives.ts";
import type { AlertSeverity } from "../../../config/webhook.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export type BurnRule = {
  readonly severity: AlertSeverity;
  readonly longMs: number;
  readonly shortMs: number;
  /** The part of the period's budget that is gone when the long window is full of such errors. */
  readonly budgetPercent: number;
  /** How many times as fast as the objective allows: 1 spends the budget exactly within the period. */
  readonly burnRate: number;
};

export const PERIOD_MS: Readonly<Record<ObjectiveWindow, number>> = {
  "7d": 7 * DAY_MS,
  "28d": 28 * DAY_MS,
  "30d": 30 * DAY_MS,
};

/** Severity, long and short window, and the percent of the budget for periods of 30, 28 and 7 days. */
const TABLE = [
  ["page", HOUR_MS, 5 * MINUTE_MS, { "30d": 2, "28d": 2, "7d": 8 }],
  ["page", 6 * HOUR_MS, 30 * MINUTE_MS, { "30d": 5, "28d": 5, "7d": 12.5 }],
  ["ticket", DAY_MS, 2 * HOUR_MS, { "30d": 10, "28d": 10, "7d": 20 }],
  ["ticket", 3 * DAY_MS, 6 * HOUR_MS, { "30d": 10, "28d": 10, "7d": 42 }],
] as const satisfies readonly (readonly [AlertSeverity, number, number, Readonly<Record<ObjectiveWindow, number>>])[];

const RULES: Readonly<Record<ObjectiveWindow, readonly BurnRule[]>> = {
  "7d": rulesFor("7d"),
  "28d": rulesFor("28d"),
  "30d": rulesFor("30d"),
};

/** The fastest first. */
export function burnRules(window: ObjectiveWindow): readonly BurnRule[] {
  return RULES[window];
}

function rulesFor(window: ObjectiveWindow): readonly BurnRule[] {
  return TABLE.map(([severity, longMs, shortMs, percents]) => {
    const budgetPercent = percents[window];
    return { severity, longMs, shortMs, budgetPercent, burnRate: (budgetPercent * PERIOD_MS[window]) / (100 * longMs) };
  });
}

/** Every window that some rule looks at, each once, the shortest first. */
export const RULE_WINDOWS_MS: readonly number[] = [
  ...new Set(TABLE.flatMap(([, longMs, shortMs]) => [longMs, shortMs])),
].sort((a, b) => a - b);

export type Errors = { readonly total: number; readonly bad: number };

/** How many times as fast as the objective allows; undefined without requests. */
export function burnRateOf({ total, bad }: Errors, targetPpm: number): number | undefined {
  return total === 0 ? undefined : (bad * PPM) / (total * (PPM - targetPpm));
}

const PPM = 1_000_000;

/** Above `burnRate`, and not at it. In products of counts, because a quotient would decide ties by its rounding. */
export function burnsFaster({ total, bad }: Errors, burnRate: number, targetPpm: number): boolean {
  return bad * PPM > total * (burnRate * (PPM - targetPpm));
}

/** The error ratio above which a rule holds. */
export function ratioThreshold({ burnRate }: Pick<BurnRule, "burnRate">, targetPpm: number): number {
  return (burnRate * (PPM - targetPpm)) / PPM;
}

/** Of a whole budget, in parts per million; less than 0 when more than all of it is spent. Undefined without requests. */
export function budgetRemainingPpm(errors: Errors, targetPpm: number): number | undefined {
  const spent = burnRateOf(errors, targetPpm);
  return spent === undefined ? undefined : Math.round((1 - spent) * PPM);
}

/** How long a whole budget lasts at that rate, in milliseconds. */
export function exhaustionMs(burnRate: number, window: ObjectiveWindow): number {
  return burnRate <= 0 ? Number.POSITIVE_INFINITY : PERIOD_MS[window] / burnRate;
}

/** `page 1h/5m`. */
export function nameOfRule({ severity, longMs, shortMs }: Pick<BurnRule, "severity" | "longMs" | "shortMs">): string {
  return `${severity} ${formatDuration(longMs)}/${formatDuration(shortMs)}`;
}
