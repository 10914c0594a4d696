/**
 * Freezes that are in force and cover what would be changed: an error, because the change would be refused. Without a
 * change proposed, those that cover what was asked about: a warning, because the next change would be.
 */
import { sortedBy } from "../../../../config/order.ts";
import type { Freeze } from "../../../../config/overlays.ts";
import { controlChangesBetween } from "../../safety/control-changes.ts";
import { touchedBy } from "../../safety/touched.ts";
import { atMost, listed } from "../../safety/words.ts";
import type { Examined, PreflightCheck } from "../examined.ts";
import type { Found } from "../finding.ts";

export const checkFreeze: PreflightCheck = (examined) => {
  const { before, after, nowMs } = examined;
  const live = before.state.overlays.filter(
    (overlay): overlay is Freeze => overlay.kind === "freeze" && overlay.expiresAtMs > nowMs,
  );
  if (live.length === 0) return [];
  const controls = controlChangesBetween(before, after, nowMs);
  const touched = touchedBy(before.state, after.state, controls);
  const things = touched.any ? touched.things : thingsAskedAbout(examined);
  return sortedBy(live, ({ name }) => name).flatMap((freeze): Found[] => {
    const covered = coveredBy(freeze, things);
    if (covered.length === 0) return [];
    const { name, reason, expiresAtMs } = freeze;
    const held = touched.any ? "what would be changed" : "what was asked about";
    const sentence = `The freeze "${name}" (${reason}) holds ${held}, ${listed(covered)}, for ${atMost(expiresAtMs - nowMs)} more.`;
    const regions = (freeze.regions ?? []).filter((region) => things.has(`region/${region}`));
    const severity = touched.any ? "error" : "warning";
    return [{ code: "freeze.covers", severity, sentence, ...(regions.length === 0 ? {} : { regions }) }];
  });
};

function thingsAskedAbout({ regions, services, fleet }: Examined): ReadonlySet<string> {
  const routes = fleet.routes.filter(({ spec }) => services.has(spec.service));
  return new Set([
    ...[...regions].map((region) => `region/${region}`),
    ...routes.map(({ metadata }) => `route/${metadata.name}`),
  ]);
}

/** Without regions and routes it is for the whole fleet. */
function coveredBy({ regions, routes }: Freeze, things: ReadonlySet<string>): readonly string[] {
  if (regions === undefined && routes === undefined) return ["the whole fleet"];
  return [
    ...(regions ?? []).filter((name) => things.has(`region/${name}`)).map((name) => `the region ${name}`),
    ...(routes ?? []).filter((name) => things.has(`route/${name}`)).map((name) => `the route ${name}`),
  ];
}
