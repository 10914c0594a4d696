/** Clusters of one service that have the secret `db`, declared at `v1`, and what they report of it, for tables. */
import { type Declared, declaredOf } from "../../../admin/core/drift/declared.ts";
import type { Statuses } from "../../../admin/core/status/statuses.ts";
import { ClusterStatus } from "../../../config/cluster-status.ts";
import type { Json } from "../safety/world.ts";
import { cluster, policy, stateOf, worldBut } from "../safety/world.ts";

const SECRETS = [{ name: "db", version: "v1" }];

/** `eu-web`, `us-web` and `ap-web` with the secret. `spec`: what one of them has besides. */
export function secretWorld(spec: Readonly<Record<string, object>> = {}, ...more: readonly Json[]): readonly Json[] {
  const clusters = ["eu", "us", "ap"].map((region) =>
    cluster(`${region}-web`, { region, reports: { secrets: SECRETS }, ...spec[`${region}-web`] }),
  );
  return worldBut(...clusters, ...more);
}

export function declaredWith(overlays: readonly Json[] = [], documents: readonly Json[] = secretWorld()): Declared {
  const { fleet, overlays: live } = stateOf(documents, overlays);
  return declaredOf(fleet, live);
}

export const SECRETS_POLICY = policy({ secrets: { maxAge: "10d" } });

/**
 * Reports in the words of a table: `v1 v2*` can read both and uses the second, `v1` has no other, `none` has none, `-`
 * does not report, `?` reports and says nothing of secrets.
 */
export function statusesOf(reports: Readonly<Record<string, string>>): Statuses {
  return new Map(
    Object.entries(reports).flatMap(([name, text]): [string, ClusterStatus][] => {
      if (text === "-") return [];
      const status = { cluster: name, atMs: 1, ...(text === "?" ? {} : { secrets: secretsOf(text) }) };
      return [[name, ClusterStatus.parse(status)]];
    }),
  );
}

function secretsOf(text: string): readonly object[] {
  if (text === "none") return [];
  const words = text.split(" ");
  const active = words.find((word) => word.endsWith("*"))?.slice(0, -1);
  const versions = words.map((word) => word.replace("*", ""));
  return [{ name: "db", versions, ...(active === undefined ? {} : { active }) }];
}
