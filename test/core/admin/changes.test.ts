import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expire } from "../../../admin/core/changes/expire.ts";
import { nextExpiryMs } from "../../../admin/core/changes/expiry.ts";
import { withOverlay } from "../../../admin/core/changes/overlays.ts";
import { weightLines } from "../../../admin/core/changes/shares.ts";
import { emptyState } from "../../../admin/core/changes/state.ts";
import { backoffMs } from "../../../config/backoff.ts";
import { ClusterDrain, RegionDrain, WeightShift } from "../../../config/overlays.ts";
import { VERSION } from "../../../config/release-version.ts";
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

  const context = { author: "fairlead", manager: "fairlead", nowMs: 0, development: true, past: () => undefined };
  const expireAt = (nowMs: number, held: Record<string, string> = {}) => {
    const state = { ...emptyState("demo"), overlays: [clusterDrain(100), regionDrain(200), shift] };
    const proposal = expire(state, { kind: "expire", held }, { ...context, nowMs });
    if (!proposal.ok) throw new Error("an expiry is never refused");
    return proposal.value;
  };

  test.each([
    // now   ended                                          left
    [99, [], 3],
    [100, ["clusterDrain/eu-blue"], 2],
    [200, ["clusterDrain/eu-blue", "regionDrain/eu"], 1],
  ])("at %i these end: %j", (nowMs, ended, left) => {
    const { outcome, overlays } = expireAt(nowMs);
    expect(outcome).toEqual({ kind: "expire", ended, held: {} });
    expect(overlays.filter((overlay) => !("returnedAtMs" in overlay))).toHaveLength(left);
    expect(overlays.flatMap((overlay) => ("returnedAtMs" in overlay ? overlay.returnedAtMs : []))).toEqual(
      ended.map(() => nowMs),
    );
  });

  test("what is held stays in force, with the reason it was held for first", () => {
    const { outcome, overlays } = expireAt(200, { "regionDrain/eu": "all of it is down" });
    expect(outcome).toMatchObject({ ended: ["clusterDrain/eu-blue"], held: { "regionDrain/eu": "all of it is down" } });
    expect(overlays).toContainEqual({ ...regionDrain(200), held: { sinceMs: 200, because: "all of it is down" } });
    const again = { kind: "expire", held: { "regionDrain/eu": "still down" } } as const;
    const next = expire({ ...emptyState("demo"), overlays }, again, { ...context, nowMs: 300 });
    expect(next.ok && next.value.overlays).toEqual(overlays);
  });

  test("the next expiry is the earliest, shifts have none, and what is held is looked at again in half a minute", () => {
    expect(nextExpiryMs([regionDrain(200), clusterDrain(100), shift], 0)).toBe(100);
    expect(nextExpiryMs([shift], 0)).toBeUndefined();
    const held = { ...regionDrain(200), held: { sinceMs: 200, because: "down" } };
    expect(nextExpiryMs([held], 1_000)).toBe(31_000);
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
