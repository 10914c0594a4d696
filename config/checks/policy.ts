/**
 * A Policy means something: each of its rules can hold and can fail, its canary is somewhere, its times can be kept.
 * Names are looked up in `references.ts` and compared in `names.ts`; that there is one Policy at most is in `limits.ts`.
 */
import type { PolicyDocument } from "../documents.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import type { Finding, FindingPath } from "../findings.ts";
import {
  DRIFT_AGE_MS_MAX,
  DRIFT_AGE_MS_MIN,
  PUBLISHING_HOLD_MS_MAX,
  PUBLISHING_HOLD_MS_MIN,
  SAFETY_WAIT_MS_MAX,
  SECRET_AGE_MS_MAX,
  SECRET_AGE_MS_MIN,
} from "../limits.ts";
import { compareText } from "../order.ts";
import { findingAt, type Problem } from "../placed.ts";
import type { GatingRule, Requirement } from "../policy.ts";
import { describeRequirement, isMet } from "../requirement.ts";
import { suggest } from "../suggest.ts";
import type { CheckInput } from "./check.ts";
import { listOf } from "./control-lists.ts";

export function checkPolicyRules({ policies }: CheckInput): readonly Finding[] {
  return policies.flatMap((policy) => ruleProblems(policy.document).map((problem) => findingAt(policy, problem)));
}

function ruleProblems({ spec }: PolicyDocument): readonly Problem[] {
  const { assertions = [], gates = [] } = spec.safety ?? {};
  return [
    ...assertions.flatMap((rule, index) => {
      const path = ["spec", "safety", "assertions", index];
      return requirementProblems(rule, { path, of: listOf(rule.controls, []).names.length, effect: ASSERTION });
    }),
    ...gates.flatMap((rule, index) => {
      const path = ["spec", "safety", "gates", index];
      const problems = requirementProblems(rule, { path, of: listOf(rule.gate, []).names.length, effect: GATE });
      return [...problems, ...lockedGate(rule, path)];
    }),
  ];
}

const ASSERTION = "every change of these controls would be refused";
const GATE = "its targets could never be changed";

type RuleContext = { readonly path: FindingPath; readonly of: number; readonly effect: string };

function requirementProblems(rule: Requirement, { path, of, effect }: RuleContext): readonly Problem[] {
  const at = [...path, "atLeast"];
  if (rule.require === "ATLEAST" && rule.atLeast === undefined) {
    const message = `"ATLEAST" counts, and nothing says how many: give "atLeast" ${usefulNumber(of)}`;
    return [{ code: "policy.atLeast", path: at, message }];
  }
  if (rule.require !== "ATLEAST" && rule.atLeast !== undefined) {
    const message = `"${rule.require}" does not count, so "atLeast" has no effect: leave it out, or require ATLEAST`;
    return [{ code: "policy.atLeast", path: at, message }];
  }
  // Only a number that none of the lists can reach, or all of them do, makes a rule that is always the same.
  const fails = !isMet(rule, { on: 0, of }) || !isMet(rule, { on: of, of });
  const holds = isMet(rule, { on: 0, of }) || isMet(rule, { on: of, of });
  if (fails && holds) return [];
  const what = `this asks for ${describeRequirement(rule, of)}`;
  const fix = `give "atLeast" ${usefulNumber(of)}`;
  if (fails) return [{ code: "policy.neverHolds", path: at, message: `${what}, which is never so: ${effect}; ${fix}` }];
  const message = `${what}, which is always so: the rule protects nothing; ${fix}`;
  return [{ code: "policy.alwaysHolds", severity: "warning", path: at, message }];
}

function usefulNumber(of: number): string {
  return of === 1 ? "the number 1" : `a number from 1 to ${of}`;
}

function lockedGate({ gate, targets }: GatingRule, path: FindingPath): readonly Problem[] {
  const own = listOf(gate, []);
  const locked = listOf(targets, [...path, "targets"]);
  if (own.kind !== locked.kind) return [];
  return locked.names.flatMap((name, index): Problem[] => {
    if (!own.names.includes(name)) return [];
    const message = `"${name}" is part of the gate too: once the gate is closed only an override opens it again`;
    return [{ code: "policy.gateLocked", severity: "warning", path: [...locked.path, index], message }];
  });
}

/** Nobody asks the beacon of a vantage that no region has, so nobody would try the new revision. */
export function checkCanaryVantage({ policies, regions, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const vantages = new Set<string>(regions.map(({ document }) => document.spec.vantage));
  return policies.flatMap((policy) => {
    const vantage = policy.document.spec.publishing?.canaryVantage;
    if (vantage === undefined || vantages.has(vantage)) return [];
    const known = [...vantages].sort(compareText);
    const message = `no region has the vantage "${vantage}", so nobody would try a new revision: use ${known.join(" or ")}`;
    const path = ["spec", "publishing", "canaryVantage"];
    return [findingAt(policy, { code: "policy.vantage", path, message, didYouMean: suggest(vantage, known) })];
  });
}

export function checkPolicyTimes({ policies }: CheckInput): readonly Finding[] {
  return policies.flatMap((policy) => timeProblems(policy.document).map((problem) => findingAt(policy, problem)));
}

function timeProblems({ spec: { safety, publishing, drift, secrets } }: PolicyDocument): readonly Problem[] {
  const waits = [
    { path: ["spec", "safety", "waitSame"], wait: safety?.waitSame },
    { path: ["spec", "safety", "waitOpposite"], wait: safety?.waitOpposite },
    ...(safety?.assertions ?? []).map(({ wait }, index) => ({
      path: ["spec", "safety", "assertions", index, "wait"],
      wait,
    })),
  ];
  const tooLong = waits
    .filter(({ wait }) => (read(wait) ?? 0) > SAFETY_WAIT_MS_MAX)
    .map(({ path }): Problem => {
      const message = `changes are remembered for ${formatDuration(SAFETY_WAIT_MS_MAX)}, so no wait is longer`;
      return { code: "policy.range", path, message };
    });
  return [
    ...tooLong,
    ...outside(publishing?.hold, {
      ...{ minMs: PUBLISHING_HOLD_MS_MIN, maxMs: PUBLISHING_HOLD_MS_MAX },
      ...{ path: ["spec", "publishing", "hold"], sentence: "a new revision is tried for" },
    }),
    ...outside(drift?.maxAge, {
      ...{ minMs: DRIFT_AGE_MS_MIN, maxMs: DRIFT_AGE_MS_MAX },
      ...{ path: ["spec", "drift", "maxAge"], sentence: "a difference opens an incident after" },
    }),
    ...outside(secrets?.maxAge, {
      ...{ minMs: SECRET_AGE_MS_MIN, maxMs: SECRET_AGE_MS_MAX },
      ...{ path: ["spec", "secrets", "maxAge"], sentence: "a secret is used for" },
    }),
  ];
}

type Range = {
  readonly minMs: number;
  readonly maxMs: number;
  readonly path: FindingPath;
  readonly sentence: string;
};

function outside(duration: string | undefined, { minMs, maxMs, path, sentence }: Range): readonly Problem[] {
  const ms = read(duration);
  if (ms === undefined || (ms >= minMs && ms <= maxMs)) return [];
  const message = `${sentence} ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return [{ code: "policy.range", path, message }];
}

/** `off`, which is no duration, has none. */
function read(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}
