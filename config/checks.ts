/**
 * What must hold between the parts of a fleet: the list of all rules. Each is a function of its own, reads the fleet
 * and says what it finds; none depends on another, and all of them run.
 */
import type { Check, CheckInput } from "./checks/check.ts";
import {
  checkCanaryClusters,
  checkEmptyFleet,
  checkRegionsHaveClusters,
  checkServicesHaveClusters,
  checkServicesHaveRoutes,
  checkSteeredRegionsHaveClusters,
} from "./checks/coverage.ts";
import { checkEndpointLoops, checkEndpoints, checkSharedEndpoints } from "./checks/endpoints.ts";
import { checkFlagContext } from "./checks/flag-context.ts";
import {
  checkEvaluatorsUsed,
  checkFlagLogic,
  checkFlagRegions,
  checkFlagTypes,
  checkFlagUses,
  checkFlagVariants,
} from "./checks/flags.ts";
import { checkFlagsHeader } from "./checks/flags-header.ts";
import { checkHosts } from "./checks/hosts.ts";
import { checkCounts, checkRouteEntries } from "./checks/limits.ts";
import { checkWatermarks } from "./checks/load.ts";
import { checkMirrors } from "./checks/mirrors.ts";
import { checkHealthChecks, checkMonitors, checkProbeBudget } from "./checks/monitors.ts";
import { checkDuplicateNames, checkRepeats, checkRuleNames } from "./checks/names.ts";
import { checkObjectiveRegions, checkObjectives } from "./checks/objectives.ts";
import { checkPaths } from "./checks/paths.ts";
import { checkCanaryVantage, checkPolicyRules, checkPolicyTimes } from "./checks/policy.ts";
import { checkReferences } from "./checks/references.ts";
import { checkReplicaLag } from "./checks/replica-lag.ts";
import {
  checkResidencyReachable,
  checkResidencySatisfied,
  checkResidencyServed,
  checkResidencyUnknownPlace,
} from "./checks/residency.ts";
import { checkRouteTies } from "./checks/route-ties.ts";
import { checkCountries, checkSelectorsSaySomething, checkSteeringReachable } from "./checks/selectors.ts";
import { checkStatusKeys } from "./checks/status-keys.ts";
import { checkAffinity, checkRecovery, checkTimeouts } from "./checks/times.ts";
import { checkDefaultWebhook, checkOwners, checkWebhooks } from "./checks/webhooks.ts";
import { checkRuleWeights, checkSideWeights } from "./checks/weights.ts";
import type { Finding } from "./findings.ts";

const CHECKS: readonly Check[] = [
  checkCounts,
  checkRouteEntries,
  checkDuplicateNames,
  checkRuleNames,
  checkRepeats,
  checkReferences,
  checkRuleWeights,
  checkSideWeights,
  checkSelectorsSaySomething,
  checkSteeringReachable,
  checkCountries,
  checkResidencySatisfied,
  checkResidencyServed,
  checkResidencyUnknownPlace,
  checkResidencyReachable,
  checkHosts,
  checkPaths,
  checkRouteTies,
  checkEndpoints,
  checkSharedEndpoints,
  checkEndpointLoops,
  checkTimeouts,
  checkHealthChecks,
  checkMonitors,
  checkProbeBudget,
  checkAffinity,
  checkRecovery,
  checkWatermarks,
  checkReplicaLag,
  checkMirrors,
  checkStatusKeys,
  checkObjectives,
  checkObjectiveRegions,
  checkWebhooks,
  checkOwners,
  checkDefaultWebhook,
  checkFlagVariants,
  checkFlagTypes,
  checkFlagRegions,
  checkFlagLogic,
  checkFlagUses,
  checkFlagContext,
  checkFlagsHeader,
  checkEvaluatorsUsed,
  checkPolicyRules,
  checkCanaryVantage,
  checkPolicyTimes,
  checkCanaryClusters,
  checkSteeredRegionsHaveClusters,
  checkRegionsHaveClusters,
  checkServicesHaveClusters,
  checkServicesHaveRoutes,
  checkEmptyFleet,
];

export function runChecks(input: CheckInput): readonly Finding[] {
  return CHECKS.flatMap((check) => check(input));
}
