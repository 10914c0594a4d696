/** Findings with the places in the files that they are about, and those places as a code host names them. */
import { statSync } from "node:fs";
import path from "node:path";
import { DOCUMENT_FIXES } from "../../../admin/core/preflight/document-fixes.ts";
import type { FindingPath } from "../../../config/findings.ts";
import type { FilePosition, FleetFolder } from "../fleet-folder.ts";
import type { AnsweredFinding, PreflightAnswer } from "./ask.ts";

/** Without a place: it is about no document. */
export type LocatedFinding = AnsweredFinding & Partial<FilePosition>;
export type LocatedReport = Omit<PreflightAnswer, "findings"> & { readonly findings: readonly LocatedFinding[] };

/** What the control plane found, and what the texts themselves have doubtful. */
export function locateReport({ ok, findings, summary }: PreflightAnswer, folder: FleetFolder): LocatedReport {
  const located = findings.map((finding): LocatedFinding => {
    const [root, ...inside] = pathOf(finding.path);
    return root === "documents" && inside.length > 0 ? { ...finding, ...folder.locate(inside) } : finding;
  });
  const own = folder.findings.map(ofText);
  return { ok, findings: [...located, ...own], summary: { ...summary, warnings: summary.warnings + own.length } };
}

/** RFC 6901, with what looks like an index as one. */
function pathOf(pointer: string): FindingPath {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^(0|[1-9]\d*)$/.test(part) ? Number(part) : part));
}

/** Texts that are not even documents, in the form of a report: nobody has to be asked about them. */
export function brokenTexts({ findings }: FleetFolder): LocatedReport {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return {
    ok: false,
    findings: findings.map(ofText),
    summary: {
      ...{ errors, warnings: findings.length - errors, leftOut: 0 },
      ...{ services: 0, clusters: 0, complete: false },
    },
  };
}

function ofText({ message, ...finding }: FleetFolder["findings"][number]): LocatedFinding {
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  return { ...finding, path: "/documents", sentence, fix: DOCUMENT_FIXES[finding.code] };
}

/** From a finding to its file as code hosts name it: from the root of the repository that the command runs in. */
export function uris({ folder, cwd }: { readonly folder: string; readonly cwd: string }) {
  const root = path.resolve(cwd, folder);
  const isFile = statSync(root, { throwIfNoEntry: false })?.isFile() === true;
  return ({ file, line, column }: Partial<FilePosition>) => {
    if (file === undefined || line === undefined || column === undefined) return undefined;
    const from = path.relative(cwd, isFile ? root : path.join(root, file));
    // Outside of it there is no such name; the one inside the folder is the best there is.
    const inside = from.startsWith("..") || path.isAbsolute(from) ? file : from;
    return { uri: inside.split(path.sep).map(encodeURIComponent).join("/"), line, column };
  };
}
