/**
 * While a freeze is in force nothing that it covers is changed. A freeze that the change itself sets begins after it, and
 * one that it lifts still holds for whatever else it does: lifting is a step of its own, on purpose. Freezes and
 * overrides are not what is frozen, or nobody could ever lift one.
 */

import { sortedBy } from "../../../../config/order.ts";
import type { Freeze } from "../../../../config/overlays.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Touched } from "../touched.ts";
import type { Verdict } from "../verdict.ts";
import { atMost, firstOf, listed } from "../words.ts";
import { deny, notEvaluated, pass } from "./verdicts.ts";

const RULE = "freeze";

export function freeze({ before, touched, nowMs }: ExaminedChange): Verdict {
  const live = before.overlays.filter(
    (overlay): overlay is Freeze => overlay.kind === "freeze" && overlay.expiresAtMs > nowMs,
  );
  if (live.length === 0) return notEvaluated(RULE, "Nothing is frozen.");
  const holding = sortedBy(live, ({ name }) => name)
    .map((one) => ({ freeze: one, covered: coveredBy(one, touched) }))
    .filter(({ covered }) => covered.length > 0);
  if (holding.length === 0) {
    const sentence = `None of the ${live.length} freezes in force covers what the change is on.`;
    return pass(RULE, sentence, { freezes: live.length });
  }
  const sentences = holding.map(({ freeze: { name, reason, expiresAtMs }, covered }) => {
    return `The freeze "${name}" (${reason}) holds ${listed(covered)} for ${atMost(expiresAtMs - nowMs)} more.`;
  });
  const numbers = {
    freezes: holding.map((one) => one.freeze.name),
    covered: holding.flatMap(({ covered }) => covered),
  };
  const endsAtMs = Math.max(...holding.map((one) => one.freeze.expiresAtMs));
  return deny(RULE, firstOf(sentences), numbers, endsAtMs - nowMs);
}

/** Without regions and routes it is for the whole fleet, whatever of it is touched. */
function coveredBy({ regions, routes }: Freeze, touched: Touched): readonly string[] {
  if (regions === undefined && routes === undefined) return touched.any ? ["the whole fleet"] : [];
  return [
    ...(regions ?? []).filter((name) => touched.things.has(`region/${name}`)).map((name) => `the region ${name}`),
    ...(routes ?? []).filter((name) => touched.things.has(`route/${name}`)).map((name) => `the route ${name}`),
  ];
}
