/** Which clusters are probed, where and how: the health check of the cluster, else that of its service, else none. */
import type { Fleet, HealthCheck, ServiceDocument } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { formatEndpoint, parseEndpoint } from "../../../config/endpoint.ts";
import {
  HEALTH_INTERVAL_MS_DEFAULT,
  HEALTH_INTERVAL_MS_MIN,
  HEALTH_TIMEOUT_MS_DEFAULT,
  HEALTH_TIMEOUT_MS_MAX,
  RECOVERY_HOLD_DOWN_MS_DEFAULT,
} from "../../../config/limits.ts";
import { sortedBy } from "../../../config/order.ts";

export type ProbeTarget = {
  readonly cluster: string;
  readonly url: string;
  readonly method: "GET" | "HEAD";
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly holdDownMs: number;
  /** Expected statuses; any 2xx when absent. */
  readonly statuses?: readonly number[];
};

/** One success may be luck, and one more costs an interval. */
const PROBE_RISE_DEFAULT = 2;
/** A cluster is seen down within so many intervals; fewer would mistake one lost packet for an outage. */
const PROBE_FALL_DEFAULT = 3;

export function probeTargets(fleet: Fleet): readonly ProbeTarget[] {
  const services = new Map(fleet.services.map((service) => [service.metadata.name, service]));
  const targets = fleet.clusters.flatMap(({ metadata, spec }): ProbeTarget[] => {
    const service = services.get(spec.service);
    const check = spec.healthCheck ?? service?.spec.healthCheck;
    const endpoint = parseEndpoint(spec.endpoint);
    // A disabled cluster may be switched off for good reason; probing it would only make noise.
    if (check === undefined || !endpoint.ok || service === undefined || spec.adminState === "disabled") return [];
    const url = `${formatEndpoint(endpoint.value)}${check.path}`;
    return [{ cluster: metadata.name, url, ...settingsOf(check), holdDownMs: holdDownMs(service) }];
  });
  return sortedBy(targets, ({ cluster }) => cluster);
}

function settingsOf(check: HealthCheck): Omit<ProbeTarget, "cluster" | "url" | "holdDownMs"> {
  const intervalMs = Math.max(duration(check.interval) ?? HEALTH_INTERVAL_MS_DEFAULT, HEALTH_INTERVAL_MS_MIN);
  // A probe is over before the next one begins.
  const timeoutMsDefault = Math.min(HEALTH_TIMEOUT_MS_DEFAULT, intervalMs - 1);
  return {
    method: check.method ?? "GET",
    intervalMs,
    timeoutMs: Math.min(duration(check.timeout) ?? timeoutMsDefault, HEALTH_TIMEOUT_MS_MAX),
    rise: check.rise ?? PROBE_RISE_DEFAULT,
    fall: check.fall ?? PROBE_FALL_DEFAULT,
    ...(check.statuses === undefined ? {} : { statuses: check.statuses }),
  };
}

/** How long a cluster of this service stays out at least, however soon its probes succeed again. */
export function holdDownMs({ spec }: ServiceDocument): number {
  return duration(spec.recovery?.holdDown) ?? RECOVERY_HOLD_DOWN_MS_DEFAULT;
}

function duration(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

/** Whether a status is what the target's check expects. */
export function isExpectedStatus({ statuses }: ProbeTarget, status: number): boolean {
  return statuses === undefined ? status >= 200 && status <= 299 : statuses.includes(status);
}

/**
 * When to probe next: an interval later, moved by up to a tenth either way, so that targets added together do not stay
 * together. `jitter` is between 0 and 1.
 */
export function nextProbeMs({ intervalMs }: ProbeTarget, nowMs: number, jitter: number): number {
  return nowMs + Math.round(intervalMs * (0.9 + 0.2 * jitter));
}
