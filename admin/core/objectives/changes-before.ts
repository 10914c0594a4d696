/**
 * What was changed where an alert burns, before it began: the first thing that whoever is called asks. The newest few that
 * may have to do with it; whether one of them is to blame is for people to say.
 */
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";
import { overlap, type Scope } from "../history/scope.ts";
import type { Alert } from "./alert.ts";

export type RecentChange = {
  readonly revision: number;
  readonly kind: string;
  readonly author: string;
  readonly atMs: number;
  readonly scope: Scope;
};

export type ChangeBefore = Omit<RecentChange, "scope"> & {
  /** How long before the alert began. */
  readonly ageMs: number;
};

/** More than these nobody reads in a message; the rest is in the timeline. */
const CHANGES_MAX = 3;

/** `recent`: the newest first, as far back as anybody has looked. */
export function changesBefore(
  { service, regions, sinceMs }: Pick<Alert, "service" | "regions" | "sinceMs">,
  recent: readonly RecentChange[],
): readonly ChangeBefore[] {
  const names = regions.map(({ region }) => region);
  // What edges had to answer themselves may come from any region.
  const about: Scope = { services: [service], regions: names.includes(TELEMETRY_NONE) ? [] : names, clusters: [] };
  return recent
    .filter(({ atMs, scope }) => atMs <= sinceMs && overlap(scope, about))
    .slice(0, CHANGES_MAX)
    .map(({ scope: _, ...change }) => ({ ...change, ageMs: sinceMs - change.atMs }));
}
