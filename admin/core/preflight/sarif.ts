/**
 * A report as SARIF 2.1.0 (OASIS standard, 27 March 2020), the form in which code hosts and editors take findings. Each code is
 * a rule with its help; each result points into the JSON by a logical location (§3.33, whose names are JSON pointers here),
 * and at file and line where somebody knows them.
 */
import { sortedBy } from "../../../config/order.ts";
import { sha256Hex } from "../digest.ts";
import { isOwnCode, PREFLIGHT_CODES } from "./codes.ts";
import type { PreflightFinding, PreflightReport } from "./finding.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** A report as it comes from a control plane, which may know codes that are not known here. */
export type SarifReport<F extends SarifFinding> = Omit<PreflightReport, "findings"> & {
  readonly findings: readonly F[];
};
type SarifFinding = Omit<PreflightFinding, "code"> & { readonly code: string };

/** Lines and columns count from 1. `uri` is relative, with forward slashes. */
export type FileLocation = { readonly uri: string; readonly line: number; readonly column: number };

export type SarifOptions<F extends SarifFinding> = {
  readonly toolVersion: string;
  /** That of the command, where it is not the one of `ok`. */
  readonly exitCode?: number;
  /** Where the documents were written; undefined for what is in no file. */
  readonly fileOf?: (finding: F) => FileLocation | undefined;
};

export function sarifOf<F extends SarifFinding>(
  { ok, findings, summary }: SarifReport<F>,
  { toolVersion, exitCode = ok ? 0 : 1, fileOf }: SarifOptions<F>,
) {
  const byCode = new Map(findings.map((finding) => [finding.code, finding]));
  const rules = sortedBy(byCode, ([code]) => code).map(([, finding]) => ruleOf(finding));
  const ruleIndexes = new Map(rules.map(({ id }, index) => [id, index]));
  const places = placesOf(findings.map(({ path }) => path));
  return {
    $schema: SCHEMA,
    version: "2.1.0" as const,
    runs: [
      {
        tool: {
          driver: {
            name: "Fairlead preflight",
            semanticVersion: toolVersion,
            informationUri: "https://fairlead.dev",
            rules,
          },
        },
        columnKind: "utf16CodeUnits" as const,
        logicalLocations: [...places.values()],
        invocations: [{ executionSuccessful: true, exitCode }],
        results: findings.map((finding) => ({
          ...{ ruleId: finding.code, ruleIndex: ruleIndexes.get(finding.code) ?? -1 },
          ...resultOf(finding, places.get(finding.path), fileOf?.(finding)),
        })),
        properties: { ok, ...summary },
      },
    ],
  };
}

/** Of what has one of our own codes, and of what the documents themselves have wrong. */
function ruleOf({ code, fix: ofFinding, severity: found }: SarifFinding) {
  const { title, fix, severity } = isOwnCode(code)
    ? PREFLIGHT_CODES[code]
    : { title: `The documents break the rule ${code}`, fix: ofFinding, severity: found };
  return {
    id: code,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: `${title}. ${fix}` },
    help: { text: fix },
    defaultConfiguration: { level: severity },
  };
}

type Place = {
  readonly index: number;
  readonly name: string;
  readonly fullyQualifiedName: string;
  readonly kind: "array" | "object" | "property" | "value";
  /** Absent at the top. */
  readonly parentIndex?: number;
};

/** By pointer, in the order of their indexes: each place that is pointed at, and before it every place around it. */
function placesOf(pointers: readonly string[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const pointer of pointers) {
    const parts = pointer.split("/").slice(1);
    for (const [depth, name] of parts.entries()) {
      const around = `/${parts.slice(0, depth).join("/")}`;
      const place = `/${parts.slice(0, depth + 1).join("/")}`;
      if (places.has(place)) continue;
      const parent = places.get(around);
      const own = { index: places.size, name, fullyQualifiedName: place, kind: kindOf(depth, name) };
      places.set(place, parent === undefined ? own : { ...own, parentIndex: parent.index });
    }
  }
  return places;
}

/** `/documents` is a list of objects; deeper down only the pointer is known. */
function kindOf(depth: number, name: string): Place["kind"] {
  if (depth === 0) return "array";
  if (depth === 1) return "object";
  return /^\d+$/.test(name) ? "value" : "property";
}

function resultOf(finding: SarifFinding, place: Place | undefined, file: FileLocation | undefined) {
  const { severity, path, document, sentence, fix, clusters, regions } = finding;
  return {
    level: severity,
    message: { text: `${sentence} ${fix}` },
    locations: [
      {
        ...(file === undefined ? {} : { physicalLocation: physicalLocation(file) }),
        ...(place === undefined ? {} : { logicalLocations: [{ index: place.index, fullyQualifiedName: path }] }),
      },
    ],
    partialFingerprints: { "fairlead/v1": fingerprint(finding) },
    properties: {
      fix,
      ...(document === undefined ? {} : { document }),
      ...(clusters === undefined ? {} : { clusters }),
      ...(regions === undefined ? {} : { regions }),
    },
  };
}

function physicalLocation({ uri, line, column }: FileLocation) {
  return { artifactLocation: { uri }, region: { startLine: line, startColumn: column } };
}

/** The same trouble in the next run has the same one, wherever its document has moved to meanwhile. */
function fingerprint({ code, path, document, clusters = [] }: SarifFinding): string {
  const inside = document === undefined ? path : path.replace(/^\/documents\/\d+/, document);
  return sha256Hex(JSON.stringify([code, inside, [...clusters].sort()]));
}
