/**
 * What must hold between the parts of a fleet: the list of all rules. Each is a function of its own, reads the fleet
 * and says what it finds; none depends on another, and all of them run.
 */
import type { Check, CheckInput } from "./checks/check.ts";
import { checkReferences } from "./checks/references.ts";
import type { Finding } from "./findings.ts";

export const CHECKS: readonly Check[] = [checkReferences];

export function runChecks(input: CheckInput): readonly Finding[] {
  return CHECKS.flatMap((check) => check(input));
}
