/**
 * How alerts come and go: from what burns now and which alerts there are, to the alerts afterwards and what people are
 * told. One region's burn is one alert; several regions of a service that burn at once have one cause and get one alert
 * together; a ticket is not opened while a page is open for the same. What becomes of an alert that there is, is `life.ts`.
 */
import { groupBy } from "../../../config/group.ts";
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";
import type { AlertSeverity } from "../../../config/webhook.ts";
import { type Alert, type AlertGroup, alertId, alertRegion } from "./alert.ts";
import type { ObjectiveReport } from "./judge.ts";
import { type AlertNotice, end, nextOf, type Step } from "./life.ts";
import { type Reading, readingOf } from "./reading.ts";

export type Reviewed = {
  /** Pending and firing. */
  readonly active: readonly Alert[];
  /** Over now, and somebody had been told of them. */
  readonly ended: readonly Alert[];
  readonly notices: readonly AlertNotice[];
};

/** `before`: the active ones. The same reports and alerts at the same time give the same answer. */
export function reviewAlerts(before: readonly Alert[], reports: readonly ObjectiveReport[], nowMs: number): Reviewed {
  const byPromise = groupBy(reports, ({ objective }) => promiseOf(objective));
  const alertsByPromise = groupBy(before, promiseOf);
  const promises = [...new Set([...byPromise.keys(), ...alertsByPromise.keys()])].sort();
  const steps = promises.flatMap((promise) =>
    stepsOf(alertsByPromise.get(promise) ?? [], byPromise.get(promise) ?? [], nowMs),
  );
  const alerts = steps.flatMap(({ alert }) => alert ?? []);
  return {
    active: alerts.filter(({ state }) => state !== "resolved"),
    ended: alerts.filter(({ state }) => state === "resolved"),
    notices: steps.flatMap(({ alert, notice }) => (alert && notice ? [{ kind: notice, alert }] : [])),
  };
}

function promiseOf({ service, sli }: Pick<AlertGroup, "service" | "sli">): string {
  return `${service}/${sli}`;
}

/** Of one promise of one service. Pages first: while one is open, no ticket is opened for the same region. */
function stepsOf(alerts: readonly Alert[], reports: readonly ObjectiveReport[], nowMs: number): readonly Step[] {
  const ofSeverity = (severity: AlertSeverity) => alerts.filter((alert) => alert.severity === severity);
  const pages = reviewGroup({ alerts: ofSeverity("page"), reports, severity: "page", covered: new Set(), nowMs });
  const paged = pages.flatMap(({ alert }) => (alert === undefined || alert.state === "resolved" ? [] : [alert]));
  const covered = regionsOf(paged);
  return [...pages, ...reviewGroup({ alerts: ofSeverity("ticket"), reports, severity: "ticket", covered, nowMs })];
}

type Group = {
  readonly alerts: readonly Alert[];
  readonly reports: readonly ObjectiveReport[];
  readonly severity: AlertSeverity;
  /** Regions that somebody is called for already. */
  readonly covered: ReadonlySet<string>;
  readonly nowMs: number;
};

function reviewGroup({ alerts, reports, severity, covered, nowMs }: Group): readonly Step[] {
  const byRegion = new Map(reports.map((report) => [report.objective.region, report]));
  const readings = reports.map((report) => readingOf(report, severity));
  const inAlerts = regionsOf(alerts);
  // Nobody has been told of what is pending, so it may still become another alert.
  const told = regionsOf(alerts.filter(({ state }) => state === "firing"));
  const fresh = readings.filter(({ region, burning }) => burning && !told.has(region) && !covered.has(region));
  const wide = alerts.find(({ scope }) => scope === "global");
  if (wide !== undefined) {
    const joining = fresh.filter(({ region }) => !inAlerts.has(region)).map(({ report }) => report);
    return alerts.map((alert) => nextOf(alert, byRegion, alert === wide ? { joining, nowMs } : { nowMs }));
  }
  const together = readings.filter(
    (reading) => !covered.has(reading.region) && (fresh.includes(reading) || reading.acute),
  );
  const [first] = fresh;
  if (first === undefined || isOnlyTheEdge(fresh, together, alerts))
    return alerts.map((alert) => nextOf(alert, byRegion, { nowMs }));
  const group = { severity, service: first.report.objective.service, sli: first.report.objective.sli };
  if (placesIn(together) !== 1) return widen(group, { alerts, together, byRegion, nowMs });
  return [
    ...alerts.map((alert) => nextOf(alert, byRegion, { nowMs })),
    ...fresh
      .filter((reading) => isPlace(reading) && !inAlerts.has(reading.region))
      .map((reading) => begin(group, [reading], nowMs)),
  ];
}

function regionsOf(alerts: readonly Alert[]): ReadonlySet<string> {
  return new Set(alerts.flatMap(({ regions }) => regions.map(({ region }) => region)));
}

/** What edges answer themselves is of no region: where a region burns, it follows from that. */
function isPlace({ region }: Reading): boolean {
  return region !== TELEMETRY_NONE;
}

function placesIn(readings: readonly Reading[]): number {
  return readings.filter(isPlace).length;
}

function isOnlyTheEdge(fresh: readonly Reading[], together: readonly Reading[], alerts: readonly Alert[]): boolean {
  return placesIn(fresh) === 0 && (placesIn(together) > 0 || alerts.length > 0);
}

type Widening = {
  readonly alerts: readonly Alert[];
  readonly together: readonly Reading[];
  readonly byRegion: ReadonlyMap<string, ObjectiveReport>;
  readonly nowMs: number;
};

/** One alert for all of them, in the place of those that some of them have. */
function widen(group: AlertGroup, { alerts, together, byRegion, nowMs }: Widening): readonly Step[] {
  const regions = new Set(together.map(({ region }) => region));
  const absorbed = alerts.filter((alert) => alert.regions.every(({ region }) => regions.has(region)));
  const others = alerts.filter((alert) => !absorbed.includes(alert));
  const waiting = absorbed.filter(({ state }) => state === "pending").map(({ sinceMs }) => sinceMs);
  return [
    ...others.map((alert) => nextOf(alert, byRegion, { nowMs })),
    ...absorbed.map((alert) => end(alert, "grouped", nowMs)),
    begin(group, together, Math.min(nowMs, ...waiting), nowMs),
  ];
}

/** Without a region, or with several, it is of none in particular. */
function begin(group: AlertGroup, readings: readonly Reading[], sinceMs: number, nowMs: number = sinceMs): Step {
  const scope = placesIn(readings) === 1 ? "regional" : "global";
  const regions = readings.map(({ report }) => alertRegion(report, group.severity));
  const alert: Alert = {
    id: alertId({ ...group, scope, regions }, nowMs),
    ...group,
    ...{ scope, regions, state: "pending", sinceMs, knownAtMs: nowMs },
  };
  return { alert };
}
