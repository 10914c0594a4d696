/** How grave a difference is unless the Policy says otherwise, and how long one may last. */
import { parseDuration } from "../../../config/duration.ts";
import type { DriftField, DriftPolicy } from "../../../config/policy.ts";

type Severity = "error" | "warning" | "ignore";

/**
 * Errors are what makes a cluster another program than was reviewed, or one that fails where its peers do not. Key ids
 * overlap while keys are rotated, and a version is only a name for what the image digest says exactly.
 */
const DEFAULTS: Readonly<Record<DriftField, Severity>> = {
  imageDigest: "error",
  configDigest: "error",
  secrets: "error",
  compliance: "error",
  keyIds: "warning",
  version: "warning",
};

/** A rolling deploy of a region is over within the hour; what differs for longer has been forgotten or has failed. */
const DRIFT_AGE_MS_DEFAULT = 3_600_000;

export function severityOf(field: DriftField, policy: DriftPolicy | undefined): Severity {
  return policy?.severities?.[field] ?? DEFAULTS[field];
}

export function driftAgeMsMax(policy: DriftPolicy | undefined): number {
  const stated = policy?.maxAge === undefined ? undefined : parseDuration(policy.maxAge);
  return stated ?? DRIFT_AGE_MS_DEFAULT;
}
