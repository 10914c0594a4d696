/** Which windows add up to a stretch, where late rows go, and that no stretch is counted twice or left out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forgetIsolates, HEARD_MAX, HEARD_MS, type Heard, hear } from "../../../admin/core/telemetry/heard.ts";
import {
  AHEAD_MS_MAX,
  cover,
  coveredFrom,
  droppableBefore,
  FOLD_AFTER_MS,
  foldableUntil,
  LATE_MS_MAX,
  LEVELS,
  placesOf,
  windowOfReport,
} from "../../../admin/core/telemetry/windows.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 0, 5, 12, 34, 56);
const AGE = fc.integer({ min: 0, max: 34 * DAY_MS });

describe("the windows that cover a stretch", () => {
  const folded = foldableUntil(NOW_MS);
  const covering = (agoMs: number, lengthMs: number) =>
    cover(NOW_MS - agoMs, NOW_MS - agoMs + lengthMs, folded, NOW_MS);

  test("follow each other without gap and without overlap, from the beginning to the end", () => {
    fc.assert(
      fc.property(AGE, fc.integer({ min: 1, max: 3 * DAY_MS }), (agoMs, lengthMs) => {
        const fromMs = NOW_MS - agoMs;
        const toMs = Math.min(fromMs + lengthMs, NOW_MS);
        const windows = cover(fromMs, toMs, folded, NOW_MS);
        let atMs = coveredFrom(fromMs, folded, NOW_MS);
        expect(atMs).toBeLessThanOrEqual(fromMs);
        for (const { level, startMs } of windows) {
          expect(startMs).toBe(atMs);
          atMs += LEVELS[level].windowMs;
        }
        if (toMs > fromMs) expect(atMs).toBeGreaterThanOrEqual(toMs);
      }),
    );
  });

  test("are kept, and folded as far as their level says", () => {
    fc.assert(
      fc.property(AGE, fc.integer({ min: 1, max: DAY_MS }), (agoMs, lengthMs) => {
        for (const { level, startMs } of covering(agoMs, lengthMs)) {
          const endMs = startMs + LEVELS[level].windowMs;
          if (level === 1) expect(endMs).toBeLessThanOrEqual(folded.minutesMs);
          if (level === 2) expect(endMs).toBeLessThanOrEqual(folded.hoursMs);
          if (level < 2) expect(startMs).toBeGreaterThanOrEqual(droppableBefore(level, folded, NOW_MS));
        }
      }),
    );
  });

  test.each([
    // ago          length       at most so many windows
    [5 * MINUTE_MS, 5 * MINUTE_MS, 24],
    [30 * MINUTE_MS, 30 * MINUTE_MS, 60],
    [6 * HOUR_MS, 6 * HOUR_MS, 150],
    [3 * DAY_MS, 3 * DAY_MS, 150],
    [35 * DAY_MS, 35 * DAY_MS, 930],
  ])("of %i ms ago for %i ms are at most %i", (agoMs, lengthMs, max) => {
    expect(covering(agoMs, lengthMs).length).toBeLessThanOrEqual(max);
  });
});

test("what comes late is added wherever a stretch would look for it, and exactly once in each", () => {
  fc.assert(
    fc.property(
      AGE,
      fc.integer({ min: 10_000, max: DAY_MS }),
      fc.integer({ min: 0, max: DAY_MS }),
      (ageMs, lengthMs, leadMs) => {
        const folded = foldableUntil(NOW_MS);
        const startMs = Math.floor((NOW_MS - ageMs) / 10_000) * 10_000;
        const places = placesOf(startMs, folded, NOW_MS);
        const fromMs = startMs - leadMs;
        const windows = cover(fromMs, Math.max(startMs + 10_000, fromMs + lengthMs), folded, NOW_MS);
        const found = windows.filter((window) =>
          places.some((p) => p.level === window.level && p.startMs === window.startMs),
        );
        expect(found).toHaveLength(1);
      },
    ),
  );
});

test.each([
  // says it begins          counts in
  [NOW_MS, Date.UTC(2026, 0, 5, 12, 34, 50)],
  [NOW_MS - 60_000, Date.UTC(2026, 0, 5, 12, 33, 50)],
  [NOW_MS + AHEAD_MS_MAX, Date.UTC(2026, 0, 5, 12, 35, 20)],
  [NOW_MS + AHEAD_MS_MAX + 1, Date.UTC(2026, 0, 5, 12, 34, 50)],
  [NOW_MS - LATE_MS_MAX - 60_000, Date.UTC(2026, 0, 5, 12, 24, 50)],
  [0, Date.UTC(2026, 0, 5, 12, 24, 50)],
])("a report of %i counts in %i", (fromMs, expected) => {
  expect(windowOfReport(fromMs, NOW_MS)).toBe(expected);
});

test("minutes are folded a while after they ended, hours with their last minute, and never past what was handed up", () => {
  expect(foldableUntil(NOW_MS).minutesMs).toBe(Math.floor((NOW_MS - FOLD_AFTER_MS) / MINUTE_MS) * MINUTE_MS);
  expect(foldableUntil(NOW_MS).hoursMs).toBe(Date.UTC(2026, 0, 5, 12));
  expect(foldableUntil(NOW_MS, NOW_MS - HOUR_MS).minutesMs).toBe(Date.UTC(2026, 0, 5, 11, 34));
});

describe("reports of one isolate", () => {
  const hearAll = (sequences: readonly number[]) => {
    let state: Heard | undefined;
    return sequences.map((sequence) => {
      const after = hear(state, sequence, NOW_MS);
      state = after ?? state;
      return after !== undefined;
    });
  };

  test("count once each, in whatever order they come, as long as none is 31 behind", () => {
    const nearlyInOrder = fc
      .array(fc.nat(12), { minLength: 1, maxLength: 80 })
      .map((delays) => delays.map((delay, index) => ({ index, at: index + delay })).sort((a, b) => a.at - b.at))
      .map((list) => list.flatMap(({ index }) => (index % 3 === 0 ? [index, index] : [index])));
    fc.assert(
      fc.property(nearlyInOrder, (sequences) => {
        const counted = sequences.filter((_, index) => hearAll(sequences)[index]);
        expect(counted).toEqual([...new Set(sequences)]);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    [
      [0, 0],
      [true, false],
    ],
    [
      [5, 4, 4, 5],
      [true, true, false, false],
    ],
    [
      [0, 31, 0, 1],
      [true, true, false, true],
    ],
    [
      [0, 32, 0, 1],
      [true, true, false, true],
    ],
    [
      [40, 9, 8],
      [true, true, false],
    ],
    [
      [0, 1_000_000, 1],
      [true, true, false],
    ],
  ])("%j count %j", (sequences, counted) => {
    expect(hearAll(sequences)).toEqual(counted);
  });

  test("are forgotten when nothing was heard for long, and of too many the longest unheard", () => {
    const heardAt = (atMs: number): Heard => [1, 0, atMs];
    expect(Object.keys(forgetIsolates({ old: heardAt(NOW_MS - HEARD_MS), new: heardAt(NOW_MS) }, NOW_MS))).toEqual([
      "new",
    ]);
    const many = Array.from({ length: HEARD_MAX + 1 }, (_, index) => [`i${index}`, heardAt(NOW_MS - index)] as const);
    const kept = forgetIsolates(Object.fromEntries(many), NOW_MS);
    expect(Object.keys(kept)).toHaveLength(HEARD_MAX);
    expect(kept[`i${HEARD_MAX}`]).toBeUndefined();
  });
});
