/** Fleets of several services for laws, put together from generated worlds of one service each, and two that are much alike. */
import fc from "fast-check";
import { settledHealth } from "../../../admin/core/plan/project.ts";
import type { Demand } from "../../../admin/core/plan/projection.ts";
import type { HealthState } from "../../../config/health.ts";
import { Snapshot } from "../../../config/snapshot.ts";
import { snapshots } from "../routing/generated-worlds.ts";

/** One snapshot with the regions of the first and the services of all, as `s0`, `s1` and so on; nobody sheds. */
export function merged(worlds: readonly Snapshot[]): Snapshot {
  const [first] = worlds;
  const named = worlds.map((one, index) => ({ ...one, prefix: `s${index}` }));
  return Snapshot.parse({
    ...first,
    services: named.flatMap(({ services, prefix }) =>
      services.map((service) => ({ ...service, name: prefix, load: { lean: service.load.lean } })),
    ),
    clusters: named.flatMap(({ clusters, prefix }) =>
      clusters.map((cluster) => ({ ...cluster, service: prefix, name: `${prefix}-${cluster.name}` })),
    ),
    routes: named.flatMap(({ routes, prefix }) =>
      routes.map((route) => ({ ...route, service: prefix, name: prefix, hosts: [`${prefix}.example.com`] })),
    ),
  });
}

const SERVICES = 3;
const several = fc.array(snapshots, { minLength: SERVICES, maxLength: SERVICES });

export const fleets = several.map(merged);

/** Two fleets that have most of their parts in common, as the state before and after a change does. */
export const neighbours = fc
  .record({
    before: several,
    other: several,
    regions: fc.boolean(),
    kept: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  })
  .map(({ before, other, regions, kept }) => {
    const worlds = before.map((one, index) => (kept[index] === true ? one : (other[index] ?? one)));
    const [first, ...rest] = worlds;
    const after =
      first === undefined || regions ? worlds : [{ ...first, regions: before[0]?.regions ?? first.regions }, ...rest];
    return { before: merged(before), after: merged(after) };
  });

export const states = fc
  .dictionary(
    fc.stringMatching(/^s[0-2]-c\d$/),
    fc.constantFrom<HealthState>("healthy", "degraded", "unhealthy", "unknown"),
  )
  .map((byName) => settledHealth(new Map(Object.entries(byName))));

const weights = (...names: string[]) => fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 100 }));

export const demands: fc.Arbitrary<Demand> = fc.record(
  {
    source: fc.constant("policy" as const),
    requestsPerSecond: fc.integer({ min: 1, max: 10_000 }),
    countries: weights("DE", "FR", "US", "IN", "BR", "XX", "T1").filter(
      (countries) => Object.keys(countries).length > 0,
    ),
    routes: weights("s0", "s1", "s2", "gone"),
  },
  { requiredKeys: ["source", "countries"] },
);
