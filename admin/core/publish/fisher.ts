/**
 * Fisher's exact test, one-sided: how likely it is by chance alone that so many of the errors fell on this side, given
 * how many there were on both (hypergeometric distribution). Exact with few errors and with none on one side, which is
 * where tests that go by the normal distribution see things.
 */
import { invariant } from "../../../config/invariant.ts";

export type Proportion = { readonly errors: number; readonly total: number };

/** P(at least `observed.errors` errors on that side | all margins), 0 to 1. Errors must not exceed totals. */
export function fisherGreater(observed: Proportion, baseline: Proportion): number {
  invariant(isProportion(observed) && isProportion(baseline), "between none and all are errors");
  const errors = observed.errors + baseline.errors;
  const errorsMax = Math.min(observed.total, errors);
  const all = logChoose(observed.total + baseline.total, errors);
  let term = Math.exp(logChoose(observed.total, observed.errors) + logChoose(baseline.total, baseline.errors) - all);
  let sum = term;
  // From one table to the next one more extreme, until they no longer count. Above the mean each is smaller than the
  // one before; below it they rise first, so the sum has to be past a half before the rest can be left out.
  for (let x = observed.errors; x < errorsMax; x += 1) {
    const left = errors - x;
    term *= ((observed.total - x) * left) / ((x + 1) * (baseline.total - left + 1));
    sum += term;
    if (term < sum * 1e-12 && isAboveMean(x, errors, observed, baseline)) break;
  }
  return Math.min(1, sum);
}

function isProportion({ errors, total }: Proportion): boolean {
  return Number.isSafeInteger(errors) && Number.isSafeInteger(total) && errors >= 0 && errors <= total;
}

function isAboveMean(x: number, errors: number, observed: Proportion, baseline: Proportion): boolean {
  return x * (observed.total + baseline.total) >= errors * observed.total;
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const SMALL_LOG_FACTORIALS: readonly number[] = Array.from({ length: 64 }, (_, n) => {
  let sum = 0;
  for (let i = 2; i <= n; i += 1) sum += Math.log(i);
  return sum;
});

/** Summed below 64, and Stirling's series above, whose next term is below 1e-12 there. */
function logFactorial(n: number): number {
  const small = SMALL_LOG_FACTORIALS[n];
  if (small !== undefined) return small;
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}
