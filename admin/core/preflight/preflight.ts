/**
 * Preflight: whether what is proposed can go out and come back, judged by the documents and by what the world reports
 * (DESIGN §7). A pure function of both: the same answer for `POST /v1/preflight`, in plans, and before a wave. It refuses
 * nothing itself; whoever asks goes by `ok`.
 */
import { hasErrors } from "../../../config/findings.ts";
import { invariant } from "../../../config/invariant.ts";
import { compareText } from "../../../config/order.ts";
import type { Locate } from "../../../config/read-fleet.ts";
import { checkCapacity } from "./checks/capacity.ts";
import { checkCompatibility } from "./checks/compatibility.ts";
import { checkDrift } from "./checks/drift.ts";
import { checkFreeze } from "./checks/freeze.ts";
import { checkImages } from "./checks/images.ts";
import { checkPeers } from "./checks/peers.ts";
import { checkReported } from "./checks/reported.ts";
import { checkResidency } from "./checks/residency.ts";
import { checkRollback } from "./checks/rollback.ts";
import { checkStatuses } from "./checks/statuses.ts";
import { checkWaves } from "./checks/waves.ts";
import { type OwnCode, PREFLIGHT_CODES } from "./codes.ts";
import { documentFinding, pointerOf } from "./document-findings.ts";
import { type Examined, examine, type PreflightCheck, type PreflightInput } from "./examined.ts";
import type { Found, PreflightFinding, PreflightReport } from "./finding.ts";

const CHECKS: readonly PreflightCheck[] = [
  checkImages,
  checkWaves,
  checkStatuses,
  checkReported,
  checkCompatibility,
  checkPeers,
  checkRollback,
  checkResidency,
  checkCapacity,
  checkFreeze,
  checkDrift,
];

/** Nobody reads more, and an answer has to stay an answer: five thousand clusters may all lack the same secret. */
export const FINDINGS_MAX = 1_000;

export function preflight(input: PreflightInput): PreflightReport {
  const { read, states } = input;
  const documents = documentFindings(input);
  if (states === undefined) return reportOf(documents, undefined);
  invariant(!hasErrors(read.findings), "documents that make a state have no errors");
  const examined = examine(input, states);
  const found = withoutEchoes(CHECKS.flatMap((check) => check(examined)));
  const regions = new Map(examined.all.map(({ name, region }) => [name, region]));
  const asked = askedAbout(examined, input);
  const told = documents.filter((finding) => finding.severity === "error" || asked(finding));
  return reportOf([...told, ...found.map((one) => findingOf(one, regions, read.locate))], examined);
}

/** What is missing for the proposed state may be missing for the one in force, too: drift then says it once more. */
const ECHOES: Readonly<Partial<Record<OwnCode, OwnCode>>> = {
  "drift.secrets": "secrets.missing",
  "drift.compliance": "compliance.missing",
};

function withoutEchoes(found: readonly Found[]): readonly Found[] {
  const said = new Set(found.flatMap(({ code, clusters = [] }) => clusters.map((name) => `${code} ${name}`)));
  return found.filter(({ code, clusters = [] }) => {
    const original = ECHOES[code];
    return original === undefined || !clusters.every((name) => said.has(`${original} ${name}`));
  });
}

/** A fleet that serves and would lose its last route is refused when it is applied, so it is more than a warning. */
function documentFindings({ inputs, read, servesNow }: PreflightInput): readonly PreflightFinding[] {
  return read.findings.map((finding) => {
    const grave = finding.code === "fleet.empty" && servesNow;
    return documentFinding(grave ? { ...finding, severity: "error" } : finding, inputs);
  });
}

/** Whoever asks about one service does not want to hear of the slips of all others. */
function askedAbout(examined: Examined, { scope }: PreflightInput): (finding: PreflightFinding) => boolean {
  if (scope.services === undefined && scope.clusters === undefined) return () => true;
  const { clusters, services, regions, fleet } = examined;
  const routes = fleet.routes.filter(({ spec }) => services.has(spec.service));
  const documents = new Set([
    ...clusters.map(({ name }) => `Cluster/${name}`),
    ...[...services].map((name) => `Service/${name}`),
    ...[...regions].map((name) => `Region/${name}`),
    ...routes.map(({ metadata }) => `Route/${metadata.name}`),
  ]);
  return ({ document }) => document !== undefined && documents.has(document);
}

function findingOf(found: Found, regionOf: ReadonlyMap<string, string>, locate: Locate): PreflightFinding {
  const { code, document, clusters } = found;
  const { severity, fix } = PREFLIGHT_CODES[code];
  const path = document === undefined ? [] : locate(document.kind, document.name, found.path ?? []);
  const regions = found.regions ?? regionsOf(clusters, regionOf);
  return {
    code,
    severity: found.severity ?? severity,
    path: pointerOf(path),
    ...(document === undefined ? {} : { document: `${document.kind}/${document.name}` }),
    sentence: found.sentence,
    fix: found.fix ?? fix,
    ...(clusters === undefined ? {} : { clusters }),
    ...(regions === undefined ? {} : { regions }),
  };
}

function regionsOf(
  clusters: readonly string[] | undefined,
  regionOf: ReadonlyMap<string, string>,
): readonly string[] | undefined {
  if (clusters === undefined) return undefined;
  return [...new Set(clusters.flatMap((name) => regionOf.get(name) ?? []))].sort(compareText);
}

function reportOf(findings: readonly PreflightFinding[], examined: Examined | undefined): PreflightReport {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const ordered = [...findings].sort(byGravityAndPlace);
  return {
    ok: errors === 0,
    findings: ordered.slice(0, FINDINGS_MAX),
    summary: {
      errors,
      warnings: findings.length - errors,
      leftOut: Math.max(0, findings.length - FINDINGS_MAX),
      services: examined?.services.size ?? 0,
      clusters: examined?.clusters.length ?? 0,
      complete: examined !== undefined,
    },
  };
}

function byGravityAndPlace(a: PreflightFinding, b: PreflightFinding): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  return comparePointers(a.path, b.path) || compareText(a.code, b.code) || compareText(a.sentence, b.sentence);
}

/** The second document comes before the tenth. */
function comparePointers(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  for (const [place, part] of left.entries()) {
    const other = right[place];
    if (other === undefined) return 1;
    const bothNumbers = /^\d+$/.test(part) && /^\d+$/.test(other);
    const difference = bothNumbers ? Number(part) - Number(other) : compareText(part, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
