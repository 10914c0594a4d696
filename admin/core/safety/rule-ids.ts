/** The names of the safety rules, as verdicts, overrides and the audit log use them. */
import type { Fleet } from "../../../config/documents.ts";

/** In the order in which they are evaluated and shown. */
export const BUILT_IN_RULES = [
  "acceptingRegions",
  "healthyClusters",
  "capacity",
  "stepMax",
  "shiftPerHour",
  "midChange",
  "waitSame",
  "waitOpposite",
  "freeze",
  "incident",
  "errorBudget",
  "removal",
  "secretPresence",
  "secretUse",
] as const;
export type BuiltInRule = (typeof BUILT_IN_RULES)[number];

/** Every rule that can say something about this fleet: the built-in ones and those of its Policy. */
export function ruleIdsOf({ policy }: Pick<Fleet, "policy">): readonly string[] {
  const { assertions = [], gates = [] } = policy?.spec.safety ?? {};
  return [
    ...BUILT_IN_RULES,
    ...assertions.map(({ name }) => `assertion/${name}`),
    ...gates.map(({ name }) => `gate/${name}`),
  ];
}
