/** How long counts are gone by: a 240th of what the window covers, whatever its length would allow. */
import { expect, test } from "vitest";
import { keptForMs } from "../../../admin/core/objectives/kept-counts.ts";
import { AT_MS, DAY_MS, HOUR_MS, MINUTE_MS } from "./world.ts";

// biome-ignore format: a table reads in columns
test.each([
  // what                                        window          on record since        kept for
  ["nothing on record",                          30 * DAY_MS,    undefined,             0],
  ["a month that has just begun",                30 * DAY_MS,    AT_MS,                 0],
  ["a month of which there are four minutes",    30 * DAY_MS,    AT_MS - 4 * MINUTE_MS, 1_000],
  ["a month of which there is a day",            30 * DAY_MS,    AT_MS - DAY_MS,        6 * MINUTE_MS],
  ["a month that is full",                       30 * DAY_MS,    AT_MS - 35 * DAY_MS,   3 * HOUR_MS],
  ["an hour that is full",                       HOUR_MS,        AT_MS - 35 * DAY_MS,   15_000],
  ["a record that begins later",                 HOUR_MS,        AT_MS + 10_000,        0],
])("%s", (_, windowMs, beganMs, expected) => {
  expect(keptForMs(windowMs, { atMs: AT_MS, beganMs })).toBe(expected);
});
