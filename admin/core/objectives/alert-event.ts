/**
 * What people are sent of an alert: what burns where and how fast, with the counts behind it, whose it is, where to read on,
 * and the very command that takes the region out.
 */
import { formatDuration } from "../../../config/duration.ts";
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";
import type { NewEvent } from "../webhooks/event.ts";
import type { Alert, AlertEnd, AlertRegion, Burn } from "./alert.ts";
import { changesBefore, type RecentChange } from "./changes-before.ts";
import type { AlertNotice } from "./life.ts";

/** What the documents say around an alert. */
export type AlertContext = {
  readonly owners: {
    readonly clusters: Readonly<Record<string, string>>;
    readonly regions: Readonly<Record<string, string>>;
    readonly services: Readonly<Record<string, string>>;
  };
  /** By service. */
  readonly runbooks: Readonly<Record<string, string>>;
  /** Where the API is reached; a variable of the reader's shell when nobody has said. */
  readonly apiUrl?: string;
};

/** `recent`: changes, the newest first; undefined when nobody could say, or when it does not matter any more. */
export function alertEvent(
  { kind, alert }: AlertNotice,
  context: AlertContext,
  recent?: readonly RecentChange[],
): NewEvent {
  const { id, severity, service, sli, scope, state } = alert;
  const owners = ownersOf(alert, context);
  const place = placeOf(alert);
  const runbook = own(context.runbooks, service);
  const summary = alertSentence({ kind, alert });
  return {
    // An alert of several regions grows and never shrinks.
    key: `${id}.${kind}.${alert.regions.length}`,
    type: `alert.${kind}`,
    atMs: alert.resolvedAtMs ?? alert.firedAtMs ?? alert.knownAtMs,
    summary,
    severity,
    owners,
    data: {
      ...{ id, severity, state, service, sli, scope, summary, ...place },
      ...(owners[0] === undefined ? {} : { owner: owners[0] }),
      regions: alert.regions,
      sinceMs: alert.sinceMs,
      ...(alert.firedAtMs === undefined ? {} : { firedAtMs: alert.firedAtMs }),
      ...(alert.resolvedAtMs === undefined ? {} : { resolvedAtMs: alert.resolvedAtMs }),
      ...(alert.because === undefined ? {} : { because: alert.because }),
      ...(runbook === undefined ? {} : { runbook }),
      ...(recent === undefined || kind === "resolved" ? {} : { changes: changesBefore(alert, recent) }),
      commands: kind === "resolved" ? [] : commandsFor(alert, context),
    },
  };
}

/** The one region that it is about, and the one cluster in it. */
function placeOf({ scope, regions: [only] }: Alert): { readonly region?: string; readonly cluster?: string } {
  if (scope === "global" || only === undefined) return {};
  return { region: only.region, ...(only.cluster === undefined ? {} : { cluster: only.cluster }) };
}

/** The most specific first. What several regions have is the service's. */
export function ownersOf(alert: Alert, { owners }: Pick<AlertContext, "owners">): readonly string[] {
  const { region = "", cluster = "" } = placeOf(alert);
  const named = [own(owners.clusters, cluster), own(owners.regions, region), own(owners.services, alert.service)];
  return [...new Set(named.flatMap((owner) => owner ?? []))];
}

function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

const ENDS: Readonly<Record<AlertEnd, string>> = {
  recovered: "It has recovered.",
  noData: "There have been too few requests for so long that nobody can say any more whether it has recovered.",
  removed: "Nothing is promised there any more.",
  grouped: "Other regions have the same trouble now, and there is one alert for all of them.",
};

/** What it is about and how bad it is, for people. */
export function alertSentence({ kind, alert }: AlertNotice): string {
  const { severity, service, sli, because } = alert;
  const what = `${service} ${whereOf(alert)}: ${sli}`;
  if (kind === "resolved") return `Over (${severity}): ${what}. ${ENDS[because ?? "recovered"]}`;
  const worst = alert.regions.map(sentenceOf).slice(0, REGIONS_NAMED_MAX).join(" ");
  const more = alert.regions.length - REGIONS_NAMED_MAX;
  const rest = more > 0 ? ` The same holds for ${more} more.` : "";
  return `${kind === "changed" ? "Wider" : "Burning"} (${severity}): ${what}. ${worst}${rest}`;
}

const REGIONS_NAMED_MAX = 5;

function whereOf({ scope, regions }: Alert): string {
  const names = regions.map(({ region }) => region).filter((region) => region !== TELEMETRY_NONE);
  if (scope === "regional") return `in ${names.join("")}`;
  return names.length === 0
    ? "at the edge, where no region could be asked"
    : `in ${names.length} regions (${names.join(", ")})`;
}

/** `eu-west: 22.4 times as fast as 99.9% allows (1h: 269 of 12000, 5m: 31 of 1000), most of it in eu-west-blue.` */
function sentenceOf({ region, burns, objective, cluster }: AlertRegion): string {
  const [burn] = burns;
  const blame = cluster === undefined ? "" : `, most of it in ${cluster}`;
  if (burn === undefined) return `${region}: the same, beginning${blame}.`;
  const { targetPpm, thresholdMs } = objective;
  const within = thresholdMs === undefined ? "" : ` within ${formatDuration(thresholdMs)}`;
  const rate = Math.round((burn.long.burnRate ?? 0) * 10) / 10;
  return `${region}: ${rate} times as fast as ${percentOf(targetPpm)}${within} allows (${countsOf(burn)})${blame}.`;
}

function countsOf({ long, short }: Burn): string {
  return [long, short].map(({ windowMs, bad, total }) => `${formatDuration(windowMs)}: ${bad} of ${total}`).join(", ");
}

function percentOf(ppm: number): string {
  return `${ppm / 10_000}%`;
}

type Command = { readonly what: string; readonly command: string };

function commandsFor(alert: Alert, { apiUrl = "$FAIRLEAD_URL" }: Pick<AlertContext, "apiUrl">): readonly Command[] {
  const { region, cluster } = placeOf(alert);
  const drain = (kind: "region" | "cluster", name: string): Command => ({
    what: `Drain the ${kind} ${name}`,
    command: [
      `curl -X POST "${apiUrl}/v1/${kind}s/${name}/drain"`,
      ...['-H "Authorization: Bearer $FAIRLEAD_TOKEN"', '-H "Content-Type: application/json"', '-H "If-Match: *"'],
      `-d '${JSON.stringify({ reason: `alert ${alert.id}` })}'`,
    ].join(" "),
  });
  const look = {
    what: "See every region",
    command: `curl "${apiUrl}/v1/objectives?service=${alert.service}" -H "Authorization: Bearer $FAIRLEAD_TOKEN"`,
  };
  return [
    ...(region === undefined || region === TELEMETRY_NONE ? [] : [drain("region", region)]),
    ...(cluster === undefined || cluster === TELEMETRY_NONE ? [] : [drain("cluster", cluster)]),
    look,
  ];
}
