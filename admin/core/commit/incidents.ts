/** Incidents that the control plane opens by itself, so that somebody comes back to what was out of the ordinary. */
import { REASON_LENGTH_MAX } from "../../../config/limits.ts";
import type { RequestedMutation } from "../changes/mutation.ts";
import type { DriftAlarm } from "../events/event.ts";
import type { NewEvent } from "../webhooks/event.ts";

export type IncidentCause =
  | { readonly kind: "opened" }
  | { readonly kind: "override"; readonly override: string; readonly rules: readonly string[] }
  | { readonly kind: "withdrawn"; readonly withdrawnRevision: number; readonly because: string }
  | { readonly kind: "held"; readonly overlay: string; readonly because: string }
  | { readonly kind: "compromised"; readonly secret: string; readonly service?: string }
  /** By the id of an alert that pages. */
  | { readonly kind: "alert"; readonly alert: string; readonly service: string }
  /** By the keys of `GET /v1/drift`. */
  | { readonly kind: "drift"; readonly drift: readonly string[] };

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

/**
 * Breaking the glass is no emergency by itself, or it would lock out the very change it is for. Nor does a secret that is
 * out lock out others: who rotates it away gets through in any case.
 */
export function incidentsOf(mutation: RequestedMutation, opening: Opening): readonly NewIncident[] {
  const parts = mutation.kind === "batch" ? mutation.mutations : [mutation];
  return parts.flatMap((part): NewIncident[] => {
    if (part.kind === "compromiseSecret") return [{ ...compromise(part), ...opening }];
    if (part.kind !== "override") return [];
    const { name: override, rules, reason } = part;
    const title = `Safety rules overridden: ${rules.join(", ")}`;
    return [{ severity: 3, title, cause: { kind: "override", override, rules }, reason, ...opening }];
  });
}

type Compromise = Extract<RequestedMutation, { readonly kind: "compromiseSecret" }>;

function compromise({ secret, service, reason }: Compromise): Omit<NewIncident, keyof Opening> {
  const where = service === undefined ? "" : ` of ${service}`;
  const cause = { kind: "compromised", secret, ...(service === undefined ? {} : { service }) } as const;
  return { severity: 3, title: `The secret ${secret}${where} is compromised`, cause, reason };
}

const DRIFT_TITLED_MAX = 5;

type OverdueDrift = { readonly key: string; readonly sentence: string; readonly clusters: readonly string[] };

/** One for all that has become too old at the same time: a rack that was forgotten is one thing to look after. */
export function driftAlarm(drifts: readonly OverdueDrift[], atMs: number): DriftAlarm {
  return {
    ...{ kind: "overdue", atMs },
    clusters: [...new Set(drifts.flatMap((drift) => drift.clusters))],
    drift: drifts.map(({ key }) => key),
    sentences: drifts.slice(0, DRIFT_TITLED_MAX).map(({ sentence }) => sentence),
  };
}

/** For those who want to hear of drift and of no other incident. */
export function driftEvent(alarm: DriftAlarm): NewEvent {
  const { atMs, clusters, drift, sentences } = alarm;
  return {
    ...{ key: `drift.overdue.${atMs}.${drift[0] ?? ""}`, type: "drift.overdue", atMs },
    summary: `Drift for too long in ${titleOf(clusters)}: ${sentences.join(" ")}`,
    data: { clusters, drift, sentences },
  };
}

export function driftIncident(drifts: readonly OverdueDrift[], openedAtMs: number): NewIncident {
  const { clusters, drift, sentences } = driftAlarm(drifts, openedAtMs);
  return {
    severity: 3,
    title: `Drift for too long: ${titleOf(clusters)}`,
    cause: { kind: "drift", drift },
    reason: sentences.join(" "),
    openedBy: "fairlead",
    openedAtMs,
  };
}

function titleOf(clusters: readonly string[]): string {
  const more = clusters.length > DRIFT_TITLED_MAX ? ` and ${clusters.length - DRIFT_TITLED_MAX} more` : "";
  return `${clusters.slice(0, DRIFT_TITLED_MAX).join(", ")}${more}`;
}

/** Somebody is called, so there is something to come back to; `summary` is what they were told. */
export function alertIncident(
  { id, service }: { readonly id: string; readonly service: string },
  {
    severity,
    summary,
    openedAtMs,
  }: { readonly severity: 1 | 2 | 3; readonly summary: string; readonly openedAtMs: number },
): NewIncident {
  return {
    severity,
    title: `The error budget of ${service} burns`,
    cause: { kind: "alert", alert: id, service },
    reason: summary.slice(0, REASON_LENGTH_MAX),
    openedBy: "fairlead",
    openedAtMs,
  };
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
