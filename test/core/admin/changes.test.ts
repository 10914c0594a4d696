import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceptanceLosses } from "../../../admin/core/changes/acceptance.ts";
import { expireDrains, nextExpiryMs } from "../../../admin/core/changes/drains.ts";
import { withOverlay } from "../../../admin/core/changes/overlays.ts";
import { weightLines } from "../../../admin/core/changes/shares.ts";
import { emptyState } from "../../../admin/core/changes/state.ts";
import { backoffMs } from "../../../admin/core/publish/backoff.ts";
import { VERSION } from "../../../admin/version.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { ClusterDrain, RegionDrain, WeightShift } from "../../../config/overlays.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import packageJson from "../../../package.json" with { type: "json" };

describe("weights and shares", () => {
  test.each([
    // weights                    shares in basis points
    [{ a: 1 }, [10_000]],
    [{ a: 1, b: 1 }, [5_000, 5_000]],
    [{ a: 1, b: 1, c: 1 }, [3_334, 3_333, 3_333]],
    [{ b: 2, a: 1 }, [3_333, 6_667]],
    [{ a: 0, b: 5 }, [0, 10_000]],
    [{ a: 0, b: 0 }, [0, 0]],
    [{ a: 1, b: 1_000_000 }, [0, 10_000]],
    [{}, []],
  ])("%j comes to %j", (weights, shares) => {
    expect(weightLines(weights).map(({ shareBps }) => shareBps)).toEqual(shares);
  });

  test("shares sum to 10,000 and are less than one basis point off", () => {
    const weights = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.integer({ min: 0, max: 1_000_000 }), {
      maxKeys: 64,
    });
    fc.assert(
      fc.property(weights, (byRegion) => {
        const lines = weightLines(byRegion);
        const total = lines.reduce((sum, { weight }) => sum + weight, 0);
        if (total === 0) return;
        expect(lines.reduce((sum, { shareBps }) => sum + shareBps, 0)).toBe(10_000);
        for (const { weight, shareBps } of lines) {
          expect(Math.abs(shareBps - (weight / total) * 10_000)).toBeLessThan(1);
          if (weight === 0) expect(shareBps).toBe(0);
        }
      }),
    );
  });
});

type State = "enabled" | "draining" | "disabled";

const apiVersion = "fairlead.dev/v1";

function region(name: string, adminState: State) {
  const location = { latitude: 0, longitude: 0 };
  const rest = { jurisdictions: [name], vantage: "weur", capacity: { requestsPerSecond: 1 }, adminState };
  return { apiVersion, kind: "Region", metadata: { name }, spec: { location, ...rest } };
}

function cluster(regionName: string, weight: number) {
  const spec = { region: regionName, service: "web", endpoint: "http://127.0.0.1:8080", weight };
  return { apiVersion, kind: "Cluster", metadata: { name: `${regionName}-blue` }, spec };
}

const residency = [
  { clients: { eu: true }, jurisdictions: ["eu"] },
  { clients: { any: true }, jurisdictions: ["eu", "us"] },
];
const service = { apiVersion, kind: "Service", metadata: { name: "web" }, spec: { residency } };

/** `eu` and `us` with a cluster of `web` each; clients of `web` in Europe may only be served in `eu`. */
function snapshot({ eu = "enabled", us = "enabled", usWeight = 1 }: { eu?: State; us?: State; usWeight?: number }) {
  const documents = [region("eu", eu), region("us", us), service, cluster("eu", 1), cluster("us", usWeight)];
  const { fleet } = readFleet(documents, { environment: "demo", development: true });
  return compile({ fleet, overlays: [], environment: "demo", revision: Revision.parse(1) });
}

describe("what a change takes away", () => {
  const zone = { code: "residencyWithoutRegion", service: "web", rule: 0, jurisdictions: ["eu"] };
  const served = { code: "serviceWithoutRegion", service: "web" };
  const fleet = { code: "fleetWithoutRegion" };

  test.each([
    // before               after                                      losses
    [{}, {}, []],
    [{}, { us: "draining" }, []],
    [{}, { eu: "draining" }, [zone]],
    [{}, { eu: "disabled", us: "draining" }, [fleet, served]],
    [{ usWeight: 0 }, { usWeight: 0, eu: "draining" }, [served]],
    [{ eu: "draining" }, { eu: "disabled" }, []],
    [{ eu: "draining", us: "draining" }, {}, []],
  ] as const)("from %j to %j: %j", (before, after, losses) => {
    expect(acceptanceLosses(snapshot(before), snapshot(after))).toEqual(losses);
  });
});

const why = { author: "token", reason: "test", createdAtMs: 0 };
const regionDrain = (expiresAtMs: number) =>
  RegionDrain.parse({ kind: "regionDrain", region: "eu", mode: "immediate", expiresAtMs, ...why });
const clusterDrain = (expiresAtMs: number) =>
  ClusterDrain.parse({ kind: "clusterDrain", cluster: "eu-blue", mode: "immediate", expiresAtMs, ...why });
const shift = WeightShift.parse({ kind: "weightShift", route: "web", rule: "europe", weights: { eu: 1 }, ...why });

describe("overlays", () => {
  test("are sorted by key and unique", () => {
    const overlays = [shift, regionDrain(1), clusterDrain(2), regionDrain(3)].reduce(withOverlay, []);
    expect(overlays).toEqual([clusterDrain(2), regionDrain(3), shift]);
  });

  test.each([
    // now   ended                                          left
    [99, [], 3],
    [100, ["clusterDrain/eu-blue"], 2],
    [200, ["clusterDrain/eu-blue", "regionDrain/eu"], 1],
  ])("at %i these drains end: %j", (nowMs, ended, left) => {
    const overlays = [clusterDrain(100), regionDrain(200), shift];
    const context = { author: "fairlead", nowMs, development: true };
    const proposal = expireDrains({ ...emptyState("demo"), overlays }, context);
    if (!proposal.ok) throw new Error("an expiry is never refused");
    expect(proposal.value.outcome).toEqual({ kind: "expireDrains", ended });
    expect(proposal.value.overlays.filter((overlay) => !("returnedAtMs" in overlay))).toHaveLength(left);
    expect(
      proposal.value.overlays.flatMap((overlay) => ("returnedAtMs" in overlay ? overlay.returnedAtMs : [])),
    ).toEqual(ended.map(() => nowMs));
  });

  test("the next expiry is the earliest, and shifts have none", () => {
    expect(nextExpiryMs([regionDrain(200), clusterDrain(100), shift])).toBe(100);
    expect(nextExpiryMs([shift])).toBeUndefined();
  });
});

test.each([
  // failures  wait
  [0, 1_000],
  [1, 1_000],
  [2, 2_000],
  [6, 32_000],
  [7, 60_000],
  [10_000, 60_000],
])("after %i failures in a row the next try is in %i ms", (failures, wait) => {
  expect(backoffMs(failures)).toBe(wait);
});

test("the version is that of package.json", () => {
  expect(VERSION).toBe(packageJson.version);
});
