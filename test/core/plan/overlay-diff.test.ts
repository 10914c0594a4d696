import { expect, test } from "vitest";
import { diffOverlays } from "../../../admin/core/plan/overlay-diff.ts";
import { Overlay } from "../../../config/overlays.ts";

const WHY = { author: "kim", reason: "capacity", createdAtMs: 1 };
const shift = (weight: number) =>
  Overlay.parse({ kind: "weightShift", route: "web", rule: "europe", weights: { "eu-west": weight }, ...WHY });
const drain = Overlay.parse({ kind: "regionDrain", region: "eu-west", mode: "graceful", expiresAtMs: 9, ...WHY });
const freeze = Overlay.parse({ kind: "freeze", name: "holidays", expiresAtMs: 9, ...WHY });

test.each([
  // before           after                          changes
  [[], [], []],
  [[drain, shift(1)], [shift(1), drain], []],
  [[], [drain], [{ kind: "added", overlay: "regionDrain/eu-west", after: drain }]],
  [[drain], [], [{ kind: "removed", overlay: "regionDrain/eu-west", before: drain }]],
  [
    [shift(1), freeze],
    [shift(2), drain],
    [
      { kind: "removed", overlay: "freeze/holidays", before: freeze },
      { kind: "added", overlay: "regionDrain/eu-west", after: drain },
      { kind: "changed", overlay: "weightShift/web/europe", before: shift(1), after: shift(2) },
    ],
  ],
])("%# from %j to %j", (before, after, changes) => {
  expect(diffOverlays(before, after)).toEqual(changes);
});
