/**
 * How long the counts of a window may be gone by before they are asked for anew. A long window changes slowly and costs the
 * most to add up, so each is kept for a small part of what it covers: a full hour fifteen seconds, a full month three hours.
 * What has only begun to fill is as fresh as a short one.
 */

const KEPT_PART = 1 / 240;

/** In milliseconds. `beganMs`: since when there is anything to count; undefined when there is nothing yet. */
export function keptForMs(
  windowMs: number,
  { atMs, beganMs = atMs }: { readonly atMs: number; readonly beganMs: number | undefined },
): number {
  return Math.min(windowMs, Math.max(0, atMs - beganMs)) * KEPT_PART;
}
