/** Weights of which something is left to choose from: a sum of 0 sends nobody anywhere. */
import { DEFAULT_RULE, type RegionWeights, type RouteDocument } from "../documents/route.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { groupBy } from "../group.ts";
import { findingAt } from "../placed.ts";
import { type CheckInput, mirroredClusters } from "./check.ts";

export function checkRuleWeights({ routes }: CheckInput): readonly Finding[] {
  return routes.flatMap((route) =>
    weightsOf(route.document).flatMap(({ rule, weights, path }) => {
      if (Object.values(weights).some((weight) => weight > 0)) return [];
      const message = `the weights of "${rule}" sum to 0, so it sends nobody anywhere: give a region a weight above 0`;
      return [findingAt(route, { code: "weights.zero", path, message })];
    }),
  );
}

type RuleWeights = { readonly rule: string; readonly weights: RegionWeights; readonly path: FindingPath };

/** The weights of every steering rule, and of the default where it goes by weights. */
export function weightsOf({ spec }: RouteDocument): readonly RuleWeights[] {
  const rules = (spec.steering ?? []).map(
    ({ name, weights }, index): RuleWeights => ({ rule: name, weights, path: ["spec", "steering", index, "weights"] }),
  );
  if (!("weights" in spec.default)) return rules;
  return [...rules, { rule: DEFAULT_RULE, weights: spec.default.weights, path: ["spec", "default", "weights"] }];
}

/**
 * A side whose clusters all have weight 0 takes nobody, whatever the region's own weight is. One that gets copies is
 * meant to be like that.
 */
export function checkSideWeights({ clusters, routes }: CheckInput): readonly Finding[] {
  const mirrored = mirroredClusters(routes);
  const idle = ({ document: { metadata, spec } }: CheckInput["clusters"][number]) =>
    spec.weight === 0 && !mirrored.has(metadata.name);
  const sides = groupBy(
    clusters,
    ({ document: { spec } }) => `${spec.service}/${spec.region}/${spec.side ?? "stable"}`,
  );
  return [...sides.values()].flatMap((side) => {
    const [first] = side;
    if (first === undefined || !side.every(idle)) return [];
    const { service, region, side: name = "stable" } = first.document.spec;
    const message = `every ${name} cluster of service "${service}" in region "${region}" has weight 0`;
    return [findingAt(first, { code: "weights.zero", severity: "warning", path: ["spec", "weight"], message })];
  });
}
