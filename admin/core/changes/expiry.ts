/** When live state ends by itself: the bounds that people may ask for, and what has run out at a given time. */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { formatDuration } from "../../../config/duration.ts";
import { OVERLAY_EXPIRES_MS_DEFAULT, OVERLAY_EXPIRES_MS_MAX, OVERLAY_EXPIRES_MS_MIN } from "../../../config/limits.ts";
import type { Overlay } from "../../../config/overlays.ts";
import { err, ok, type Result } from "../../../config/result.ts";

/** What is held is looked at again this often: probes and traffic need some seconds to say anything new. */
const HELD_RECHECK_MS = 30_000;

/** The end of something that begins now. `what` begins the sentence of a refusal: "A drain". */
export function expiryOf(
  { expiresInMs = OVERLAY_EXPIRES_MS_DEFAULT }: { readonly expiresInMs?: number },
  {
    what,
    nowMs,
    maxMs = OVERLAY_EXPIRES_MS_MAX,
  }: { readonly what: string; readonly nowMs: number; readonly maxMs?: number },
): Result<number, AdminRefusal> {
  if (expiresInMs >= OVERLAY_EXPIRES_MS_MIN && expiresInMs <= maxMs) return ok(nowMs + expiresInMs);
  const detail = `${what} lasts at least ${formatDuration(OVERLAY_EXPIRES_MS_MIN)} and at most ${formatDuration(maxMs)}.`;
  return err({ code: "expiryInvalid", detail, errors: [{ pointer: "/expiresIn", detail, code: "expiry.range" }] });
}

export function expiresAtMs(overlay: Overlay): number | undefined {
  return "expiresAtMs" in overlay ? overlay.expiresAtMs : undefined;
}

/** What has run out, the held among it. */
export function expired(overlays: readonly Overlay[], nowMs: number): readonly Overlay[] {
  return overlays.filter((overlay) => (expiresAtMs(overlay) ?? Number.POSITIVE_INFINITY) <= nowMs);
}

/** When the alarm has to look at the overlays again, or undefined when none of them ends. */
export function nextExpiryMs(overlays: readonly Overlay[], nowMs: number): number | undefined {
  const times = overlays.flatMap((overlay) => {
    const endsAtMs = expiresAtMs(overlay);
    if (endsAtMs === undefined) return [];
    return "held" in overlay && overlay.held !== undefined ? [Math.max(endsAtMs, nowMs + HELD_RECHECK_MS)] : [endsAtMs];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}
