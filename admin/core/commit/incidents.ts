/** Incidents that the control plane opens by itself, so that somebody comes back to what was out of the ordinary. */
import type { RequestedMutation } from "../changes/mutation.ts";

export type IncidentCause =
  | { readonly kind: "opened" }
  | { readonly kind: "override"; readonly override: string; readonly rules: readonly string[] }
  | { readonly kind: "withdrawn"; readonly withdrawnRevision: number; readonly because: string }
  | { readonly kind: "held"; readonly overlay: string; readonly because: string };

export type NewIncident = {
  /** 1 is the worst. While one of 1 or 2 is open, only what makes things safer is let through. */
  readonly severity: 1 | 2 | 3;
  readonly title: string;
  readonly cause: IncidentCause;
  readonly reason: string;
  readonly openedBy: string;
  readonly openedAtMs: number;
};

type Opening = Pick<NewIncident, "openedBy" | "openedAtMs">;

/** Breaking the glass is no emergency by itself, or it would lock out the very change it is for. */
export function incidentsOf(mutation: RequestedMutation, opening: Opening): readonly NewIncident[] {
  const parts = mutation.kind === "batch" ? mutation.mutations : [mutation];
  return parts.flatMap((part): NewIncident[] => {
    if (part.kind !== "override") return [];
    const { name: override, rules, reason } = part;
    const title = `Safety rules overridden: ${rules.join(", ")}`;
    return [{ severity: 3, title, cause: { kind: "override", override, rules }, reason, ...opening }];
  });
}

/** Routing was wrong somewhere, if only at one vantage: nothing else should change until somebody knows why. */
export function withdrawalIncident(revision: number, because: string, openedAtMs: number): NewIncident {
  return {
    severity: 2,
    title: `Revision ${revision} withdrawn`,
    cause: { kind: "withdrawn", withdrawnRevision: revision, because },
    reason: because,
    openedBy: "fairlead",
    openedAtMs,
  };
}

export function heldIncident(overlay: string, because: string, openedAtMs: number): NewIncident {
  return {
    severity: 3,
    title: `${overlay} is held beyond its end`,
    cause: { kind: "held", overlay, because },
    reason: because,
    openedBy: "fairlead",
    openedAtMs,
  };
}
