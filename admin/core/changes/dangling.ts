/**
 * Overlays that point at nothing in a fleet. A weight shift or a switch whose rule or flag is gone is cleared, because
 * nothing could ever end it; a drain on something that is gone stays until it expires, so that it does not come back
 * undrained. A rotation of a secret is over when nobody has the secret any more, or when the old version is revoked and
 * no document names it.
 */

import { DEFAULT_RULE } from "../../../config/documents/route.ts";
import type { Fleet } from "../../../config/documents.ts";
import type { FlagSwitch, Overlay, SecretRotation } from "../../../config/overlays.ts";
import { covers } from "../secrets/users.ts";

export function isDangling(overlay: Overlay, fleet: Fleet): boolean {
  if (overlay.kind === "secretRotation") return isOver(overlay, fleet);
  if (overlay.kind === "flagSwitch") return isSwitchOfNothing(overlay, fleet);
  if (overlay.kind !== "weightShift") return false;
  const spec = fleet.routes.find(({ metadata }) => metadata.name === overlay.route)?.spec;
  if (spec === undefined) return true;
  if (overlay.rule === DEFAULT_RULE) return !("weights" in spec.default);
  return !(spec.steering ?? []).some(({ name }) => name === overlay.rule);
}

function isSwitchOfNothing({ flag, region }: FlagSwitch, { flags, regions }: Fleet): boolean {
  if (!flags.some(({ metadata }) => metadata.name === flag)) return true;
  return region !== undefined && !regions.some(({ metadata }) => metadata.name === region);
}

function isOver(rotation: SecretRotation, { clusters }: Fleet): boolean {
  const versions = clusters.flatMap(({ spec }) =>
    (spec.reports?.secrets ?? [])
      .filter(({ name }) => covers(rotation, { secret: name, service: spec.service }))
      .map(({ version }) => version),
  );
  return rotation.stage === "revoked" ? !versions.includes(rotation.from) : versions.length === 0;
}
