/** How what the sources keep becomes entries of the timeline: the event, a line for people, where there is more, and the scope. */
import { unreachable } from "../../../config/invariant.ts";
import { sortedBy } from "../../../config/order.ts";
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";
import type { Outcome } from "../changes/mutation.ts";
import type { IncidentCause } from "../commit/incidents.ts";
import type { Transition } from "../health/transitions.ts";
import { changeSentence } from "../history/change-sentence.ts";
import { type Places, type Scope, scopeOfCluster, scopeOfOutcome, scopeOfOverlay, WHOLE } from "../history/scope.ts";
import type { Alert } from "../objectives/alert.ts";
import { alertSentence } from "../objectives/alert-event.ts";
import type { AlertNotice } from "../objectives/life.ts";
import type { TimelineEntry } from "./timeline.ts";

/** Where two things happen to one row, as with incidents, their numbers are made of the row's: the second is the later one. */
export function numberOf(row: number, second: boolean): number {
  return row * 2 + (second ? 1 : 0);
}

export type CommittedFacts = {
  readonly record: {
    readonly revision: number;
    readonly kind: string;
    readonly author: string;
    readonly reason?: string;
    readonly createdAtMs: number;
  };
  readonly outcome: Outcome | undefined;
};

export function changeEntry({ record, outcome }: CommittedFacts, places: Places): TimelineEntry {
  const { revision, kind, author, reason, createdAtMs } = record;
  const why = reason === undefined ? "" : `: ${reason}`;
  return {
    ...{ atMs: createdAtMs, kind: "change", number: revision, event: "revision.committed" },
    title: `${changeSentence(kind, outcome)}. By ${author}${why}`,
    link: `/v1/revisions/${revision}`,
    scope: scopeOfOutcome(outcome, places),
  };
}

/** Undefined for what one vantage alone has seen, which is nobody's health yet. */
export function healthEntry(transition: Transition, number: number, places: Places): TimelineEntry | undefined {
  const { atMs } = transition;
  const where = { atMs, kind: "health", number } as const;
  switch (transition.kind) {
    case "cluster": {
      const { cluster, from, to, rule } = transition;
      return {
        ...{ ...where, event: "cluster.healthChanged" },
        title: `The cluster ${cluster} went from ${from} to ${to} (${rule})`,
        link: `/v1/health/transitions?cluster=${cluster}`,
        scope: scopeOfCluster(cluster, places),
      };
    }
    case "clusterAtVantage":
      return undefined;
    case "vantage": {
      const { vantage, from, to } = transition;
      return {
        ...{ ...where, event: "vantage.standingChanged" },
        title: `The prober at ${vantage} went from ${from} to ${to}`,
        link: `/v1/health/transitions?vantage=${vantage}`,
        scope: WHOLE,
      };
    }
    case "panic":
      return {
        ...{ ...where, event: "health.panic" },
        title:
          transition.to === "begun"
            ? "Everything went down at once: health is not believed"
            : "Health is believed again",
        ...{ link: "/v1/health", scope: WHOLE },
      };
    default:
      return unreachable(transition);
  }
}

export type DriftEvent = {
  readonly number: number;
  readonly atMs: number;
  readonly cleared: boolean;
  readonly sentence: string;
  readonly service: string;
  readonly clusters: readonly string[];
};

export function driftEntry(
  { number, atMs, cleared, sentence, service, clusters }: DriftEvent,
  places: Places,
): TimelineEntry {
  const regions = clusters.flatMap((cluster) => places.clusters.get(cluster)?.region ?? []);
  return {
    ...{ atMs, kind: "drift", number, event: cleared ? "drift.cleared" : "drift.seen" },
    title: cleared ? `No longer: ${sentence}` : sentence,
    link: `/v1/drift?service=${service}`,
    scope: { regions: [...new Set(regions)].sort(), services: [service], clusters },
  };
}

/** What people were told of an alert; it stays as it was told. */
export type AlertTold = {
  readonly number: number;
  readonly atMs: number;
  readonly notice: AlertNotice["kind"];
  readonly sentence: string;
  readonly scope: Scope;
};

export function alertTold({ kind, alert }: AlertNotice, atMs: number): Omit<AlertTold, "number"> {
  return { atMs, notice: kind, sentence: alertSentence({ kind, alert }), scope: scopeOfAlert(alert) };
}

/** A cluster is named when everything that burns is known to come from one; what edges answer themselves is of no region. */
function scopeOfAlert({ service, regions }: Alert): Scope {
  const somewhere = regions.every(({ region }) => region !== TELEMETRY_NONE);
  const clusters = regions.flatMap(({ cluster = TELEMETRY_NONE }) => (cluster === TELEMETRY_NONE ? [] : [cluster]));
  return {
    regions: somewhere ? sortedBy(regions, ({ region }) => region).map(({ region }) => region) : [],
    services: [service],
    clusters: somewhere && clusters.length === regions.length ? sortedBy(clusters, (cluster) => cluster) : [],
  };
}

export function alertEntry({ number, atMs, notice, sentence, scope }: AlertTold): TimelineEntry {
  const link = notice === "resolved" ? "/v1/alerts/history" : "/v1/alerts";
  return { ...{ atMs, kind: "alert", number, event: `alert.${notice}` }, title: sentence, link, scope };
}

export type IncidentEvent = {
  readonly number: number;
  readonly atMs: number;
  readonly closed: boolean;
  readonly severity: number;
  readonly title: string;
  readonly cause: IncidentCause;
  /** Who opened or closed it, and why. */
  readonly by: string;
  readonly reason: string;
};

export function incidentEntry(incident: IncidentEvent, places: Places): TimelineEntry {
  const { number, atMs, closed, severity, title, cause, by, reason } = incident;
  const what = closed ? "closed" : "opened";
  return {
    ...{ atMs, kind: "incident", number, event: `incident.${what}` },
    title: `Incident of severity ${severity} ${what}: ${title}. By ${by}: ${reason}`,
    link: "/v1/incidents",
    scope: scopeOfCause(cause, places),
  };
}

function scopeOfCause(cause: IncidentCause, places: Places): Scope {
  switch (cause.kind) {
    case "held":
      return scopeOfOverlay(cause.overlay, places);
    case "compromised":
      return cause.service === undefined ? WHOLE : { ...WHOLE, services: [cause.service] };
    case "alert":
      return { ...WHOLE, services: [cause.service] };
    case "opened":
    case "override":
    case "withdrawn":
    case "drift":
      return WHOLE;
    default:
      return unreachable(cause);
  }
}
