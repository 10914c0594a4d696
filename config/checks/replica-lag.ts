/** How much lag a service or a route tolerates: no less than an edge can know of, no more than clusters report. */
import type { ReplicaLag } from "../documents/service.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import type { Finding } from "../findings.ts";
import { REPLICA_LAG_MS_MAX, REPLICA_LAG_MS_MIN } from "../limits.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";

const MESSAGE = `a tolerated lag is ${formatDuration(REPLICA_LAG_MS_MIN)} to ${formatDuration(REPLICA_LAG_MS_MAX)}`;

export function checkReplicaLag({ services, routes }: CheckInput): readonly Finding[] {
  return [...services, ...routes].flatMap((stating) =>
    (["reads", "writes"] as const).flatMap((kind) => {
      if (isInRange(stating.document.spec.replicaLag?.[kind])) return [];
      return [findingAt(stating, { code: "replicaLag.range", path: ["spec", "replicaLag", kind], message: MESSAGE })];
    }),
  );
}

function isInRange(tolerated: ReplicaLag["reads"]): boolean {
  const ms = tolerated === undefined ? undefined : parseDuration(tolerated);
  return ms === undefined || (ms >= REPLICA_LAG_MS_MIN && ms <= REPLICA_LAG_MS_MAX);
}
