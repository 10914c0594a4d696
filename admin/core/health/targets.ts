/**
 * Which clusters are probed, where and how: by the Monitor of the service; else by the health check of the cluster; else
 * by that of its service; else not at all.
 */

import type { ClusterDocument } from "../../../config/documents/cluster.ts";
import type { HealthCheck } from "../../../config/documents/health-check.ts";
import type { MonitorCheck } from "../../../config/documents/monitor.ts";
import type { ServiceDocument } from "../../../config/documents/service.ts";
import type { Fleet } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { formatEndpoint, parseEndpoint } from "../../../config/endpoint.ts";
import {
  HEALTH_INTERVAL_MS_MIN,
  HEALTH_INTERVAL_MS_MIN_DEVELOPMENT,
  HEALTH_TIMEOUT_MS_MAX,
  RECOVERY_HOLD_DOWN_MS_DEFAULT,
} from "../../../config/limits.ts";
import { sortedBy } from "../../../config/order.ts";
import { probeTimes } from "../../../config/probe-times.ts";

export type ProbeCheck = {
  /** Unique in its target. */
  readonly name: string;
  readonly role: MonitorCheck["role"];
  readonly url: string;
  readonly method: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Successes in a row before it passes again, and failures in a row before it fails. */
  readonly rise: number;
  readonly fall: number;
  /** Expected statuses; any 2xx when absent. */
  readonly statuses?: readonly number[];
  /** Must occur at the beginning of the answer (`PROBE_BODY_BYTES_MAX`). Without it the answer is not read. */
  readonly contains?: string;
  /** A success that took longer counts as slow. */
  readonly degradedAfterMs?: number;
};

export type ProbeTarget = {
  readonly cluster: string;
  readonly holdDownMs: number;
  readonly checks: readonly ProbeCheck[];
};

/** The name of the one check of clusters without a Monitor. */
export const SINGLE_CHECK = "healthCheck";

/** One success may be luck, and one more costs an interval. */
const PROBE_RISE_DEFAULT = 2;
/** A cluster is seen down within so many intervals; fewer would mistake one lost packet for an outage. */
const PROBE_FALL_DEFAULT = 3;

export type TargetOptions = { readonly development: boolean };

export function probeTargets(fleet: Fleet, options: TargetOptions): readonly ProbeTarget[] {
  const services = new Map(fleet.services.map((service) => [service.metadata.name, service]));
  const monitors = new Map(fleet.monitors.map(({ spec }) => [spec.service, spec.checks]));
  const targets = fleet.clusters.flatMap((cluster): ProbeTarget[] => {
    const service = services.get(cluster.spec.service);
    const endpoint = parseEndpoint(cluster.spec.endpoint);
    // A disabled cluster may be switched off for good reason; probing it would only make noise.
    if (service === undefined || !endpoint.ok || cluster.spec.adminState === "disabled") return [];
    const origin = formatEndpoint(endpoint.value);
    const checks = checksOf(cluster, service, monitors.get(cluster.spec.service));
    if (checks.length === 0) return [];
    return [
      {
        cluster: cluster.metadata.name,
        holdDownMs: holdDownMs(service),
        checks: checks.map(({ name, role, check }) => ({ name, role, ...settingsOf(check, origin, options) })),
      },
    ];
  });
  return sortedBy(targets, ({ cluster }) => cluster);
}

type NamedCheck = { readonly name: string; readonly role: MonitorCheck["role"]; readonly check: HealthCheck };

function checksOf(
  { spec }: ClusterDocument,
  service: ServiceDocument,
  monitor: readonly MonitorCheck[] | undefined,
): readonly NamedCheck[] {
  if (monitor !== undefined) return monitor;
  const check = spec.healthCheck ?? service.spec.healthCheck;
  return check === undefined ? [] : [{ name: SINGLE_CHECK, role: "mustPass", check }];
}

function settingsOf(
  check: HealthCheck,
  origin: string,
  { development }: TargetOptions,
): Omit<ProbeCheck, "name" | "role"> {
  const { intervalMs, timeoutMs } = probeTimes(check);
  const degradedAfterMs = duration(check.degradedAfter);
  return {
    url: `${origin}${check.path}`,
    method: check.method ?? "GET",
    ...(check.headers === undefined ? {} : { headers: check.headers }),
    // Revisions from before there was a limit may ask for more.
    intervalMs: Math.max(intervalMs, development ? HEALTH_INTERVAL_MS_MIN_DEVELOPMENT : HEALTH_INTERVAL_MS_MIN),
    timeoutMs: Math.min(timeoutMs, HEALTH_TIMEOUT_MS_MAX),
    rise: check.rise ?? PROBE_RISE_DEFAULT,
    fall: check.fall ?? PROBE_FALL_DEFAULT,
    ...(check.statuses === undefined ? {} : { statuses: check.statuses }),
    ...(check.body === undefined ? {} : { contains: check.body.contains }),
    ...(degradedAfterMs === undefined ? {} : { degradedAfterMs }),
  };
}

/** How long a cluster of this service stays out at least, however soon its probes succeed again. */
export function holdDownMs({ spec }: ServiceDocument): number {
  return duration(spec.recovery?.holdDown) ?? RECOVERY_HOLD_DOWN_MS_DEFAULT;
}

function duration(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}
