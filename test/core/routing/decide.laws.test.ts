/** What holds for every snapshot, client, health and draw. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Snapshot } from "../../../config/snapshot.ts";
import { decide, traceDecision } from "../../../worker/routing/decide.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { readPlace } from "../../../worker/routing/place.ts";
import { clients, draws, healths, nows, REGIONS, snapshots } from "./generated-worlds.ts";
import { view } from "./world.ts";

function attemptsOf(snapshot: Snapshot, client: Facts, health = view({}), draw = 0, now = 0) {
  const decision = traceDecision({ snapshot: loadSnapshot(snapshot), facts: client, health, draw, now });
  return decision.kind === "forward" ? decision.attempts : [];
}

/**
 * A region that is a canary alone carries its share of its clients and no more (DECISIONS 6), as one that is down in part:
 * how many of them spill over hangs on what stands beside it.
 */
function isWhole({ clusters, regions }: Snapshot): boolean {
  const accepting = clusters.filter(({ weight, availability }) => weight > 0 && availability.adminState === "enabled");
  return regions.every(({ name }) => {
    const sides = accepting.flatMap(({ region, side }) => (region === name ? [side] : []));
    return sides.length === 0 || sides.includes("stable");
  });
}

describe("laws of the decision", () => {
  test("residency holds in every attempt, whatever the health, drains and bindings are", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, client, health, draw, now) => {
        const rules = snapshot.services[0]?.residency;
        if (rules === undefined) return;
        const { place } = client;
        const rule = rules.find(
          ({ clients: who }) =>
            who.any === true ||
            (who.unknown === true && place.country === undefined) ||
            (who.eu === true && place.eu) ||
            who.countries?.includes(place.country ?? "") === true ||
            who.continents?.some((continent) => continent === place.continent) === true,
        );
        for (const attempt of attemptsOf(snapshot, client, health, draw, now)) {
          const region = snapshot.regions.find(({ name }) => name === attempt.region);
          expect(rule?.jurisdictions.some((required) => region?.jurisdictions.includes(required))).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("no attempt goes to what is disabled or drained, and none of an unbound client to weight 0", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, client, health, draw, now) => {
        for (const [i, attempt] of attemptsOf(snapshot, client, health, draw, now).entries()) {
          const cluster = snapshot.clusters.find(({ name }) => name === attempt.cluster);
          const region = snapshot.regions.find(({ name }) => name === attempt.region);
          const bound = i === 0 && attempt.cluster === client.binding;
          for (const { adminState, deadlineMs } of [cluster, region].flatMap((x) =>
            x === undefined ? [] : [x.availability],
          )) {
            expect(adminState).not.toBe("disabled");
            if (adminState === "draining") expect(bound && now < (deadlineMs ?? Number.POSITIVE_INFINITY)).toBe(true);
          }
          if (!bound) expect(cluster?.weight).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("a region with weight 0 in the rule that applies is in no attempt of an unbound client", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, (snapshot, client, health, draw) => {
        if (client.binding !== undefined) return;
        const decision = traceDecision({ snapshot: loadSnapshot(snapshot), facts: client, health, draw, now: 0 });
        const applied = decision.reasons.find(
          (reason) => reason.code === "steer.rule" || reason.code === "steer.weights",
        );
        if (decision.kind !== "forward" || applied === undefined || !("weights" in applied)) return;
        for (const attempt of decision.attempts) expect(applied.weights[attempt.region]).not.toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("attempts are distinct, at least one, and no more than the service allows", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, (snapshot, client, health, draw) => {
        const decision = traceDecision({ snapshot: loadSnapshot(snapshot), facts: client, health, draw, now: 0 });
        if (decision.kind !== "forward") return;
        const names = decision.attempts.map(({ cluster }) => cluster);
        expect(new Set(names).size).toBe(names.length);
        expect(names.length).toBeGreaterThan(0);
        expect(names.length).toBeLessThanOrEqual(snapshot.services[0]?.attemptsMax ?? 0);
      }),
    );
  });

  test("loads of the levels sum to 100", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, (snapshot, client, health, draw) => {
        const decision = traceDecision({ snapshot: loadSnapshot(snapshot), facts: client, health, draw, now: 0 });
        for (const reason of decision.reasons) {
          if (reason.code === "priority.loads")
            expect(reason.levels.reduce((sum, level) => sum + level.load, 0)).toBe(100);
        }
      }),
    );
  });

  test("the same inputs give the same decision, from another copy of the snapshot too", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, client, health, draw, now) => {
        const once = traceDecision({ snapshot: loadSnapshot(snapshot), facts: client, health, draw, now });
        const again = traceDecision({
          snapshot: loadSnapshot(structuredClone(snapshot)),
          facts: client,
          health,
          draw,
          now,
        });
        expect(again).toEqual(once);
      }),
    );
  });

  test("with a trace it is the same decision, and the attempts start where the request goes", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, client, health, draw, now) => {
        const input = { snapshot: loadSnapshot(snapshot), facts: client, health, draw, now };
        const { reasons, ...traced } = traceDecision(input);
        const { attempts, ...rest } = "attempts" in traced ? traced : { ...traced, attempts: undefined };
        const decision = decide(input);
        expect(decision).toEqual(rest);
        expect(attempts?.[0]).toEqual(decision.kind === "forward" ? decision.first : undefined);
        expect(reasons.length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("when a region drains, only its own clients move", () => {
    fc.assert(
      fc.property(snapshots, clients, draws, fc.constantFrom(...REGIONS), (snapshot, client, draw, leaving) => {
        if (client.binding !== undefined || !isWhole(snapshot)) return;
        const before = attemptsOf(snapshot, client, view({}), draw)[0];
        if (before === undefined || before.region === leaving) return;
        const regions = snapshot.regions.map((one) =>
          one.name === leaving ? { ...one, availability: { adminState: "disabled" as const } } : one,
        );
        const after = attemptsOf({ ...snapshot, regions }, client, view({}), draw)[0];
        // Draining what clients without a place spread over keeps them too: their level is one rendezvous.
        expect(after).toEqual(before);
      }),
      { numRuns: 3_000 },
    );
  });

  test("nobody moves back when a canary's share grows", () => {
    fc.assert(
      fc.property(snapshots, clients, draws, fc.nat(10_000), fc.nat(10_000), (snapshot, client, draw, a, b) => {
        const sideAt = (share: number) => {
          const services = snapshot.services.map((one) => ({
            ...one,
            canaryShareBps: Object.fromEntries(REGIONS.map((name) => [name, share])),
          }));
          return attemptsOf(Snapshot.parse({ ...snapshot, services }), client, view({}), draw)[0];
        };
        const small = sideAt(Math.max(1, Math.min(a, b)));
        const large = sideAt(Math.max(1, Math.max(a, b)));
        // Only compare where the region stayed the same: a share can make a region with canaries alone usable.
        if (client.binding === undefined && small?.side === "canary" && large?.region === small.region) {
          expect(large.side).toBe("canary");
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("nothing that a request can carry makes it throw", () => {
    const anything = fc.anything();
    fc.assert(
      fc.property(
        snapshots,
        fc.string(),
        fc.string({ unit: "binary" }),
        fc.string(),
        fc.dictionary(
          fc.constantFrom("country", "regionCode", "continent", "isEUCountry", "latitude", "longitude"),
          anything,
        ),
        fc.option(fc.string(), { nil: undefined }),
        draws,
        (snapshot, method, path, host, geo, clientAddress, draw) => {
          const client: Facts = {
            method,
            path,
            host,
            header: () => null,
            place: readPlace(geo),
            ...(clientAddress === undefined ? {} : { clientAddress }),
          };
          const decision = traceDecision({
            snapshot: loadSnapshot(snapshot),
            facts: client,
            health: view({}),
            draw,
            now: Number.NaN,
          });
          expect(decision.reasons.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2_000 },
    );
    // Two seconds on a machine with nothing else to do: `fc.anything` makes large things.
  }, 30_000);
});
