/**
 * One objective against what was counted: what every rule says, how it stands altogether, and what is left of its budget.
 * No data and too few requests are answers of their own and never "ok": a region that answers nobody makes no errors.
 */
import { AlertSeverity } from "../../../config/webhook.ts";
import {
  type BurnRule,
  budgetRemainingPpm,
  burnRateOf,
  burnRules,
  burnsFaster,
  type Errors,
  PERIOD_MS,
  RULE_WINDOWS_MS,
} from "./burn-rules.ts";
import { CountedWindows, type CountsOver, type SliCounts } from "./counts.ts";
import type { Objective } from "./objective.ts";

/** `unknown`: telemetry did not answer. */
export type Lack = "noData" | "tooFewRequests" | "unknown";

export type WindowFigures = Errors & {
  readonly windowMs: number;
  /** Where the window ends; absent in alerts that were kept before this was. */
  readonly atMs?: number;
  /** Both absent without requests. */
  readonly ratio?: number;
  readonly burnRate?: number;
};

export type RuleVerdict = {
  readonly rule: BurnRule;
  readonly long: WindowFigures | undefined;
  readonly short: WindowFigures | undefined;
  /** `rising`: the short window is above the threshold and the long one half of the way there. */
  readonly outcome: "burning" | "rising" | "quiet" | Lack;
};

export type Budget = Errors & {
  readonly windowMs: number;
  /** Where the window ends; absent when telemetry did not answer. */
  readonly atMs?: number;
  readonly state: "left" | "spent" | Lack;
  /** Of the whole, in parts per million; below 0 when more is spent than there was. Only with enough requests. */
  readonly remainingPpm?: number;
};

export type ObjectiveReport = {
  readonly objective: Objective;
  readonly state: "ok" | AlertSeverity | Lack;
  readonly windows: readonly WindowFigures[];
  readonly rules: readonly RuleVerdict[];
  readonly budget: Budget;
  /** The one cluster that most of the errors come from, when errors burn the budget. */
  readonly cluster?: string;
};

export function judgeAll(objectives: readonly Objective[], countsOver: CountsOver): readonly ObjectiveReport[] {
  const counted = new CountedWindows(countsOver);
  return objectives.map((objective) => judge(objective, counted));
}

function judge(objective: Objective, counted: CountedWindows): ObjectiveReport {
  const counts = new Map(RULE_WINDOWS_MS.map((windowMs) => [windowMs, counted.counts(objective, windowMs)]));
  const figures = new Map(
    [...counts].flatMap(([windowMs, errors]): [number, WindowFigures][] =>
      errors === undefined ? [] : [[windowMs, figuresOf(windowMs, errors, objective)]],
    ),
  );
  const rules = burnRules(objective.window).map((rule) => verdictOf(rule, figures, objective));
  const burning = rules.find(({ outcome }) => outcome === "burning");
  const cluster = burning === undefined ? undefined : culpritOf(counts.get(burning.rule.shortMs));
  return {
    objective,
    state: stateOf(rules),
    windows: [...figures.values()],
    rules,
    budget: budgetOf(objective, counted.counts(objective, PERIOD_MS[objective.window])),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

function figuresOf(windowMs: number, { total, bad, atMs }: SliCounts, { targetPpm }: Objective): WindowFigures {
  const burnRate = burnRateOf({ total, bad }, targetPpm);
  return { windowMs, atMs, total, bad, ...(burnRate === undefined ? {} : { ratio: bad / total, burnRate }) };
}

/** `rising` is half of the way to the threshold: what fails together does not cross it in the same second. */
const RISING_PART = 0.5;

/** Fewer failed requests than this nobody gets up for, however few there were in all. */
const ERRORS_MIN = 5;

function verdictOf(
  rule: BurnRule,
  figures: ReadonlyMap<number, WindowFigures>,
  { targetPpm, requestsMin }: Objective,
): RuleVerdict {
  const [long, short] = [figures.get(rule.longMs), figures.get(rule.shortMs)];
  const lack = lackOf(long, requestsMin) ?? lackOf(short, Math.ceil((requestsMin * rule.shortMs) / rule.longMs));
  if (lack !== undefined || long === undefined || short === undefined)
    return { rule, long, short, outcome: lack ?? "unknown" };
  if (long.bad < ERRORS_MIN) return { rule, long, short, outcome: "quiet" };
  const over = (errors: Errors, part: number) => burnsFaster(errors, rule.burnRate * part, targetPpm);
  if (!over(short, 1) || !over(long, RISING_PART)) return { rule, long, short, outcome: "quiet" };
  return { rule, long, short, outcome: over(long, 1) ? "burning" : "rising" };
}

/** Undefined when there is enough to go by. */
function lackOf(errors: Errors | undefined, requestsMin: number): Lack | undefined {
  if (errors === undefined) return "unknown";
  if (errors.total === 0) return "noData";
  return errors.total < requestsMin ? "tooFewRequests" : undefined;
}

/** The worst that burns. When nothing does, the fastest rule must know that: slow ones would notice only after hours. */
function stateOf(rules: readonly RuleVerdict[]): ObjectiveReport["state"] {
  const burning = rules.filter(({ outcome }) => outcome === "burning").map(({ rule }) => rule.severity);
  const worst = AlertSeverity.options.find((severity) => burning.includes(severity));
  if (worst !== undefined) return worst;
  const outcome = rules[0]?.outcome;
  return outcome === "quiet" || outcome === "rising" ? "ok" : (lackIn(outcome) ?? "unknown");
}

function lackIn(outcome: RuleVerdict["outcome"] | undefined): Lack | undefined {
  return outcome === "noData" || outcome === "tooFewRequests" ? outcome : undefined;
}

function budgetOf({ window, targetPpm, requestsMin }: Objective, errors: SliCounts | undefined): Budget {
  const windowMs = PERIOD_MS[window];
  const { total, bad } = errors ?? { total: 0, bad: 0 };
  const lack = lackOf(errors, requestsMin);
  const remainingPpm = budgetRemainingPpm({ total, bad }, targetPpm);
  const counted = { windowMs, ...(errors === undefined ? {} : { atMs: errors.atMs }), total, bad };
  if (lack !== undefined || remainingPpm === undefined) return { ...counted, state: lack ?? "noData" };
  return { ...counted, state: remainingPpm > 0 ? "left" : "spent", remainingPpm };
}

/** Four of five errors: with less, whoever is called would look in the wrong place first. */
const CULPRIT_PART = 0.8;

function culpritOf(counts: SliCounts | undefined): string | undefined {
  if (counts === undefined) return undefined;
  return counts.clusters.find(({ bad }) => bad > 0 && bad >= counts.bad * CULPRIT_PART)?.cluster;
}
