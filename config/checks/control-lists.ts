/** The lists of names in a Policy, with the kind of thing that each is a name of and the place where it is written. */
import type { PolicyDocument } from "../documents.ts";
import type { FindingPath } from "../findings.ts";
import type { GateTargets } from "../policy.ts";

export type ControlList = {
  readonly kind: "Region" | "Cluster" | "Flag" | "Route";
  readonly names: readonly string[];
  readonly path: FindingPath;
};

export function controlLists({ spec }: PolicyDocument): readonly ControlList[] {
  const { assertions = [], gates = [] } = spec.safety ?? {};
  return [
    ...assertions.map(({ controls }, index) => listOf(controls, ["spec", "safety", "assertions", index, "controls"])),
    ...gates.flatMap(({ gate, targets }, index) => [
      listOf(gate, ["spec", "safety", "gates", index, "gate"]),
      listOf(targets, ["spec", "safety", "gates", index, "targets"]),
    ]),
  ];
}

export function listOf(controls: GateTargets, path: FindingPath): ControlList {
  if ("regions" in controls) return { kind: "Region", names: controls.regions, path: [...path, "regions"] };
  if ("clusters" in controls) return { kind: "Cluster", names: controls.clusters, path: [...path, "clusters"] };
  if ("flags" in controls) return { kind: "Flag", names: controls.flags, path: [...path, "flags"] };
  return { kind: "Route", names: controls.routes, path: [...path, "routes"] };
}
