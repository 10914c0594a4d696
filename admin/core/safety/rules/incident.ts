/**
 * While a serious incident is open, nothing is changed but what ends it: what makes things safer, and what undoes
 * something (`binding.ts`). Freezes and overrides are no changes of what is served.
 */
import { sortedBy } from "../../../../config/order.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf } from "../words.ts";
import { deny, notEvaluated, pass } from "./verdicts.ts";

const RULE = "incident";

/** 1 and 2: users are hurt, or about to be. What is left of 3 is paperwork. */
const SERIOUS_SEVERITY_MAX = 2;

export function incident({ incidents, touched }: ExaminedChange): Verdict {
  const serious = incidents.filter(({ severity }) => severity <= SERIOUS_SEVERITY_MAX);
  if (!touched.any) return notEvaluated(RULE, "The change is on nothing that is served.");
  if (serious.length === 0)
    return pass(RULE, "No incident of severity 1 or 2 is open.", { open: incidents.length, serious: 0 });
  const worstFirst = sortedBy(serious, ({ severity, id }) => `${severity}/${id}`);
  const sentences = worstFirst.map(
    ({ id, severity, title }) =>
      `The incident ${id} (${title}) of severity ${severity} is open: until it is closed only drains and rollbacks pass.`,
  );
  const numbers = { open: incidents.length, serious: serious.length, incidents: worstFirst.map(({ id }) => id) };
  return deny(RULE, firstOf(sentences), numbers);
}
