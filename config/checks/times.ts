/** Times that fit into each other, and into what the edge can keep. */
import type { ServiceDocument } from "../documents/service.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import type { Finding, FindingPath } from "../findings.ts";
import {
  AFFINITY_MAX_AGE_MS_MAX,
  AFFINITY_MAX_AGE_MS_MIN,
  FIRST_BYTE_MS_MAX,
  RECOVERY_HOLD_DOWN_MS_MAX,
  RECOVERY_RAMP_MS_MAX,
  TOTAL_MS_DEFAULT,
  TOTAL_MS_MAX,
} from "../limits.ts";
import { findingAt, type Problem } from "../placed.ts";
import type { CheckInput } from "./check.ts";

export function checkTimeouts({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) => timeoutProblems(service.document).map((problem) => findingAt(service, problem)));
}

function timeoutProblems({ spec: { timeouts } }: ServiceDocument): readonly Problem[] {
  const at: FindingPath = ["spec", "timeouts"];
  const firstByteMs = read(timeouts?.firstByte);
  const totalMs = read(timeouts?.total) ?? TOTAL_MS_DEFAULT;
  const problems: Problem[] = [];
  if (firstByteMs !== undefined && firstByteMs > FIRST_BYTE_MS_MAX)
    problems.push({
      code: "timeout.range",
      path: [...at, "firstByte"],
      message: `the first byte is waited for at most ${formatDuration(FIRST_BYTE_MS_MAX)}`,
    });
  if (totalMs > TOTAL_MS_MAX)
    problems.push({
      code: "timeout.range",
      path: [...at, "total"],
      message: `all attempts together take at most ${formatDuration(TOTAL_MS_MAX)}`,
    });
  if (firstByteMs !== undefined && firstByteMs > totalMs)
    problems.push({
      code: "timeout.order",
      path: [...at, "firstByte"],
      message: `one attempt cannot wait longer than all of them: "total" is ${formatDuration(totalMs)}`,
    });
  return problems;
}

export function checkAffinity({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) => {
    const { affinity } = service.document.spec;
    const maxAgeMs = affinity?.by === "cookie" ? read(affinity.maxAge) : undefined;
    if (maxAgeMs === undefined || (maxAgeMs >= AFFINITY_MAX_AGE_MS_MIN && maxAgeMs <= AFFINITY_MAX_AGE_MS_MAX))
      return [];
    const path: FindingPath = ["spec", "affinity", "maxAge"];
    const message = `an affinity cookie lives ${formatDuration(AFFINITY_MAX_AGE_MS_MIN)} to ${formatDuration(AFFINITY_MAX_AGE_MS_MAX)}`;
    return [findingAt(service, { code: "affinity.range", path, message })];
  });
}

export function checkRecovery({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) =>
    recoveryProblems(service.document).map((problem) => findingAt(service, problem)),
  );
}

function recoveryProblems({ spec: { recovery } }: ServiceDocument): readonly Problem[] {
  const at: FindingPath = ["spec", "recovery"];
  const problems: Problem[] = [];
  if ((read(recovery?.holdDown) ?? 0) > RECOVERY_HOLD_DOWN_MS_MAX)
    problems.push({
      code: "recovery.range",
      path: [...at, "holdDown"],
      message: `a cluster that is healthy again stays out for at most ${formatDuration(RECOVERY_HOLD_DOWN_MS_MAX)}`,
    });
  if ((read(recovery?.ramp) ?? 0) > RECOVERY_RAMP_MS_MAX)
    problems.push({
      code: "recovery.range",
      path: [...at, "ramp"],
      message: `a cluster is back at its full weight after at most ${formatDuration(RECOVERY_RAMP_MS_MAX)}`,
    });
  return problems;
}

function read(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}
