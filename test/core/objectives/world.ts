/** Objectives and counts for tables: a service in regions, and how it did in each window. */
import { RULE_WINDOWS_MS } from "../../../admin/core/objectives/burn-rules.ts";
import type { CountedWindow } from "../../../admin/core/objectives/counts.ts";
import { judgeAll, type ObjectiveReport } from "../../../admin/core/objectives/judge.ts";
import type { Objective } from "../../../admin/core/objectives/objective.ts";
import type { ServiceCounts } from "../../../admin/core/telemetry/counts.ts";
import { parseDuration } from "../../../config/duration.ts";
import { SKETCH_EMPTY } from "../../../config/sketch.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function objective(fields: Partial<Objective> = {}): Objective {
  return {
    ...{ service: "web", region: "eu", sli: "availability", targetPpm: 999_000, window: "30d", requestsMin: 100 },
    ...fields,
  };
}

export function counted(fields: Partial<ServiceCounts>): ServiceCounts {
  return { service: "web", region: "eu", cluster: "eu-web", total: 0, bad: 0, latency: SKETCH_EMPTY, ...fields };
}

/** Where windows of these tests end. */
export const AT_MS = 1_772_355_600_000;

export function over(...counts: readonly ServiceCounts[]): CountedWindow {
  return { atMs: AT_MS, counts };
}

/** Of a million requests in each window that is named; those that are not named are like the longest. */
export type Ratios = Readonly<Record<string, number>>;

export function reportOf(
  ratios: Ratios,
  fields: Partial<Objective> = {},
  totals: Readonly<Record<string, number>> = {},
): ObjectiveReport {
  const promised = objective(fields);
  const byWindow = new Map(Object.entries(ratios).map(([window, ratio]) => [parseDuration(window) ?? 0, ratio]));
  const totalsByWindow = new Map(Object.entries(totals).map(([window, total]) => [parseDuration(window) ?? 0, total]));
  const [report] = judgeAll([promised], (windowMs) => {
    const total = totalsByWindow.get(windowMs) ?? 1_000_000;
    const bad = Math.round(total * (byWindow.get(windowMs) ?? 0));
    const { service, region } = promised;
    return total === 0 ? over() : over(counted({ service, region, cluster: `${region}-web`, total, bad }));
  });
  if (report === undefined) throw new Error("one objective has one report");
  return report;
}

/** The same ratio in every window. */
export function steady(ratio: number): Ratios {
  return Object.fromEntries(RULE_WINDOWS_MS.map((windowMs) => [`${windowMs}ms`, ratio]));
}
