/**
 * The state that the control plane keeps: what people declared, and what lives on top of it. Everything that changes
 * routing makes a new one of these; nothing else is ever compiled.
 */
import type { Document, Fleet } from "../../../config/documents.ts";
import type { Overlay } from "../../../config/overlays.ts";

export type FleetState = {
  readonly environment: string;
  /** 0 before the first commit. */
  readonly revision: number;
  /** As people wrote them, in the order of kind and name. */
  readonly documents: readonly Document[];
  /** What `documents` come to. */
  readonly fleet: Fleet;
  /** In the order of their keys; at most one for each key. */
  readonly overlays: readonly Overlay[];
};

/** The state of an environment that nobody has written to. */
export function emptyState(environment: string): FleetState {
  const fleet: Fleet = {
    ...{ regions: [], services: [], clusters: [], routes: [] },
    ...{ flags: [], evaluators: [], monitors: [], webhooks: [] },
  };
  return { environment, revision: 0, documents: [], fleet, overlays: [] };
}
