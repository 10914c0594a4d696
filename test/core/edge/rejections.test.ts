/** What an isolate says that it refuses: bounded, each thing once, the newest first to stay. */
import { describe, expect, test } from "vitest";
import { REJECTIONS_REPORTED_MAX, SnapshotRejection } from "../../../config/beacon.ts";
import { Rejections } from "../../../worker/io/rejections.ts";

/** By revision; without one for what KV holds. */
function noted(...revisions: (number | undefined)[]): Rejections {
  const rejections = new Rejections();
  for (const revision of revisions)
    rejections.note(SnapshotRejection.parse({ code: "invalid", ...(revision === undefined ? {} : { revision }) }));
  return rejections;
}

const revisionsOf = (rejections: Rejections) => rejections.list().map(({ revision }) => revision);

describe("rejections", () => {
  test.each([
    // noted                      settled  left
    [[], 5, []],
    [[5], 5, []],
    [[6], 5, [6]],
    [[5, 6, 7], 6, [7]],
    [[undefined, 6], 5, [6]],
    [[undefined, undefined, 6, 6], 0, [6]],
  ] as [(number | undefined)[], number, number[]][])("%j, when %i is served: %j", (revisions, taken, left) => {
    const rejections = noted(...revisions);
    rejections.settle(taken);
    expect(revisionsOf(rejections)).toEqual(left);
  });

  test("only what has no number is settled by a sound text that is not taken", () => {
    const rejections = noted(undefined, 6);
    rejections.settleUnnumbered();
    expect(revisionsOf(rejections)).toEqual([6]);
  });

  test("the newest stay when there are too many", () => {
    const rejections = noted(...Array.from({ length: 10 }, (_, revision) => revision));
    expect(revisionsOf(rejections)).toEqual([6, 7, 8, 9].slice(-REJECTIONS_REPORTED_MAX));
  });

  test("are news once, and again when they come back", () => {
    const rejections = noted(6);
    expect([rejections.takeNews(), rejections.takeNews()]).toEqual([true, false]);
    rejections.note(SnapshotRejection.parse({ code: "invalid", revision: 6 }));
    expect(rejections.takeNews()).toBe(false);
    rejections.note(SnapshotRejection.parse({ code: "tooLarge", revision: 6 }));
    expect(rejections.takeNews()).toBe(true);
    rejections.settle(6);
    rejections.note(SnapshotRejection.parse({ code: "invalid", revision: 6 }));
    expect(rejections.takeNews()).toBe(true);
  });
});
