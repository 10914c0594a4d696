/** What listeners are told: where they go on, in which form, and how many there may be. */
import { expect, test } from "vitest";
import { type DriftAlarm, resume } from "../../../admin/core/events/event.ts";
import { eventText, openingText } from "../../../admin/core/events/event-text.ts";
import { LISTENER_KEPT_MS, LISTENERS_MAX, Listeners } from "../../../admin/core/events/listeners.ts";

const EMPTY = { oldest: 0, newest: 0 };
const LOG = { oldest: 11, newest: 20 };

test.each([
  // has read up to, log, goes on after, has missed some
  [undefined, EMPTY, 0, false],
  [0, EMPTY, 0, false],
  [undefined, LOG, 20, false],
  [20, LOG, 20, false],
  [15, LOG, 15, false],
  [10, LOG, 10, false],
  [9, LOG, 9, true],
  [0, LOG, 0, true],
  // Of a log that was lost.
  [21, LOG, 20, true],
  [1, EMPTY, 0, true],
])("who has read up to %s of %j goes on after %i; missed some: %s", (last, bounds, after, missed) => {
  expect(resume(last, bounds)).toEqual({ after, missed });
});

test("a reader can go on from the beginning of its stream, though nothing has happened yet", () => {
  expect(openingText({ after: 7, missed: false })).toBe('retry: 2000\nid: 7\nevent: ready\ndata: {"after":7}\n\n');
  expect(openingText({ after: 7, missed: true })).toContain("event: missed\n");
});

test("what is told is one line, whatever stands in it", () => {
  const told: DriftAlarm = {
    ...{ kind: "overdue", atMs: 1, clusters: ["a"], drift: ["k"] },
    sentences: ["one\n\nevent: health.panic\ndata: {}\r\n\u2028"],
  };
  const text = eventText({ number: 8, event: { topic: "drift", told } });
  const lines = text.split(/\r\n|\r|\n/);
  expect(lines).toEqual(["id: 8", "event: drift.overdue", expect.stringMatching(/^data: /), "", ""]);
  expect(JSON.parse((lines[2] ?? "").slice("data: ".length))).toEqual(told);
});

test("there is room for so many, for one that leaves another, and for those that went without a word a while later", () => {
  const listeners = new Listeners();
  for (let i = 0; i < LISTENERS_MAX; i += 1) expect(listeners.admit(`one-${i}`, i)).toBe(true);
  expect(listeners.admit("late", 1_000)).toBe(false);
  expect(listeners.admit("one-0", 1_000)).toBe(true);
  listeners.leave("one-1");
  expect(listeners.admit("late", 1_000)).toBe(true);
  expect(listeners.admit("later", 1_000)).toBe(false);
  expect(listeners.admit("later", LISTENER_KEPT_MS + 2)).toBe(true);
  // Who keeps asking stays.
  expect(listeners.admit("one-0", LISTENER_KEPT_MS + 900)).toBe(true);
});
