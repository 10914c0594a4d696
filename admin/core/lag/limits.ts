/** The lag that requests of a service tolerate, by itself and by its routes, and which of that a lag is beyond. */
import { formatDuration } from "../../../config/duration.ts";
import type { Snapshot, SnapshotReplicaLag } from "../../../config/snapshot.ts";
import { listed } from "../safety/words.ts";

export type StatedLimit = { readonly requests: "reads" | "writes"; readonly limitMs: number; readonly route?: string };

/** By service; those that limit nothing are missing. Its own come first, then those of its routes. */
export function limitsByService({
  services,
  routes,
}: Pick<Snapshot, "services" | "routes">): ReadonlyMap<string, readonly StatedLimit[]> {
  const limits = new Map<string, StatedLimit[]>();
  const state = (service: string, stated: readonly StatedLimit[]) => {
    if (stated.length > 0) limits.set(service, [...(limits.get(service) ?? []), ...stated]);
  };
  for (const { name, replicaLag } of services) state(name, limitsIn(replicaLag));
  for (const { name: route, service, replicaLag } of routes)
    state(
      service,
      limitsIn(replicaLag).map((limit) => ({ ...limit, route })),
    );
  return limits;
}

function limitsIn({ readsMs, writesMs }: SnapshotReplicaLag = {}): readonly StatedLimit[] {
  return [
    ...(readsMs === undefined ? [] : [{ requests: "reads", limitMs: readsMs } as const]),
    ...(writesMs === undefined ? [] : [{ requests: "writes", limitMs: writesMs } as const]),
  ];
}

export function exceededBy(ms: number, limits: readonly StatedLimit[]): readonly StatedLimit[] {
  return limits.filter(({ limitMs }) => ms > limitMs);
}

/** `5s for reads and 1s for writes`, `1s for reads of the route pay`. */
export function describeLimits(limits: readonly StatedLimit[]): string {
  const words = limits.map(({ requests, limitMs, route }) => {
    const whose = route === undefined ? "" : ` of the route ${route}`;
    return `${formatDuration(limitMs)} for ${requests}${whose}`;
  });
  return words.length === 2 ? words.join(" and ") : listed(words);
}

/** Whole seconds, rounded up: nobody is said to be less far behind than it is. */
export function lagText(ms: number): string {
  return formatDuration(Math.max(1, Math.ceil(ms / 1_000)) * 1_000);
}
