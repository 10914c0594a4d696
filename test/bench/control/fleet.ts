/**
 * The fleet that the control plane is measured with: the bench's own, and a Policy without the rules that keep people
 * from changing the same thing all the time. The other rules are asked as ever. Also what is changed: each rule's weights
 * go to and fro between two values, neither of them the declared one, so that every rule keeps a live shift.
 */
import { DEFAULT_RULE } from "../../../config/documents.ts";
import { benchFleet, document, fleetDocuments } from "../fleet.ts";

export type Shift = {
  readonly route: string;
  readonly rule: string;
  readonly weights: Readonly<Record<string, number>>;
};

/** And these with more for one region. No rule of the fleet declares either. */
const WEIGHTS = { "eu-west": 60, "us-east": 40 } as const;
const RAISED = 10;

export function controlDocuments(clusters: number): readonly unknown[] {
  const off = { stepMaxBps: "off", shiftPerHourMaxBps: "off", midChange: "off", waitSame: "off", waitOpposite: "off" };
  return [...fleetDocuments(clusters, "services"), document("Policy", "bench", { safety: off })];
}

/** Every rule of the fleet that has weights, as `<route>` and `<rule>`. */
export function weighedRules(clusters: number): readonly Pick<Shift, "route" | "rule">[] {
  return benchFleet(clusters, "services").fleet.routes.flatMap(({ metadata: { name: route }, spec }) => [
    ...(spec.steering ?? []).map(({ name: rule }) => ({ route, rule })),
    ...("weights" in spec.default ? [{ route, rule: DEFAULT_RULE }] : []),
  ]);
}

/** Endless: the n-th is of the n-th rule, round and round, and never what that rule has already. */
export function shiftsOf(rules: readonly Pick<Shift, "route" | "rule">[]): () => Shift {
  let made = 0;
  return () => {
    const { route, rule } = rules[made % rules.length] ?? { route: "", rule: "" };
    const raised = Math.floor(made / rules.length) % 2 === 0;
    made += 1;
    const weights = raised ? { ...WEIGHTS, "eu-west": WEIGHTS["eu-west"] + RAISED } : WEIGHTS;
    return { route, rule, weights };
  };
}
