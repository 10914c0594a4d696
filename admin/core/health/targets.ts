/** Which clusters are probed, where and how: the health check of the cluster, else that of its service, else none. */
import type { Fleet, HealthCheck } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { formatEndpoint, parseEndpoint } from "../../../config/endpoint.ts";
import { sortedBy } from "../../../config/order.ts";

export type ProbeTarget = {
  readonly cluster: string;
  readonly url: string;
  readonly method: "GET" | "HEAD";
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Expected statuses; any 2xx when absent. */
  readonly statuses?: readonly number[];
};

/** A cluster is seen down within `fall` intervals; ten seconds keep 5,000 clusters at 500 probes a second. */
export const PROBE_INTERVAL_MS_DEFAULT = 10_000;
/** Faster than this, a prober is an attacker. */
export const PROBE_INTERVAL_MS_MIN = 500;
export const PROBE_TIMEOUT_MS_DEFAULT = 2_000;
export const PROBE_TIMEOUT_MS_MAX = 30_000;
export const PROBE_RISE_DEFAULT = 2;
export const PROBE_FALL_DEFAULT = 3;

export function probeTargets(fleet: Fleet): readonly ProbeTarget[] {
  const checks = new Map(fleet.services.map(({ metadata, spec }) => [metadata.name, spec.healthCheck]));
  const targets = fleet.clusters.flatMap(({ metadata, spec }): ProbeTarget[] => {
    const check = spec.healthCheck ?? checks.get(spec.service);
    const endpoint = parseEndpoint(spec.endpoint);
    // A disabled cluster may be switched off for good reason; probing it would only make noise.
    if (check === undefined || !endpoint.ok || spec.adminState === "disabled") return [];
    return [{ cluster: metadata.name, url: `${formatEndpoint(endpoint.value)}${check.path}`, ...settingsOf(check) }];
  });
  return sortedBy(targets, ({ cluster }) => cluster);
}

function settingsOf(check: HealthCheck): Omit<ProbeTarget, "cluster" | "url"> {
  const intervalMs = Math.max(duration(check.interval) ?? PROBE_INTERVAL_MS_DEFAULT, PROBE_INTERVAL_MS_MIN);
  return {
    method: check.method ?? "GET",
    intervalMs,
    timeoutMs: Math.min(duration(check.timeout) ?? PROBE_TIMEOUT_MS_DEFAULT, PROBE_TIMEOUT_MS_MAX),
    rise: check.rise ?? PROBE_RISE_DEFAULT,
    fall: check.fall ?? PROBE_FALL_DEFAULT,
    ...(check.statuses === undefined ? {} : { statuses: check.statuses }),
  };
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
