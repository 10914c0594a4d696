/** Many histories, one order: pages put together are the whole, whatever its parts look like and whatever comes meanwhile. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WHOLE } from "../../../admin/core/history/scope.ts";
import {
  boundFor,
  CURSOR_PATTERN,
  comparePositions,
  formatCursor,
  mergeTimeline,
  type Position,
  parseCursor,
  type SourcePage,
  TIMELINE_KINDS,
  type TimelineEntry,
  type TimelineKind,
} from "../../../admin/core/timeline/timeline.ts";

const at = (atMs: number, kind: TimelineKind, number: number): TimelineEntry => ({
  ...{ atMs, kind, number, event: "thing.happened", title: "", link: "", scope: WHOLE },
});

const told = (entries: readonly Position[]) => entries.map(formatCursor);

describe("mergeTimeline", () => {
  test("puts the newest first, and of one moment incidents before alerts before changes before health before drift", () => {
    const pages = [
      { entries: [at(5, "change", 2), at(1, "change", 1)] },
      { entries: [at(5, "drift", 4)] },
      { entries: [at(5, "incident", 2)] },
      { entries: [at(5, "alert", 3)] },
      { entries: [at(5, "health", 9), at(5, "health", 8), at(3, "health", 7)] },
    ];
    const { entries, next } = mergeTimeline(pages, 10);
    expect(told(entries)).toEqual([
      ...[
        "5.incident.2",
        "5.alert.3",
        "5.change.2",
        "5.health.9",
        "5.health.8",
        "5.drift.4",
        "3.health.7",
        "1.change.1",
      ],
    ]);
    expect(next).toBeUndefined();
  });

  test("ends where a source has not looked further", () => {
    const pages: SourcePage[] = [
      { entries: [at(9, "health", 3)], readTo: { atMs: 6, kind: "health", number: 2 } },
      { entries: [at(8, "change", 3), at(6, "change", 2), at(4, "change", 1)] },
    ];
    const { entries, next } = mergeTimeline(pages, 10);
    expect(told(entries)).toEqual(["9.health.3", "8.change.3", "6.change.2"]);
    expect(next).toEqual({ atMs: 6, kind: "health", number: 2 });
  });
});

test.each<[TimelineKind, Position | undefined, number, number, number]>([
  // kind     cursor                                  to   before  number
  ["change", undefined, 100, 100, Number.MAX_SAFE_INTEGER],
  ["change", { atMs: 50, kind: "change", number: 7 }, 100, 50, 7],
  ["incident", { atMs: 50, kind: "change", number: 7 }, 100, 50, 0],
  ["health", { atMs: 50, kind: "change", number: 7 }, 100, 50, Number.MAX_SAFE_INTEGER],
  ["change", { atMs: 50, kind: "change", number: 7 }, 40, 40, Number.MAX_SAFE_INTEGER],
])("%s after %j, to %i: before %i, %i", (kind, cursor, toMs, beforeMs, beforeNumber) => {
  expect(boundFor(kind, cursor, toMs)).toEqual({ beforeMs, beforeNumber });
});

test.each([["1.change.2"], ["0.health.0"], ["7.alert.12"], ["1772355600000.incident.9007199254740991"]])(
  "the cursor %s",
  (text) => {
    expect(formatCursor(parseCursor(text) as Position)).toBe(text);
  },
);

test.each([["1.audit.2"], ["01.change.2"], ["1.change"], ["1.change.2.3"], ["-1.change.2"], [""]])(
  "no cursor: %j",
  (text) => {
    expect(CURSOR_PATTERN.test(text)).toBe(false);
  },
);

describe("laws of pages", () => {
  const kind = fc.constantFrom(...TIMELINE_KINDS);
  /** Few moments, so that much happens at once. */
  const position = fc.record({ atMs: fc.nat(6), kind, number: fc.integer({ min: 1, max: 8 }) });
  const history = fc
    .uniqueArray(position, { selector: formatCursor, maxLength: 40 })
    .map((list) => list.map(({ atMs, kind: of, number }) => at(atMs, of, number)));

  /** A source as the objects are: by time and number, a few rows at a time; `scanMax` ends it early. */
  function source(
    all: readonly TimelineEntry[],
    of: TimelineKind,
    cursor: Position | undefined,
    limit: number,
    scanMax: number,
  ): SourcePage {
    const { beforeMs, beforeNumber } = boundFor(of, cursor, Number.MAX_SAFE_INTEGER);
    const rows = all
      .filter((entry) => entry.kind === of)
      .filter(({ atMs, number }) => atMs < beforeMs || (atMs === beforeMs && number < beforeNumber))
      .sort(comparePositions);
    const scanned = rows.slice(0, Math.min(scanMax, limit + 1));
    const last = scanned.at(-1);
    return rows.length > scanned.length && last !== undefined
      ? { entries: scanned, readTo: last }
      : { entries: scanned };
  }

  test("all pages together are everything once, in order, however far sources look", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }), (all, limit, scanMax) => {
        const seen: string[] = [];
        let cursor: Position | undefined;
        for (let page = 0; page < 200; page += 1) {
          const pages = TIMELINE_KINDS.map((of) => source(all, of, cursor, limit, scanMax));
          const { entries, next } = mergeTimeline(pages, limit);
          expect(entries.length).toBeLessThanOrEqual(limit);
          seen.push(...told(entries));
          cursor = next;
          if (next === undefined) break;
        }
        expect(cursor).toBeUndefined();
        expect(seen).toEqual(told([...all].sort(comparePositions)));
      }),
    );
  });

  test("what comes meanwhile at the new end changes nothing further on", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 7 }), position, (all, limit, { kind: of, number }) => {
        const first = mergeTimeline(
          TIMELINE_KINDS.map((one) => source(all, one, undefined, limit, 99)),
          limit,
        );
        if (first.next === undefined) return;
        const later = [...all, at(7, of, number)];
        const second = (known: readonly TimelineEntry[]) =>
          told(
            mergeTimeline(
              TIMELINE_KINDS.map((one) => source(known, one, first.next, limit, 99)),
              limit,
            ).entries,
          );
        expect(second(later)).toEqual(second(all));
      }),
    );
  });
});
