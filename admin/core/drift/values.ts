/** The fields of documents and reports as texts that can be compared and shown. */
import type { ClusterStatus } from "../../../config/cluster-status.ts";
import { compareText } from "../../../config/order.ts";
import type { DriftField } from "../../../config/policy.ts";

/** Everything but secrets, each of which is looked at on its own. */
export type PlainField = Exclude<DriftField, "secrets">;

/** Lists say nothing by their order. */
export function plainValue(reported: Pick<ClusterStatus, PlainField>, field: PlainField): string | undefined {
  const value = reported[field];
  return value === undefined || typeof value === "string" ? value : listText(value);
}

export function listText(names: readonly string[]): string {
  return [...new Set(names)].sort(compareText).join(", ") || "none";
}

const WORDS: Readonly<Record<DriftField | "status", string>> = {
  version: "version",
  imageDigest: "image digest",
  configDigest: "configuration digest",
  secrets: "secrets",
  keyIds: "key ids",
  compliance: "compliance markers",
  status: "status",
};

export function fieldWords(field: DriftField | "status"): string {
  return WORDS[field];
}

/** Twelve hex digits tell digests apart, and a sentence with whole ones is not read. */
export function shortValue(value: string): string {
  return value.replaceAll(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, "sha256:$1");
}
