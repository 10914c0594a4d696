/**
 * What a demo cluster says that it runs: at first what its document declares, and then whatever the control port is told.
 * So differences can be shown, and secrets rotated, without deploying anything.
 */
import * as z from "zod/mini";
import { ClusterStatus } from "../../config/cluster-status.ts";
import type { ClusterReports } from "../../config/documents/cluster.ts";
import { err, ok, type Result } from "../../config/result.ts";

/** All of a status but whose it is and of when. */
export type Report = Omit<ClusterStatus, "cluster" | "atMs">;

/** Each secret at its declared version and no other. Platform and versions of peers are reported when they are declared. */
export function reportOf({ secrets, ...reports }: ClusterReports): Report {
  if (secrets === undefined) return reports;
  return { ...reports, secrets: secrets.map(({ name, version }) => ({ name, versions: [version], active: version })) };
}

export function statusOf(cluster: string, report: Report, atMs: number): ClusterStatus {
  return ClusterStatus.parse({ cluster, atMs, ...report });
}

const Fields = z.partial(z.omit(ClusterStatus, { cluster: true, atMs: true }));

const describeIssue = z.locales.en().localeError;

/** Reads the body of `POST /status`: fields that take the place of those reported so far; `null` is not reported any more. */
export function mergeReport(report: Report, text: string): Result<Report, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('the body must be JSON, as in {"version": "1.4.1"}');
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return err("the body must be an object");
  const merged = Object.entries({ ...report, ...value }).filter(([, field]) => field !== null);
  const parsed = Fields.safeParse(Object.fromEntries(merged), { error: describeIssue });
  // A field is there with a value or not at all: `undefined` cannot be written in JSON.
  if (parsed.success) return ok(parsed.data as Report);
  return err(
    parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": ")).join("; "),
  );
}
