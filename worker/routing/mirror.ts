/**
 * Whether a copy of a request goes to the route's mirror: a sampled share of safe requests without a body, and only
 * where residency would let the request itself go. The sample is the caller's draw, so it is of requests, not clients.
 */
import { SHARE_BPS_TOTAL } from "../../config/limits.ts";
import { murmur3 } from "../../config/murmur3.ts";
import type { Attempt, Reason } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { combine, scale } from "./hash.ts";
import type { Admission, LoadedRoute } from "./loaded-snapshot.ts";

const MIRROR_SALT_HASH = murmur3("mirror");

/** A copy of anything else could change something twice. */
const MIRRORED_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

export type MirrorInput = { readonly facts: Facts; readonly admission: Admission; readonly draw: number };

export function mirrorOf(
  { mirror, service }: LoadedRoute,
  { facts, admission, draw }: MirrorInput,
  trace: Reason[] | undefined,
): Attempt | undefined {
  if (mirror === undefined || !MIRRORED_METHODS.has(facts.method)) return undefined;
  // A region in which the service itself has no cluster is not among the permitted ones: then nobody has said it may.
  if (service.residency !== undefined && !admission.permitted.has(mirror.attempt.region)) return undefined;
  if (scale(combine(draw >>> 0, MIRROR_SALT_HASH), SHARE_BPS_TOTAL) >= mirror.shareBps) return undefined;
  trace?.push({ code: "mirror", cluster: mirror.attempt.cluster });
  return mirror.attempt;
}
