/** No region's share of one rule rises by more than a step in one change. How far it falls does not matter: others rise. */
import type { ControlChange } from "../control-change.ts";
import { ruleOfControl } from "../control-changes.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf, percent } from "../words.ts";
import { deny, notEvaluated, pass, switchedOff } from "./verdicts.ts";

const RULE = "stepMax";

export function stepMax({ controls }: ExaminedChange, { stepMaxBps }: ResolvedSafety): Verdict {
  if (stepMaxBps === undefined) return switchedOff(RULE);
  const rises = controls.flatMap(largestRise);
  if (rises.length === 0) return notEvaluated(RULE, "The change shifts no weights.");
  const largest = rises.reduce((most, rise) => (rise.bps > most.bps ? rise : most));
  const numbers = { rule: largest.rule, region: largest.region, stepBps: largest.bps, stepMaxBps };
  const tooLarge = rises.filter(({ bps }) => bps > stepMaxBps);
  const most = `${percent(stepMaxBps)} is the most in one step`;
  if (tooLarge.length === 0) return pass(RULE, `${describe(largest)}; ${most}.`, numbers);
  return deny(RULE, firstOf(tooLarge.map((rise) => `${describe(rise)}; ${most}.`)), numbers);
}

type Rise = { readonly rule: string; readonly region: string; readonly bps: number };

/** Of regions that rise by the same, the first by name. */
function largestRise({ control, deltasBps }: ControlChange): readonly Rise[] {
  const rises = Object.entries(deltasBps).filter(([, bps]) => bps > 0);
  const [first, ...rest] = rises;
  if (first === undefined) return [];
  const [region, bps] = rest.reduce((most, rise) => (rise[1] > most[1] ? rise : most), first);
  return [{ rule: ruleOfControl(control), region, bps }];
}

function describe({ rule, region, bps }: Rise): string {
  return `${region} gets ${percent(bps)} more of ${rule}`;
}
