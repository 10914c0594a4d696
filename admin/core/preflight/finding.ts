/** What preflight says: of one thing, and of all of them together. */
import type { DocumentKind } from "../../../config/documents.ts";
import type { FindingPath, Severity } from "../../../config/findings.ts";
import type { OwnCode, PreflightCode } from "./codes.ts";

export type PreflightFinding = {
  /** Stable. */
  readonly code: PreflightCode;
  readonly severity: Severity;
  /** RFC 6901, into `{"documents": [...]}` as it was sent, or as `GET /v1/fleet` answers it. */
  readonly path: string;
  /** `Cluster/eu-west-blue`: for whoever has the documents in another order, or made them of a template. */
  readonly document?: string;
  readonly sentence: string;
  /** What to do about it. */
  readonly fix: string;
  readonly clusters?: readonly string[];
  /** Those of the clusters, where the finding is about clusters. */
  readonly regions?: readonly string[];
};

export type PreflightSummary = {
  readonly errors: number;
  readonly warnings: number;
  /** Findings that are not in the list, because it would be too long. */
  readonly leftOut: number;
  /** How many were looked at. */
  readonly services: number;
  readonly clusters: number;
  /** `false`: the documents make no fleet, so that nothing beyond them could be looked at. */
  readonly complete: boolean;
};

export type PreflightReport = {
  /** No error: warnings are for people to weigh. */
  readonly ok: boolean;
  /** Errors first, then in the order of the documents. */
  readonly findings: readonly PreflightFinding[];
  readonly summary: PreflightSummary;
};

/** A finding as a check makes it: of a document by its name, at a path inside it. */
export type Found = {
  readonly code: OwnCode;
  /** That of the code when absent. */
  readonly severity?: Severity;
  /** Absent: it is about no document, but about all that is there. */
  readonly document?: { readonly kind: DocumentKind; readonly name: string };
  /** Inside the document. */
  readonly path?: FindingPath;
  readonly sentence: string;
  /** That of the code when absent. */
  readonly fix?: string;
  readonly clusters?: readonly string[];
  /** Those of `clusters` when absent. */
  readonly regions?: readonly string[];
};
