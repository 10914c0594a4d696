/** Each cluster signs its status with a key of its own: who shares one could write the status of the other. */
import type { Finding } from "../findings.ts";
import { groupBy } from "../group.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";

export function checkStatusKeys({ clusters }: CheckInput): readonly Finding[] {
  const keyed = clusters.filter(({ document }) => document.spec.statusKey !== undefined);
  return [...groupBy(keyed, ({ document }) => document.spec.statusKey).values()].flatMap(([first, ...others]) =>
    others.map((cluster) => {
      const message = `cluster "${first?.document.metadata.name}" has this key too: each needs a key of its own`;
      return findingAt(cluster, { code: "statusKey.shared", path: ["spec", "statusKey"], message });
    }),
  );
}
