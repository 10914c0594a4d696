/**
 * One unknown value becomes a document, or findings that say why not: first what no schema can see (depth, text that
 * is not Unicode, keys that JavaScript treats as its own), then the envelope, then the schema of its kind. Never throws.
 */
import * as z from "zod/mini";
import { API_VERSION } from "./documents/envelope.ts";
import { DOCUMENT_SCHEMAS, type Document, type DocumentKind, RESERVED_KINDS } from "./documents.ts";
import type { Finding, FindingPath } from "./findings.ts";
import { BODY_DEPTH_MAX } from "./limits.ts";
import { describeIssues, NO_SENTENCE, shown } from "./messages.ts";
import { suggest } from "./suggest.ts";

export type Parsed<D> =
  | { readonly ok: true; readonly document: D }
  | { readonly ok: false; readonly findings: readonly Finding[] };

const KINDS = Object.keys(DOCUMENT_SCHEMAS) as readonly DocumentKind[]; // the keys of that literal

/** `path` is where the value stands in the inputs; all findings are below it. */
export function parseDocument(input: unknown, path: FindingPath): Parsed<Document> {
  const unusable = findUnusable(input, path);
  if (unusable.length > 0) return { ok: false, findings: unusable };
  if (!isRecord(input)) return refuse("document.shape", path, `a document is an object, not ${shown(input)}`);
  const kind = readKind(input, path);
  if (kind.ok) return parseAs(kind.document, input, path);
  return { ok: false, findings: [...kind.findings, ...checkApiVersion(input, path)] };
}

/** Reads `input` as the kind that it is known to have. */
export function parseAs<K extends DocumentKind>(kind: K, input: unknown, path: FindingPath): Parsed<Document> {
  // All kinds share the envelope; the compiler cannot see that indexing by a union of kinds gives a Document.
  const schema: z.ZodMiniType<Document> = DOCUMENT_SCHEMAS[kind];
  const parsed = z.safeParse(schema, input, { error: () => NO_SENTENCE });
  if (parsed.success) return { ok: true, document: parsed.data };
  const version = isRecord(input) ? checkApiVersion(input, path) : [];
  const rest = describeIssues(schema, input, parsed.error.issues, path).filter(
    (finding) => finding.path.length !== path.length + 1 || finding.path.at(-1) !== "apiVersion",
  );
  return { ok: false, findings: [...version, ...rest] };
}

function readKind(input: Readonly<Record<string, unknown>>, path: FindingPath): Parsed<DocumentKind> {
  const kind = own(input, "kind");
  const at = [...path, "kind"];
  if (kind === undefined) return refuse("kind.missing", at, `a document needs a kind: one of ${KINDS.join(", ")}`);
  const known = KINDS.find((name) => name === kind);
  if (known !== undefined) return { ok: true, document: known };
  if (kind === "Alert") return refuse("kind.reserved", at, `${kind} is no document here: ${RESERVED_KINDS[kind]}`);
  const message = `${shown(kind)} is no kind: use one of ${KINDS.join(", ")}`;
  return refuse("kind.unknown", at, message, typeof kind === "string" ? suggest(kind, KINDS) : undefined);
}

function checkApiVersion(input: Readonly<Record<string, unknown>>, path: FindingPath): readonly Finding[] {
  const version = own(input, "apiVersion");
  if (version === API_VERSION) return [];
  const at = [...path, "apiVersion"];
  return version === undefined
    ? refuse("apiVersion.missing", at, `a document needs "apiVersion": ${JSON.stringify(API_VERSION)}`).findings
    : refuse("apiVersion.unknown", at, `${shown(version)} is not an apiVersion that is read here`, API_VERSION)
        .findings;
}

/** What was declared under `kind` and `metadata.name`, also when the rest of the document is broken. */
export function declaredName(input: unknown): { readonly kind: DocumentKind; readonly name: string } | undefined {
  if (!isRecord(input)) return undefined;
  const kind = KINDS.find((name) => name === own(input, "kind"));
  const metadata = own(input, "metadata");
  const name = isRecord(metadata) ? own(metadata, "name") : undefined;
  return kind === undefined || typeof name !== "string" ? undefined : { kind, name };
}

type Refused = { readonly ok: false; readonly findings: readonly Finding[] };

function refuse(code: Finding["code"], path: FindingPath, message: string, didYouMean?: string): Refused {
  const hint = didYouMean === undefined ? {} : { didYouMean };
  return { ok: false, findings: [{ code, severity: "error", path, message, ...hint }] };
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys that would be lost or act on the object itself when a value is copied key by key. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__"]);
const LONE_SURROGATE_PATTERN = /\p{Surrogate}/u;

/** Walks with its own bounds, so neither a deep nor a circular value can exhaust the stack. */
function findUnusable(value: unknown, path: FindingPath, depth = 0): Finding[] {
  if (typeof value === "string") return LONE_SURROGATE_PATTERN.test(value) ? [loneSurrogate(path)] : [];
  if (typeof value === "number") return Number.isFinite(value) ? [] : [notJson(value, path)];
  if (value === null || typeof value === "boolean") return [];
  if (typeof value !== "object") return [notJson(value, path)];
  if (depth >= BODY_DEPTH_MAX)
    return [...refuse("document.depth", path, `nested deeper than ${BODY_DEPTH_MAX} levels`).findings];
  if (Array.isArray(value)) return value.flatMap((item, index) => findUnusable(item, [...path, index], depth + 1));
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, key];
    if (FORBIDDEN_KEYS.has(key)) return refuse("document.key", at, `${JSON.stringify(key)} cannot be a key`).findings;
    return [...(LONE_SURROGATE_PATTERN.test(key) ? [loneSurrogate(path)] : []), ...findUnusable(item, at, depth + 1)];
  });
}

function loneSurrogate(path: FindingPath): Finding {
  return { code: "document.text", severity: "error", path, message: "text holds half of a character (lone surrogate)" };
}

function notJson(value: unknown, path: FindingPath): Finding {
  const message = `${typeof value === "number" ? String(value) : typeof value} is not a value that JSON can hold`;
  return { code: "document.number", severity: "error", path, message };
}
