/**
 * How clusters are probed: each health check can be run as it is written, wherever it stands, a service says in one
 * place how its clusters are, and no cluster is asked more often than it can bear.
 */
import type { HealthCheck } from "../documents/health-check.ts";
import type { MonitorDocument } from "../documents/monitor.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import type { Finding, FindingPath } from "../findings.ts";
import {
  HEALTH_INTERVAL_MS_MAX,
  HEALTH_INTERVAL_MS_MIN,
  HEALTH_INTERVAL_MS_MIN_DEVELOPMENT,
  HEALTH_TIMEOUT_MS_MAX,
  PROBES_PER_MINUTE_MAX,
  PROBES_PER_MINUTE_MAX_DEVELOPMENT,
} from "../limits.ts";
import { findingAt, type Placed, type Problem } from "../placed.ts";
import { probesPerMinute, probeTimes } from "../probe-times.ts";
import { VANTAGE_HEADER } from "../vantage.ts";
import type { CheckInput } from "./check.ts";

type PlacedCheck = { readonly placed: Placed<unknown>; readonly check: HealthCheck; readonly at: FindingPath };

/** Every health check that is written anywhere. */
function writtenChecks({ services, clusters, monitors }: CheckInput): readonly PlacedCheck[] {
  const own = [...services, ...clusters].flatMap(
    (placed: Placed<{ spec: { healthCheck?: HealthCheck } }>): PlacedCheck[] => {
      const { healthCheck } = placed.document.spec;
      return healthCheck === undefined ? [] : [{ placed, check: healthCheck, at: ["spec", "healthCheck"] }];
    },
  );
  const monitored = monitors.flatMap((placed) =>
    placed.document.spec.checks.map(({ check }, index): PlacedCheck => {
      return { placed, check, at: ["spec", "checks", index, "check"] };
    }),
  );
  return [...own, ...monitored];
}

export function checkHealthChecks(input: CheckInput): readonly Finding[] {
  return writtenChecks(input).flatMap(({ placed, check, at }) =>
    [...timeProblems(check, at, input.development), ...requestProblems(check, at)].map((problem) =>
      findingAt(placed, problem),
    ),
  );
}

function timeProblems(check: HealthCheck, at: FindingPath, development: boolean): readonly Problem[] {
  const { intervalMs, timeoutMs } = probeTimes(check);
  const intervalMsMin = development ? HEALTH_INTERVAL_MS_MIN_DEVELOPMENT : HEALTH_INTERVAL_MS_MIN;
  const problems: Problem[] = [];
  if (intervalMs < intervalMsMin || intervalMs > HEALTH_INTERVAL_MS_MAX)
    problems.push({
      code: "healthCheck.range",
      path: [...at, "interval"],
      message: `probes are ${formatDuration(intervalMsMin)} to ${formatDuration(HEALTH_INTERVAL_MS_MAX)} apart`,
    });
  if (timeoutMs > HEALTH_TIMEOUT_MS_MAX)
    problems.push({
      code: "healthCheck.range",
      path: [...at, "timeout"],
      message: `a probe takes at most ${formatDuration(HEALTH_TIMEOUT_MS_MAX)}`,
    });
  if (timeoutMs >= intervalMs)
    problems.push({
      code: "healthCheck.order",
      path: [...at, check.timeout === undefined ? "interval" : "timeout"],
      message: `a probe must be over before the next one: the interval is ${formatDuration(intervalMs)}`,
    });
  if (check.degradedAfter !== undefined && (parseDuration(check.degradedAfter) ?? 0) >= timeoutMs)
    problems.push({
      code: "healthCheck.order",
      path: [...at, "degradedAfter"],
      message: `an answer that takes longer than the timeout of ${formatDuration(timeoutMs)} has failed already`,
    });
  return problems;
}

/** The prober's own, and those that only concern one connection (RFC 9110 §7.6.1). */
const HEADERS_OURS: ReadonlySet<string> = new Set([
  ...["user-agent", VANTAGE_HEADER, "accept-encoding", "cache-control", "cdn-loop"],
  ...["host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"],
]);
/** Documents are read by many and kept for ever, so nothing in them is a secret. */
const HEADERS_SECRET: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie"]);

function requestProblems({ method, body, headers = {} }: HealthCheck, at: FindingPath): readonly Problem[] {
  const named = Object.keys(headers).flatMap((name): Problem[] => {
    const path = [...at, "headers", name];
    if (HEADERS_OURS.has(name))
      return [{ code: "healthCheck.header", path, message: `${name} is set by the prober or the connection` }];
    if (!HEADERS_SECRET.has(name)) return [];
    const message = `${name} would put a secret into a document: let the path answer without one`;
    return [{ code: "healthCheck.header", path, message }];
  });
  if (method !== "HEAD" || body === undefined) return named;
  const message = "an answer to HEAD has no body: use GET, or leave out the text to look for";
  return [...named, { code: "healthCheck.body", path: [...at, "body"], message }];
}

/** One Monitor for a service, in the place of health checks and not beside them. */
export function checkMonitors({ services, clusters, monitors }: CheckInput): readonly Finding[] {
  const byService = new Map<string, Placed<MonitorDocument>>();
  const twice: Finding[] = [];
  for (const monitor of monitors) {
    const { service } = monitor.document.spec;
    const other = byService.get(service)?.document.metadata.name;
    if (other === undefined) byService.set(service, monitor);
    else {
      const message = `the Monitor "${other}" already says how ${service} is probed: put the checks of both into one`;
      twice.push(findingAt(monitor, { code: "monitor.overlap", path: ["spec", "service"], message }));
    }
  }
  const beside = (placed: Placed<{ spec: { healthCheck?: HealthCheck } }>, service: string): Finding[] => {
    const monitor = byService.get(service)?.document.metadata.name;
    if (monitor === undefined || placed.document.spec.healthCheck === undefined) return [];
    const message = `the Monitor "${monitor}" says how clusters of ${service} are probed: make this one of its checks`;
    return [findingAt(placed, { code: "monitor.overlap", path: ["spec", "healthCheck"], message })];
  };
  return [
    ...twice,
    ...services.flatMap((service) => beside(service, service.document.metadata.name)),
    ...clusters.flatMap((cluster) => beside(cluster, cluster.document.spec.service)),
    ...monitors.flatMap(checkRoles),
    ...monitors.flatMap(checkCheckNames),
  ];
}

function checkRoles(monitor: Placed<MonitorDocument>): readonly Finding[] {
  if (monitor.document.spec.checks.some(({ role }) => role !== "observe")) return [];
  const message = "every check only observes, so health is never known: make one of them mustPass or voting";
  return [findingAt(monitor, { code: "monitor.observesOnly", severity: "warning", path: ["spec", "checks"], message })];
}

function checkCheckNames(monitor: Placed<MonitorDocument>): readonly Finding[] {
  const names = monitor.document.spec.checks.map(({ name }) => name);
  return names.flatMap((name, index) => {
    if (names.indexOf(name) === index) return [];
    const message = `the Monitor has another check "${name}": call one of them something else`;
    return [findingAt(monitor, { code: "name.duplicate", path: ["spec", "checks", index, "name"], message })];
  });
}

/** What one cluster gets of probes, from all vantages together. */
export function checkProbeBudget(input: CheckInput): readonly Finding[] {
  const { regions, services, clusters, monitors, development } = input;
  const vantages = new Set(regions.map(({ document }) => document.spec.vantage)).size;
  const perMinuteMax = development ? PROBES_PER_MINUTE_MAX_DEVELOPMENT : PROBES_PER_MINUTE_MAX;
  const overspent = (placed: Placed<unknown>, checks: readonly HealthCheck[], path: FindingPath): Finding[] => {
    const intervalsMs = checks.map((check) => probeTimes(check).intervalMs);
    const perMinute = probesPerMinute(intervalsMs, vantages);
    if (perMinute <= perMinuteMax) return [];
    const message = `each cluster would get ${perMinute} probes a minute from ${vantages} vantages, and may get ${perMinuteMax}: use longer intervals or fewer checks`;
    return [findingAt(placed, { code: "healthCheck.budget", path, message })];
  };
  return [
    ...[...services, ...clusters].flatMap((placed: Placed<{ spec: { healthCheck?: HealthCheck } }>) => {
      const { healthCheck } = placed.document.spec;
      return healthCheck === undefined ? [] : overspent(placed, [healthCheck], ["spec", "healthCheck", "interval"]);
    }),
    ...monitors.flatMap((monitor) =>
      overspent(
        monitor,
        monitor.document.spec.checks.map(({ check }) => check),
        ["spec", "checks"],
      ),
    ),
  ];
}
