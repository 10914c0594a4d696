/**
 * When a rule about switches holds: the rule types of AWS Route 53 ARC (`RuleConfig` of its recovery control
 * configuration API). `ATLEAST` counts, `AND` wants all on, `OR` at least one; `inverted` negates the outcome.
 */
import { unreachable } from "./invariant.ts";
import type { Requirement } from "./policy.ts";

/** Switches that are on, of so many; the checks see to it that there is at least one. */
export type SwitchCount = { readonly on: number; readonly of: number };

export function isMet(requirement: Requirement, count: SwitchCount): boolean {
  const met = count.on >= leastOn(requirement, count.of);
  return requirement.inverted === true ? !met : met;
}

/** How many switches are missing, or too many when it is inverted; 0 when it is met. */
export function distanceTo(requirement: Requirement, { on, of }: SwitchCount): number {
  if (isMet(requirement, { on, of })) return 0;
  const least = leastOn(requirement, of);
  return requirement.inverted === true ? on - least + 1 : least - on;
}

/** As the object of a sentence: `at least 2 of 3 on`, `not all 3 on`. */
export function describeRequirement({ require, atLeast = 0, inverted }: Requirement, of: number): string {
  const negated = inverted === true;
  switch (require) {
    case "ATLEAST":
      return negated ? `fewer than ${atLeast} of ${of} on` : `at least ${atLeast} of ${of} on`;
    case "AND":
      return negated ? `not all ${of} on` : `all ${of} on`;
    case "OR":
      return negated ? `none of ${of} on` : `at least 1 of ${of} on`;
    default:
      return unreachable(require);
  }
}

/** An `ATLEAST` without its number is refused when documents are read. */
function leastOn({ require, atLeast = 0 }: Requirement, of: number): number {
  switch (require) {
    case "ATLEAST":
      return atLeast;
    case "AND":
      return of;
    case "OR":
      return 1;
    default:
      return unreachable(require);
  }
}
