/** The verdicts that every rule can give, so that they read alike. */
import type { Verdict } from "../verdict.ts";

type Numbers = Verdict["numbers"];

export function pass(rule: string, sentence: string, numbers: Numbers = {}): Verdict {
  return { rule, outcome: "pass", sentence, numbers };
}

export function warn(rule: string, sentence: string, numbers: Numbers): Verdict {
  return { rule, outcome: "warn", sentence, numbers };
}

/** `retryAfterMs`: when the same change would be let through, if nothing else happens. */
export function deny(rule: string, sentence: string, numbers: Numbers, retryAfterMs?: number): Verdict {
  return { rule, outcome: "deny", sentence, numbers, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

export function notEvaluated(rule: string, sentence: string): Verdict {
  return { rule, outcome: "notEvaluated", sentence, numbers: {} };
}

export function switchedOff(rule: string): Verdict {
  return notEvaluated(rule, "The Policy switches this rule off.");
}
