/**
 * An alert: what burns where, since when, and how far people have been told. Plain data that is kept and sent; how it
 * comes and goes is `review.ts`.
 */
import type { AlertSeverity } from "../../../config/webhook.ts";
import { nameOfRule } from "./burn-rules.ts";
import type { ObjectiveReport, RuleVerdict, WindowFigures } from "./judge.ts";
import type { Objective, Sli } from "./objective.ts";

/** Why it is over. `grouped`: it is part of an alert that covers several regions. `removed`: nothing is promised any more. */
export type AlertEnd = "recovered" | "noData" | "removed" | "grouped";

/** What a rule saw when it held last. */
export type Burn = {
  /** `page 1h/5m`. */
  readonly rule: string;
  /** How many times as fast as the objective allows the rule lets pass. */
  readonly burnRateMax: number;
  readonly long: WindowFigures;
  readonly short: WindowFigures;
};

export type AlertRegion = {
  /** `none`: what edges had to answer themselves. */
  readonly region: string;
  readonly objective: Pick<Objective, "targetPpm" | "thresholdMs" | "window">;
  readonly burns: readonly Burn[];
  /** Every rule that has held since the alert began: it is over when all of them are known not to. */
  readonly firedBy: readonly string[];
  readonly cluster?: string;
};

export type Acknowledgement = { readonly by: string; readonly atMs: number; readonly reason: string };

export type Alert = {
  /** Safe in a path, and of one alert only: `page.web.eu-west.availability.1772355600000`. */
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly service: string;
  readonly sli: Sli;
  /** `global`: several regions at once, or none at all. */
  readonly scope: "regional" | "global";
  readonly regions: readonly AlertRegion[];
  /** `pending`: it waits a moment for others of the same cause; nobody has been told. */
  readonly state: "pending" | "firing" | "resolved";
  readonly sinceMs: number;
  readonly firedAtMs?: number;
  /** Since when nothing burns; it is resolved when that lasts. */
  readonly clearSinceMs?: number;
  /** When it was last known whether it burns. */
  readonly knownAtMs: number;
  readonly resolvedAtMs?: number;
  readonly because?: AlertEnd;
  readonly acknowledged?: Acknowledgement;
};

/** Alerts of one group are about the same promise of the same service, and equally grave. */
export type AlertGroup = Pick<Alert, "severity" | "service" | "sli">;

export function groupOf({ severity, service, sli }: AlertGroup): string {
  return `${severity}.${service}.${sli}`;
}

export function alertId(
  { severity, service, sli, scope, regions }: AlertGroup & Pick<Alert, "scope" | "regions">,
  sinceMs: number,
): string {
  const where = scope === "global" ? "global" : (regions[0]?.region ?? "none");
  // Names of regions may be `global`; the scope of those is in the alert itself.
  return `${severity}.${service}.${where}.${sli}.${sinceMs}`;
}

/** What a report says now, added to what was known of the region. */
export function alertRegion(
  { objective, rules, cluster }: ObjectiveReport,
  severity: AlertSeverity,
  before?: AlertRegion,
): AlertRegion {
  const { region, targetPpm, thresholdMs, window } = objective;
  const burning = rules.filter(({ rule, outcome }) => rule.severity === severity && outcome === "burning");
  const firedBy = new Set([...(before?.firedBy ?? []), ...burning.map(({ rule }) => nameOfRule(rule))]);
  return {
    region,
    objective: { targetPpm, window, ...(thresholdMs === undefined ? {} : { thresholdMs }) },
    burns: burning.length === 0 ? (before?.burns ?? []) : burning.flatMap(burnOf),
    firedBy: [...firedBy],
    ...(cluster === undefined ? {} : { cluster }),
  };
}

function burnOf({ rule, long, short }: RuleVerdict): readonly Burn[] {
  if (long === undefined || short === undefined) return [];
  return [{ rule: nameOfRule(rule), burnRateMax: rule.burnRate, long, short }];
}
