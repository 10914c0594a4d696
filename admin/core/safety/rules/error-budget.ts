/**
 * Once the error budget of a service in a region is spent, what is there is left as it is but for what brings it back:
 * rollbacks, drains, and weights that take traffic away from it (`binding.ts` has the first two). A fix that is none of
 * these is let through by an override that names this rule, on the record. Only where the Policy states it.
 */
import { TELEMETRY_NONE } from "../../../../config/telemetry.ts";
import type { BudgetState } from "../../objectives/budget-state.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff } from "./verdicts.ts";

const RULE = "errorBudget";

type Change = Pick<ExaminedChange, "touched" | "controls" | "budgets" | "before" | "after">;

export function errorBudget(change: Change, { errorBudgetMinPercent: minPercent }: ResolvedSafety): Verdict {
  if (minPercent === undefined) return switchedOff(RULE);
  const { budgets } = change;
  if (budgets === undefined) return notEvaluated(RULE, "What is left of error budgets cannot be read at the moment.");
  const concerned = budgets.filter((budget) => isConcerned(budget, change));
  const known = concerned.filter(({ remainingPpm }) => remainingPpm !== undefined);
  if (known.length === 0) return notEvaluated(RULE, "Of what the change is on no error budget is known.");
  const spent = known.filter(({ remainingPpm = 0 }) => remainingPpm <= minPercent * PPM_OF_PERCENT);
  const numbers = { minPercent, budgets: spent.map(({ service, region, sli }) => `${service}/${region}/${sli}`) };
  if (spent.length === 0)
    return pass(RULE, `More than ${minPercent}% is left of the ${known.length} error budgets of it.`, numbers);
  const sentences = spent.map(
    (budget) =>
      `${leftOf(budget)} of the error budget of ${budget.service} in ${budget.region} (${budget.sli}) is left, and more than ${minPercent}% must be: until then only rollbacks, drains and what takes traffic away pass, and fixes with an override of ${RULE}.`,
  );
  return deny(RULE, firstOf(sentences), numbers);
}

const PPM_OF_PERCENT = 10_000;

function leftOf({ remainingPpm = 0 }: BudgetState): string {
  return `${Math.max(0, Math.round(remainingPpm / PPM_OF_PERCENT))}%`;
}

function isConcerned({ service, region }: BudgetState, change: Change): boolean {
  if (region === TELEMETRY_NONE) return false;
  const { things } = change.touched;
  if (things.has(`service/${service}`)) return true;
  if (touchesClusters(service, region, change)) return true;
  return risesIn(region, routesOf(service, change), change);
}

function touchesClusters(service: string, region: string, { touched, before, after }: Change): boolean {
  return [before, after].some(({ fleet }) =>
    fleet.clusters.some(
      ({ metadata, spec }) =>
        spec.service === service && spec.region === region && touched.things.has(`cluster/${metadata.name}`),
    ),
  );
}

function routesOf(service: string, { before, after }: Change): ReadonlySet<string> {
  const routes = [...before.fleet.routes, ...after.fleet.routes].filter(({ spec }) => spec.service === service);
  return new Set(routes.map(({ metadata }) => metadata.name));
}

/** Whether some rule of one of the routes sends more there than before. */
function risesIn(region: string, routes: ReadonlySet<string>, { controls }: Change): boolean {
  return controls.some(
    ({ control, deltasBps }) => routes.has(control.split("/")[1] ?? "") && (deltasBps[region] ?? 0) > 0,
  );
}
