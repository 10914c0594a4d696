/**
 * The fleet that the control plane is measured with: the bench's own, and a Policy without the rules that keep people
 * from changing the same thing all the time. The other rules are asked as ever. Also what is changed: each rule's weights
 * go to and fro, and never to what is declared, so that every rule keeps a live shift.
 */
import { DEFAULT_RULE } from "../../../config/documents/route.ts";
import { invariant } from "../../../config/invariant.ts";
import { benchFleet, document, fleetDocuments } from "../fleet.ts";

export type Shift = {
  readonly route: string;
  readonly rule: string;
  readonly weights: Readonly<Record<string, number>>;
};

/** Of the region that rises and falls, at the middle, and how far it gets from there. No rule of the fleet declares any. */
const WEIGHT = 60;
const SWING = 20;

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

/**
 * Endless: the n-th is of the n-th rule, round and round, each time up or down to other weights than the times before. So
 * two that overtake each other on the way still both change something.
 */
export function shiftsOf(rules: readonly Pick<Shift, "route" | "rule">[]): () => Shift {
  let made = 0;
  return () => {
    const changed = rules[made % rules.length];
    invariant(changed !== undefined, "the fleet has rules with weights");
    const turn = Math.floor(made / rules.length);
    made += 1;
    const swing = 1 + (Math.floor(turn / 2) % SWING);
    return { ...changed, weights: { "eu-west": turn % 2 === 0 ? WEIGHT + swing : WEIGHT - swing, "us-east": 40 } };
  };
}
