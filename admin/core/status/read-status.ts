/**
 * From the text that a cluster sent, or answered, to a status that may be kept, or what is wrong with it. Clusters are not
 * trusted: they may be broken, taken over, or not the one that they say they are. Sentences name fields and never what was
 * in them, which might be a secret.
 */
import type { AdminProblemItem } from "../../../config/admin-problems.ts";
import { ClusterStatus, STATUS_SKEW_MS_MAX } from "../../../config/cluster-status.ts";
import { jsonPointer } from "../../../config/findings.ts";
import { describeIssues, NO_SENTENCE } from "../../../config/messages.ts";
import { err, ok, type Result } from "../../../config/result.ts";
import { parseStrictJson } from "../json/strict-json.ts";

/** A status has four levels; what is deeper is made to hurt. */
const DEPTH_MAX = 8;
/** As many as a person reads. */
const ITEMS_MAX = 20;

export type StatusFault = {
  readonly code:
    | "tooLarge"
    | "encoding"
    | "json"
    | "shape"
    | "otherCluster"
    | "clock"
    | "notNewer"
    | "unknownCluster"
    | "signature";
  readonly sentence: string;
  readonly errors?: readonly AdminProblemItem[];
};

export type StatusQuestion = {
  readonly text: string;
  /** Whose status it has to be: the one that was asked, or whose key has signed it. */
  readonly cluster: string;
  /** Of its last status, by its own clock. */
  readonly lastAtMs: number | undefined;
  readonly nowMs: number;
};

export function readStatus({ text, cluster, lastAtMs, nowMs }: StatusQuestion): Result<ClusterStatus, StatusFault> {
  const json = parseStrictJson(text, DEPTH_MAX);
  if (!json.ok) return fault("json", json.error.detail, [{ ...json.error, code: `json.${json.error.code}` }]);
  const parsed = ClusterStatus.safeParse(json.value, { error: () => NO_SENTENCE });
  if (!parsed.success) return malformed(json.value, parsed.error.issues);
  const status = parsed.data;
  if (status.cluster !== cluster)
    return faultAt("otherCluster", "/cluster", `The status has to be that of ${cluster}, and names another cluster.`);
  const offMs = status.atMs - nowMs;
  if (Math.abs(offMs) > STATUS_SKEW_MS_MAX) return faultAt("clock", "/atMs", clockSentence(offMs));
  if (lastAtMs !== undefined && status.atMs <= lastAtMs)
    return faultAt("notNewer", "/atMs", "The status is not newer than the last one of this cluster.");
  return ok(status);
}

type Issues = NonNullable<ReturnType<typeof ClusterStatus.safeParse>["error"]>["issues"];

function malformed(value: unknown, issues: Issues): Result<never, StatusFault> {
  const errors = describeIssues(ClusterStatus, value, issues, [])
    .slice(0, ITEMS_MAX)
    .map(({ path, message, code }) => ({ pointer: jsonPointer(path), detail: withoutValue(message), code }));
  return fault("shape", errors[0]?.detail ?? "The status does not have the form that is expected.", errors);
}

/** `"version" must be text, not "hunter2"`: the writer of a document wants to see the rest, the reader of a status must not. */
function withoutValue(message: string): string {
  return message
    .replace(/, not .*$/s, "")
    .replaceAll("the document", "the status")
    .replaceAll("a document", "a status");
}

function clockSentence(offMs: number): string {
  const seconds = Math.round(Math.abs(offMs) / 1_000);
  const most = STATUS_SKEW_MS_MAX / 60_000;
  return `The status is ${seconds} seconds ${offMs > 0 ? "ahead of" : "behind"} our clock; ${most} minutes are allowed.`;
}

function faultAt(code: StatusFault["code"], pointer: string, sentence: string): Result<never, StatusFault> {
  return fault(code, sentence, [{ pointer, detail: sentence, code: `status.${code}` }]);
}

function fault(
  code: StatusFault["code"],
  sentence: string,
  errors: readonly AdminProblemItem[],
): Result<never, StatusFault> {
  return err({ code, sentence, errors });
}
