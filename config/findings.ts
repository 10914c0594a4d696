/** One thing that is wrong or doubtful in what somebody wrote. All findings are reported, not only the first. */
export type Severity = "error" | "warning";

/** Keys and indexes from the root of the document list: `[3, "spec", "default", "weights", "eu-wset"]`. */
export type FindingPath = readonly (string | number)[];

export type Finding = {
  /** Stable, dotted, lower-case noun first: `reference.unknown`, `route.tie`. */
  readonly code: string;
  readonly severity: Severity;
  readonly path: FindingPath;
  /** A sentence that says what is wrong and how to put it right. */
  readonly message: string;
  /** The nearest thing that does exist, when there is one near. */
  readonly didYouMean?: string;
};

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}

/** RFC 6901, for problem documents and for people. */
export function jsonPointer(path: FindingPath): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
