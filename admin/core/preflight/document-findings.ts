/** What reading the documents found, as findings of preflight: the same codes, each with what to do about it. */
import { type Finding, type FindingPath, jsonPointer } from "../../../config/findings.ts";
import { declaredName } from "../../../config/parse.ts";
import { DOCUMENT_FIXES } from "./document-fixes.ts";
import type { PreflightFinding } from "./finding.ts";

/** The pointer is into what was sent: `{"documents": [...]}`. */
export function pointerOf(path: FindingPath): string {
  return jsonPointer(["documents", ...path]);
}

export function documentFinding(
  { code, severity, path, message, didYouMean }: Finding,
  inputs: readonly unknown[],
): PreflightFinding {
  const fix = DOCUMENT_FIXES[code];
  const [index] = path;
  const declared = typeof index === "number" ? declaredName(inputs[index]) : undefined;
  return {
    code,
    severity,
    path: pointerOf(path),
    ...(declared === undefined ? {} : { document: `${declared.kind}/${declared.name}` }),
    sentence: sentenceOf(message),
    fix: didYouMean === undefined ? fix : `Did you mean ${JSON.stringify(didYouMean)}? ${fix}`,
  };
}

/** Messages are written to stand behind a code: here they stand alone. */
function sentenceOf(message: string): string {
  const [first = ""] = message;
  return `${first.toUpperCase()}${message.slice(first.length)}${/[.!?]$/.test(message) ? "" : "."}`;
}
