/** Expected shares are what `decide` does to many clients, for every snapshot, kind of client and health. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../config/snapshot.ts";
import { decide } from "../../../worker/routing/decide.ts";
import { type Distribution, distributionOf } from "../../../worker/routing/distribution.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import { type LoadedSnapshot, loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { clients, healths, snapshots } from "./generated-worlds.ts";

/**
 * The key of a client without affinity is the draw itself. A share of 4,000 independent clients strays from its
 * expectation by at most 0.0079 (one standard deviation, at one half); six of them happen once in 500 million.
 */
const KEYS = 4_000;
const TOLERANCE = 6 * Math.sqrt(0.25 / KEYS);

/** Nobody is bound, nobody is shed, every request is a client of its own. */
function withoutState(snapshot: Snapshot): Snapshot {
  const services = snapshot.services.map((service) => ({
    ...service,
    affinity: { by: "none" as const },
    load: { lean: service.load.lean },
  }));
  return { ...snapshot, services };
}

function unbound({ binding: _, ...facts }: Facts): Facts {
  return facts;
}

function distributionIn(snapshot: LoadedSnapshot, facts: Facts, health: HealthView): Distribution {
  const [route] = snapshot.routes;
  if (route === undefined) throw new Error("a generated snapshot has a route");
  return distributionOf(route, facts, health);
}

type Frequencies = { readonly byName: ReadonlyMap<string, number>; readonly codes: ReadonlySet<string> };

/** By cluster and region, and `refused`; each part of 1. */
function frequencies(snapshot: LoadedSnapshot, facts: Facts, health: HealthView): Frequencies {
  const byName = new Map<string, number>();
  const codes = new Set<string>();
  const count = (name: string) => byName.set(name, (byName.get(name) ?? 0) + 1 / KEYS);
  for (let key = 0; key < KEYS; key += 1) {
    // Steps of the golden ratio reach every part of the 2^32 draws.
    const decision = decide({ snapshot, facts, health, draw: Math.imul(key, 0x9e3779b1) >>> 0, now: 0 });
    if (decision.kind === "reject") {
      count("refused");
      codes.add(decision.code);
      continue;
    }
    count(`cluster ${decision.first.cluster}`);
    count(`region ${decision.first.region}`);
  }
  return { byName, codes };
}

function expectations({ regions, clusters, refused }: Distribution): ReadonlyMap<string, number> {
  return new Map([
    ...[...regions].map(([name, share]) => [`region ${name}`, share] as const),
    ...[...clusters].map(([name, share]) => [`cluster ${name}`, share] as const),
    ...(refused > 0 ? [["refused", refused] as const] : []),
  ]);
}

function sum(shares: Iterable<number>): number {
  return [...shares].reduce((total, share) => total + share, 0);
}

describe("laws of the distribution", () => {
  test("what clients do comes close to it, and nobody goes where it sees nobody", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, (generated, client, health) => {
        const snapshot = loadSnapshot(withoutState(generated));
        const facts = unbound(client);
        const distribution = distributionIn(snapshot, facts, health);
        const expected = expectations(distribution);
        const { byName, codes } = frequencies(snapshot, facts, health);
        for (const name of new Set([...expected.keys(), ...byName.keys()])) {
          expect(Math.abs((byName.get(name) ?? 0) - (expected.get(name) ?? 0)), name).toBeLessThan(TOLERANCE);
          expect(expected.get(name) ?? 0, name).toBeGreaterThan(0);
        }
        if (codes.size > 0) expect([...codes]).toEqual([distribution.code]);
      }),
      { numRuns: 100 },
    );
    // Half a million decisions: a second on a machine with nothing else to do.
  }, 30_000);

  test("shares are positive and sum to 1, by region and by cluster, with what is refused", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, (snapshot, client, health) => {
        const { regions, clusters, refused, code } = distributionIn(loadSnapshot(snapshot), client, health);
        expect(sum(regions.values()) + refused).toBeCloseTo(1, 9);
        expect(sum(clusters.values()) + refused).toBeCloseTo(1, 9);
        for (const share of [...regions.values(), ...clusters.values()]) expect(share).toBeGreaterThan(0);
        expect(code === undefined).toBe(refused === 0);
      }),
      { numRuns: 500 },
    );
  });
});
