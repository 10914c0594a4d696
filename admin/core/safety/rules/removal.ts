/**
 * A change that removes more than a part of the documents of one kind, or of the live overlays, waits for a second person:
 * a file that was left out of an apply looks just like that. Clusters count as what the templates make of them, so that a
 * slip in an Environment is seen too. A single overlay is ended on purpose; it takes several at once to be a slip.
 */
import { type Diffable, documentId } from "../../../../config/diff.ts";
import { sortedBy } from "../../../../config/order.ts";
import { type Overlay, overlayKey } from "../../../../config/overlays.ts";
import type { FleetState } from "../../changes/state.ts";
import type { ResolvedSafety } from "../defaults.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf } from "../words.ts";
import { notEvaluated, pass, switchedOff } from "./verdicts.ts";

const RULE = "removal";

/** One drain that is ended is an undrain. */
const OVERLAYS_REMOVED_MIN = 2;

export function removal(
  { before, after, nowMs }: ExaminedChange,
  { removalMaxPercent: maxPercent }: ResolvedSafety,
): Verdict {
  if (maxPercent === undefined) return switchedOff(RULE);
  const removals = [...documentRemovals(before, after), ...overlayRemovals(before, after, nowMs)].filter(
    ({ removed }) => removed > 0,
  );
  if (removals.length === 0) return notEvaluated(RULE, "The change removes nothing.");
  // In whole numbers: 1 of 3 is more than 33 percent and not more than 34.
  const tooMany = removals.filter(({ removed, of }) => removed * 100 > maxPercent * of);
  const most = `${maxPercent}% is the most that one person removes alone`;
  const largest = removals.reduce((worst, one) => (one.removed * worst.of > worst.removed * one.of ? one : worst));
  const numbers = {
    kind: largest.what,
    removed: largest.removed,
    of: largest.of,
    percent: percentOf(largest),
    maxPercent,
  };
  if (tooMany.length === 0) return pass(RULE, `${describe(largest)}; ${most}.`, numbers);
  const sentence = firstOf(tooMany.map((one) => `${describe(one)}; ${most}.`));
  return { rule: RULE, outcome: "approve", sentence, numbers };
}

type Removal = { readonly what: string; readonly removed: number; readonly of: number };

function documentRemovals(before: FleetState, after: FleetState): readonly Removal[] {
  // A change of live state hands on the very same documents, and what is made of them.
  if (before.documents === after.documents && before.fleet === after.fleet) return [];
  const left = new Set(countedDocuments(after).map(documentId));
  const byKind = new Map<string, Diffable[]>();
  for (const document of countedDocuments(before)) {
    const known = byKind.get(document.kind);
    if (known === undefined) byKind.set(document.kind, [document]);
    else known.push(document);
  }
  return sortedBy(byKind, ([kind]) => kind).map(([kind, documents]) => ({
    what: kind,
    removed: documents.filter((document) => !left.has(documentId(document))).length,
    of: documents.length,
  }));
}

function countedDocuments({ documents, fleet }: FleetState): readonly Diffable[] {
  return [...documents.filter(({ kind }) => kind !== "Cluster"), ...fleet.clusters];
}

/** What has run out, and what an ended drain left behind, goes by itself. */
function overlayRemovals(before: FleetState, after: FleetState, nowMs: number): readonly Removal[] {
  // Most changes make one of many another, in its place: then there is nothing to look up.
  const moved = before.overlays.filter((overlay, at) => overlay !== after.overlays[at]);
  if (moved.length < OVERLAYS_REMOVED_MIN) return [];
  const live = before.overlays.filter((overlay) => isLive(overlay, nowMs));
  const left = new Set(after.overlays.map(overlayKey));
  const removed = live.filter((overlay) => !left.has(overlayKey(overlay))).length;
  return removed < OVERLAYS_REMOVED_MIN ? [] : [{ what: "overlay", removed, of: live.length }];
}

function isLive(overlay: Overlay, nowMs: number): boolean {
  if (overlay.kind === "regionReturn" || overlay.kind === "clusterReturn") return false;
  return !("expiresAtMs" in overlay) || overlay.expiresAtMs > nowMs;
}

/** Rounded down, but never to 0. */
function percentOf({ removed, of }: Removal): number {
  return Math.max(1, Math.floor((removed * 100) / of));
}

function describe({ what, removed, of }: Removal): string {
  const things = what === "overlay" ? "live overlays" : `documents of kind ${what}`;
  return `The change removes ${removed} of ${of} ${things} (${percentOf({ what, removed, of })}%)`;
}
