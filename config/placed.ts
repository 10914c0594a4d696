/**
 * A document together with where it was written, so that a check can speak of the document and the finding still
 * points at the text. A cluster that a template made has its parts in two places; `locate` knows which.
 */
import type { Document } from "./documents.ts";
import type { Finding, FindingCode, FindingPath, Severity } from "./findings.ts";

export type Placed<D = Document> = {
  readonly document: D;
  /** From a path inside the document to a path from the root of the inputs. */
  readonly locate: (path: FindingPath) => FindingPath;
  /** The cluster that a template made; its findings name it, because many clusters share the text they point at. */
  readonly resolvedName?: string;
};

export type Problem = {
  readonly code: FindingCode;
  readonly severity?: Severity;
  /** Inside the document. */
  readonly path: FindingPath;
  readonly message: string;
  readonly didYouMean?: string | undefined;
};

export function findingAt(placed: Omit<Placed<unknown>, "document">, problem: Problem): Finding {
  const { code, severity = "error", path, message, didYouMean } = problem;
  const subject = placed.resolvedName === undefined ? "" : `cluster ${placed.resolvedName}: `;
  return {
    code,
    severity,
    path: placed.locate(path),
    message: subject + message,
    ...(didYouMean === undefined ? {} : { didYouMean }),
  };
}
