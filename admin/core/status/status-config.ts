/** What the status object has to know of a state: whom to believe, and what to hold their reports against. */
import { canonicalJson } from "../../../config/canonical.ts";
import type { Fleet } from "../../../config/documents.ts";
import type { FleetState } from "../changes/state.ts";
import { sha256Hex } from "../digest.ts";
import { type Declared, declaredOf } from "../drift/declared.ts";

export type StatusConfig = {
  readonly revision: number;
  /** Of all but the revision: two with the same digest ask for the same. */
  readonly digest: string;
  readonly declared: Declared;
  /** The Ed25519 public keys that clusters sign their pushed statuses with: 32 bytes in base64, by cluster. */
  readonly keys: Readonly<Record<string, string>>;
};

export function statusConfigOf({
  fleet,
  overlays,
  revision,
}: Pick<FleetState, "fleet" | "overlays" | "revision">): StatusConfig {
  const known = PARTS.get(fleet);
  const { declared, keys, digest } = known ?? partOf(fleet);
  if (known === undefined) PARTS.set(fleet, { declared, keys, digest });
  const rotations = overlays.filter((overlay) => overlay.kind === "secretRotation");
  return {
    revision,
    digest: rotations.length === 0 ? digest : sha256Hex(`${digest}\n${canonicalJson(rotations)}`),
    declared: { ...declared, rotations },
    keys,
  };
}

type FleetPart = Omit<StatusConfig, "revision">;

/** Shifts, drains and rotations leave the fleet as it is, and to digest a large one would dominate the cost of their commits. */
const PARTS = new WeakMap<Fleet, FleetPart>();

function partOf(fleet: Fleet): FleetPart {
  const declared = declaredOf(fleet, []);
  const keys = Object.fromEntries(
    fleet.clusters.flatMap(({ metadata, spec }) =>
      spec.statusKey === undefined ? [] : [[metadata.name, spec.statusKey] as const],
    ),
  );
  return { declared, keys, digest: sha256Hex(canonicalJson({ declared, keys })) };
}
