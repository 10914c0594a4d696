/**
 * What the report of one region says to the alerts of one severity: whether it burns, whether it is about to, and whether
 * what raised an alert is known to be over.
 */
import type { AlertSeverity } from "../../../config/webhook.ts";
import type { AlertRegion } from "./alert.ts";
import { burnRules, burnsFaster, nameOfRule } from "./burn-rules.ts";
import type { ObjectiveReport, RuleVerdict } from "./judge.ts";

export type Reading = {
  readonly region: string;
  readonly report: ObjectiveReport;
  readonly burning: boolean;
  /**
   * It burns or is about to, and does so at this moment: a longer short window still burns when the errors are over, and
   * what is over has nothing to do with what begins.
   */
  readonly acute: boolean;
};

export function readingOf(report: ObjectiveReport, severity: AlertSeverity): Reading {
  const rules = rulesOf(report, severity);
  return {
    region: report.objective.region,
    report,
    burning: rules.some(({ outcome }) => outcome === "burning"),
    acute: isAcute(report, rules),
  };
}

function isAcute({ objective, windows }: ObjectiveReport, rules: readonly RuleVerdict[]): boolean {
  const recentMs = Math.min(...rules.map(({ rule }) => rule.shortMs));
  const recent = windows.find(({ windowMs }) => windowMs === recentMs);
  if (recent === undefined) return false;
  return rules.some(
    ({ rule, outcome }) =>
      (outcome === "burning" || outcome === "rising") && burnsFaster(recent, rule.burnRate, objective.targetPpm),
  );
}

export type Standing = "burning" | "quiet" | "unknown" | "removed";

/** Of a region that is in an alert. It is quiet only when each rule that has held is known not to hold any more. */
export function standingOf(
  { firedBy }: Pick<AlertRegion, "firedBy">,
  report: ObjectiveReport | undefined,
  severity: AlertSeverity,
): Standing {
  if (report === undefined) return "removed";
  const rules = rulesOf(report, severity);
  if (rules.some(({ outcome }) => outcome === "burning")) return "burning";
  const fired = rules.filter(({ rule }) => firedBy.includes(nameOfRule(rule)));
  return fired.every(({ outcome }) => outcome === "quiet" || outcome === "rising") ? "quiet" : "unknown";
}

function rulesOf({ rules }: ObjectiveReport, severity: AlertSeverity): readonly RuleVerdict[] {
  return rules.filter(({ rule }) => rule.severity === severity);
}

/** After so long without knowing, everything that raised the alert has left the windows of its rules. */
export function forgottenAfterMs({ objective, firedBy }: Pick<AlertRegion, "objective" | "firedBy">): number {
  const fired = burnRules(objective.window).filter((rule) => firedBy.includes(nameOfRule(rule)));
  return Math.max(0, ...fired.map(({ longMs }) => longMs));
}
