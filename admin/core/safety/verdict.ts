/**
 * What a safety rule says about a change: one closed shape for all of them, with the numbers behind the answer. Plans
 * show every verdict, audit leaves keep them, refusals are made of those that deny.
 */

/**
 * `deny` refuses the change; `overridden` would have, had nobody broken the glass; `warn` is told and does not refuse;
 * `approve` asks for a second person; `notEvaluated` says that the rule is off, does not concern this change, or has no
 * data to go by.
 */
export type RuleOutcome = "pass" | "warn" | "approve" | "deny" | "overridden" | "notEvaluated";

export type Verdict = {
  /** Stable: `stepMax`, `capacity`, `assertion/<name>`, `gate/<name>`. */
  readonly rule: string;
  readonly outcome: RuleOutcome;
  /** For people: what holds or does not, with the numbers in it. */
  readonly sentence: string;
  /** For programs: the same numbers and names. */
  readonly numbers: Readonly<Record<string, number | string | readonly string[]>>;
  /** When the answer would be another one without any change of the state: a wait that ends. */
  readonly retryAfterMs?: number;
};

export function denials(verdicts: readonly Verdict[]): readonly Verdict[] {
  return verdicts.filter(({ outcome }) => outcome === "deny");
}
