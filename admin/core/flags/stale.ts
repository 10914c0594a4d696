/**
 * Flags that somebody should clean up, and why: their day is over; everybody has had the same of them for a month; or
 * nothing in the fleet has named them for a month. `staleAfter` is a promise of its owner: until that day, or for ever
 * with `never`, the other two reasons are not held against a flag.
 */
import type { FlagDocument, Fleet } from "../../../config/documents.ts";
import { SHARE_BPS_TOTAL } from "../../../config/limits.ts";
import type { SnapshotFlag } from "../../../config/snapshot.ts";
import { sameJson } from "../plan/same-json.ts";

/** A release is over after a month, and whoever wants to go back further goes back by a deployment. */
export const STALE_AFTER_MS = 30 * 86_400_000;

export type Staleness = {
  readonly reason: "expired" | "settled" | "unreferenced";
  readonly sentence: string;
};

export type StaleInput = {
  readonly flag: FlagDocument;
  /** As it is asked now, and a month ago; undefined when there was no such flag then. */
  readonly now: SnapshotFlag;
  readonly before: SnapshotFlag | undefined;
  readonly uses: readonly string[];
  readonly usesBefore: readonly string[];
  /** UTC, as `staleAfter` is written: `2027-01-31`. */
  readonly today: string;
};

export function stalenessOf({ flag, now, before, uses, usesBefore, today }: StaleInput): Staleness | undefined {
  const { staleAfter } = flag.spec;
  if (staleAfter === "never") return undefined;
  if (staleAfter !== undefined) {
    const isOver = today >= staleAfter;
    return isOver ? { reason: "expired", sentence: `Its day is over: it was to be gone by ${staleAfter}.` } : undefined;
  }
  if (before === undefined) return undefined;
  const sole = soleVariant(now);
  if (sole !== undefined && sameJson(now, before)) {
    const has = sole === null ? "has had no value of it" : `has had "${sole}"`;
    return {
      reason: "settled",
      sentence: `Everybody ${has} for 30 days: put that into the code, and remove the flag.`,
    };
  }
  if (uses.length === 0 && usesBefore.length === 0)
    return {
      reason: "unreferenced",
      sentence: "No rule, service or gate has named it for 30 days: remove it, unless an SDK asks for it.",
    };
  return undefined;
}

/** What everybody gets, null for no value; undefined when it is not the same for all. */
function soleVariant(flag: SnapshotFlag): string | null | undefined {
  const { defaultVariant = null, targeting, regions = {} } = flag;
  const elsewhere = targeting === undefined ? defaultVariant : soleShare(targeting);
  const all = [
    flag.state === "DISABLED" ? null : elsewhere,
    ...Object.values(regions).map(({ state = flag.state, rollout }) => {
      if (state === "DISABLED") return null;
      if (rollout === undefined) return elsewhere;
      if (rollout.shareBps === 0) return defaultVariant;
      return rollout.shareBps === SHARE_BPS_TOTAL ? rollout.variant : undefined;
    }),
  ];
  const [first] = all;
  return all.every((one) => one === first) ? first : undefined;
}

/** Of targeting that is one share of all; who has no key is not counted. */
function soleShare(targeting: NonNullable<SnapshotFlag["targeting"]>): string | undefined {
  const { fractional } = targeting;
  if (!Array.isArray(fractional)) return undefined;
  const shares = fractional.flatMap((share) => (Array.isArray(share) && share[1] !== 0 ? [share[0]] : []));
  const [variant] = shares;
  return shares.length === 1 && typeof variant === "string" ? variant : undefined;
}

/** What in the fleet goes by the flag: `rule web/beta`, `side of web`, `clusters of web`, `policy`. */
export function usesOf(name: string, { routes, services, policy }: Fleet): readonly string[] {
  return [
    ...routes.flatMap(({ metadata, spec }) =>
      (spec.steering ?? []).flatMap((rule) => (rule.when.flag === name ? [`rule ${metadata.name}/${rule.name}`] : [])),
    ),
    ...services.flatMap(({ metadata, spec }) => [
      ...(spec.canaryFlag?.flag === name ? [`side of ${metadata.name}`] : []),
      ...(spec.flags?.includes(name) ? [`clusters of ${metadata.name}`] : []),
    ]),
    ...(policy !== undefined && JSON.stringify(policy.spec.safety ?? {}).includes(JSON.stringify(name))
      ? ["policy"]
      : []),
  ];
}
