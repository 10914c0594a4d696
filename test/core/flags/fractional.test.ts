/** Shares: flagd's own table of buckets, exact percentages, and nobody who loses a variant when its share grows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegionName } from "../../../config/ids.ts";
import { murmur3 } from "../../../config/murmur3.ts";
import { SnapshotFlag } from "../../../config/snapshot.ts";
import { bucketOf } from "../../../worker/flags/bucket.ts";
import { askFlag, loadFlag } from "../../../worker/flags/loaded-flag.ts";
import { readVectors } from "../vectors.ts";

type Vectors = {
  readonly fractionalV2: readonly {
    readonly name: string;
    readonly bucketKey: string;
    readonly buckets: readonly (readonly [string, number])[];
    readonly expectedVariant: string;
    readonly bucketValue: number;
    readonly totalWeight: number;
  }[];
};

/** open-feature/flagd-testbed, evaluator/gherkin/fractional.feature: key, total, bucket. */
const BUCKETS = [
  ["fractional-flagjack", 100, 62],
  ["fractional-flagqueen", 100, 99],
  ["fractional-flagten", 100, 18],
  ["fractional-flagnine", 100, 32],
  ["fractional-flag3", 100, 14],
  ["fractional-flag-shorthandjon@company.com", 2, 0],
  ["fractional-flag-shorthandjane@company.com", 2, 1],
  ["shared-seedseven", 100, 66],
  ["shared-seedeight", 100, 36],
  ["shared-seednine", 100, 18],
] as const;

const vectors = readVectors<Vectors>("flagd-fractional.json");

describe("buckets", () => {
  test.each(BUCKETS)("%s of %i is %i", (key, total, bucket) => {
    expect(bucketOf(key, total)).toBe(bucket);
  });

  test.each(vectors?.fractionalV2 ?? [])("published: $name, $bucketKey", ({ bucketKey, buckets, ...expected }) => {
    expect(bucketOf(bucketKey, expected.totalWeight)).toBe(expected.bucketValue);
    const variants = Object.fromEntries(buckets.map(([name]) => [name, name]));
    const asked = loaded({ variants, targeting: { fractional: [{ var: "key" }, ...buckets] } });
    expect(asked({ key: bucketKey })).toBe(expected.expectedVariant);
  });

  test("are exact for any total, where doubles are not", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 31 - 1 }), (key, total) => {
        expect(BigInt(bucketOf(key, total))).toBe((BigInt(murmur3(key)) * BigInt(total)) >> 32n);
      }),
    );
  });
});

/** The variant that a flag gives in a context, or null. */
function loaded(definition: object): (context: Record<string, unknown>) => string | null {
  const flag = loadFlag(SnapshotFlag.parse({ name: "flag", state: "ENABLED", ...definition }));
  return (context) => {
    const result = askFlag(flag, { context, nowMs: 0 });
    return result.kind === "value" ? result.variant : null;
  };
}

const BOOLEAN = { variants: { on: true, off: false }, defaultVariant: "off" };
const EU = RegionName.parse("eu-west");

const byTargeting = (weight: number, total = 10_000) =>
  loaded({
    ...BOOLEAN,
    targeting: {
      fractional: [
        ["on", weight],
        ["off", total - weight],
      ],
    },
  });
const byRegion = (shareBps: number) => {
  const asked = loaded({ ...BOOLEAN, regions: { [EU]: { rollout: { variant: "on", shareBps } } } });
  return (context: Record<string, unknown>) => asked({ ...context, region: EU });
};

/** Five standard deviations of a million fair draws: once in some two million runs by chance, and the keys are fixed. */
const KEYS = 1_000_000;

test.each([
  ["25% by targeting", byTargeting(2_500), 0.25],
  ["a third by weights of any total", byTargeting(1, 3), 1 / 3],
  ["0.01% in a region", byRegion(1), 0.0001],
])(
  "%s is that of a million keys",
  (_, asked, share) => {
    let on = 0;
    for (let key = 0; key < KEYS; key += 1) if (asked({ targetingKey: `user-${key}` }) === "on") on += 1;
    const bound = 5 * Math.sqrt(KEYS * share * (1 - share));
    expect(Math.abs(on - KEYS * share)).toBeLessThan(bound);
  },
  60_000,
);

test.each([
  ["0 by targeting", byTargeting(0), 0],
  ["all by targeting", byTargeting(10_000), 10_000],
  ["0 in a region", byRegion(0), 0],
  ["all in a region", byRegion(10_000), 10_000],
])("%s is exactly that", (_, asked, on) => {
  for (let key = 0; key < 10_000; key += 1) expect(asked({ targetingKey: `${key}` }) === "on").toBe(on > 0);
});

describe("raising a share never turns anybody off", () => {
  const key = fc.string();
  const shares = fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 })).map(([a, b]) => ({
    less: Math.min(a, b),
    more: Math.max(a, b),
  }));

  test.each([
    ["by targeting", (share: number) => byTargeting(share)],
    [
      "as the last entry",
      (share: number) =>
        loaded({
          ...BOOLEAN,
          targeting: {
            fractional: [
              ["off", 10_000 - share],
              ["on", share],
            ],
          },
        }),
    ],
    ["in a region", byRegion],
  ])("%s", (_, flagWith) => {
    fc.assert(
      fc.property(key, shares, (targetingKey, { less, more }) => {
        if (flagWith(less)({ targetingKey }) === "on") expect(flagWith(more)({ targetingKey })).toBe("on");
      }),
    );
  });

  test("a region's share is flagd's fractional of the same weights", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 10_000 }), (targetingKey, share) => {
        expect(byRegion(share)({ targetingKey })).toBe(byTargeting(share)({ targetingKey }));
      }),
    );
  });
});
