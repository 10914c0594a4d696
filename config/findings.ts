/** One thing that is wrong or doubtful in what somebody wrote. All findings are reported, not only the first. */
export type Severity = "error" | "warning";

/** Keys and indexes from the root of the document list: `[3, "spec", "default", "weights", "eu-wset"]`. */
export type FindingPath = readonly (string | number)[];

/** Every code a finding may have. They are public: tools and runbooks match on them, so none changes its meaning. */
export const FINDING_CODES = [
  // What the text itself has wrong, before any document is seen.
  "file.empty",
  "file.unreadable",
  "json.syntax",
  "yaml.syntax",
  "yaml.duplicateKey",
  "yaml.tag",
  "yaml.alias",
  // The shape of one document.
  "document.shape",
  "document.depth",
  "document.text",
  "document.number",
  "document.key",
  "apiVersion.missing",
  "apiVersion.unknown",
  "kind.missing",
  "kind.unknown",
  "kind.reserved",
  "field.missing",
  "field.unknown",
  "field.type",
  "field.value",
  "field.range",
  "field.length",
  "field.format",
  "field.choice",
  // Templates and environments.
  "environment.unknown",
  "parameter.missing",
  "parameter.unknown",
  "parameter.unused",
  "parameter.undeclared",
  "parameter.malformed",
  "parameter.type",
  // Between documents.
  "name.duplicate",
  "name.reserved",
  "reference.unknown",
  "list.duplicate",
  "limit.exceeded",
  "weights.zero",
  "region.noCluster",
  "service.noCluster",
  "service.noRoute",
  "fleet.empty",
  "canary.noCluster",
  "residency.unsatisfied",
  "residency.unknownPlace",
  "residency.unreachable",
  "selector.empty",
  "steering.unreachable",
  "country.unknown",
  // Routes.
  "route.tie",
  "path.syntax",
  "host.syntax",
  // Endpoints and times.
  "endpoint.syntax",
  "endpoint.scheme",
  "endpoint.userinfo",
  "endpoint.host",
  "endpoint.encoding",
  "endpoint.unicode",
  "endpoint.trailingDot",
  "endpoint.port",
  "endpoint.path",
  "endpoint.query",
  "endpoint.fragment",
  "endpoint.address",
  "endpoint.specialUse",
  "endpoint.shared",
  "statusKey.shared",
  "endpoint.loop",
  "endpoint.spelling",
  "timeout.range",
  "timeout.order",
  "healthCheck.order",
  "healthCheck.range",
  "healthCheck.header",
  "healthCheck.body",
  "healthCheck.budget",
  "monitor.overlap",
  "monitor.observesOnly",
  "affinity.range",
  "recovery.range",
  // Load, lag and mirrors.
  "load.order",
  "replicaLag.range",
  "mirror.live",
  // Objectives and webhooks.
  "objective.empty",
  "objective.range",
  "objective.noCluster",
  "owner.unknown",
  "webhook.path",
  "webhook.secretInUrl",
  "webhook.event",
  "webhook.timeout",
  "webhook.unused",
  "webhook.noDefault",
  // Flags and the Policy.
  "flag.variant",
  "flag.type",
  "flag.operator",
  "flag.arguments",
  "flag.version",
  "flag.context",
  "evaluator.unused",
  "policy.atLeast",
  "policy.neverHolds",
  "policy.alwaysHolds",
  "policy.gateLocked",
  "policy.vantage",
  "policy.range",
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

export type Finding = {
  /** Stable, dotted, the noun first: `reference.unknown`, `route.tie`. */
  readonly code: FindingCode;
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
