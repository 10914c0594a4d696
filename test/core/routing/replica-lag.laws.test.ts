/** What holds of replica lag for every snapshot, client, health and draw. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../config/snapshot.ts";
import { decide, traceDecision } from "../../../worker/routing/decide.ts";
import { type Distribution, distributionOf } from "../../../worker/routing/distribution.ts";
import type { Facts } from "../../../worker/routing/facts.ts";
import type { HealthView } from "../../../worker/routing/health-view.ts";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { clients, draws, healths, nows, snapshots } from "./generated-worlds.ts";

/** What the route, or else the service, tolerates of this client's request; undefined: anything. */
function limitMs({ services: [service], routes: [route] }: Snapshot, { method }: Facts): number | undefined {
  const key = ["GET", "HEAD", "OPTIONS"].includes(method) ? "readsMs" : "writesMs";
  return route?.replicaLag?.[key] ?? service?.replicaLag?.[key];
}

function laggingIn(snapshot: Snapshot, client: Facts, { lagMs }: HealthView): ReadonlySet<string> {
  const limit = limitMs(snapshot, client) ?? Number.POSITIVE_INFINITY;
  return new Set([...lagMs].flatMap(([name, ms]) => (ms > limit ? [name] : [])));
}

function withoutLimits(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    services: snapshot.services.map(({ replicaLag: _, ...service }) => service),
    routes: snapshot.routes.map(({ replicaLag: _, ...route }) => route),
  };
}

/** The same without limits, and with the clusters beyond them disabled instead. */
function withDisabled(snapshot: Snapshot, lagging: ReadonlySet<string>): Snapshot {
  const disabled = { adminState: "disabled" } as const;
  const clusters = snapshot.clusters.map((one) => (lagging.has(one.name) ? { ...one, availability: disabled } : one));
  return { ...withoutLimits(snapshot), clusters };
}

function withoutCodes(decision: object): object {
  return { ...decision, code: undefined, reasons: undefined };
}

function distributionIn(snapshot: Snapshot, facts: Facts, health: HealthView): Distribution {
  const [route] = loadSnapshot(snapshot).routes;
  if (route === undefined) throw new Error("a generated snapshot has a route");
  return distributionOf(route, facts, health);
}

describe("laws of replica lag", () => {
  test("no attempt, first or later, bound or not, in panic or not, goes beyond the limit", () => {
    let kept = 0;
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, facts, health, draw, now) => {
        const lagging = laggingIn(snapshot, facts, health);
        const decision = traceDecision({ snapshot: loadSnapshot(snapshot), facts, health, draw, now });
        if (decision.kind !== "forward") return;
        kept += lagging.size > 0 ? 1 : 0;
        for (const { cluster } of decision.attempts) expect(lagging).not.toContain(cluster);
      }),
      { numRuns: 2_000 },
    );
    expect(kept).toBeGreaterThan(100);
  });

  test("a cluster beyond the limit is as good as disabled, to the last attempt and the last share", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, facts, health, draw, now) => {
        const other = withDisabled(snapshot, laggingIn(snapshot, facts, health));
        const [held, disabled] = [snapshot, other].map((one) =>
          traceDecision({ snapshot: loadSnapshot(one), facts, health, draw, now }),
        );
        expect(withoutCodes(held ?? {})).toEqual(withoutCodes(disabled ?? {}));
        const { code: _, ...shares } = distributionIn(snapshot, facts, health);
        const { code: __, ...sharesDisabled } = distributionIn(other, facts, health);
        expect(shares).toEqual(sharesDisabled);
      }),
      { numRuns: 2_000 },
    );
  });

  test("without a limit, and while everybody is within it, reports of lag change nothing", () => {
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, facts, health, draw, now) => {
        if (laggingIn(snapshot, facts, health).size > 0) return;
        const question = { facts, draw, now };
        const plain = traceDecision({ ...question, snapshot: loadSnapshot(withoutLimits(snapshot)), health });
        expect(traceDecision({ ...question, snapshot: loadSnapshot(snapshot), health })).toEqual(plain);
        const silent = { ...health, lagMs: new Map<string, number>() };
        expect(traceDecision({ ...question, snapshot: loadSnapshot(snapshot), health: silent })).toEqual(plain);
      }),
      { numRuns: 2_000 },
    );
  });

  test("lag is said to be the reason exactly when without its limit somebody would be left", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(snapshots, clients, healths, draws, nows, (snapshot, facts, health, draw, now) => {
        const [held, free] = [snapshot, withoutLimits(snapshot)].map((one) =>
          decide({ snapshot: loadSnapshot(one), facts, health, draw, now }),
        );
        if (held?.kind !== "reject") return;
        seen.add(held.code);
        const nobody = free?.kind === "reject" && free.code !== "noHealthyCluster";
        if (held.code === "replicaLagging") expect(nobody).toBe(false);
        else if (held.code !== "noHealthyCluster") expect(free).toEqual(held);
      }),
      { numRuns: 4_000 },
    );
    expect(seen).toContain("replicaLagging");
  });

  test("one report after another on one loaded snapshot decides as each on a fresh one", () => {
    fc.assert(
      fc.property(snapshots, fc.array(fc.tuple(clients, healths, draws), { maxLength: 8 }), (snapshot, questions) => {
        const kept = loadSnapshot(snapshot);
        for (const [facts, health, draw] of [...questions, ...questions]) {
          const fresh = decide({ snapshot: loadSnapshot(snapshot), facts, health, draw, now: 0 });
          expect(decide({ snapshot: kept, facts, health, draw, now: 0 })).toEqual(fresh);
        }
      }),
      { numRuns: 500 },
    );
  });
});
