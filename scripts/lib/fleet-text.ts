/**
 * The documents in one YAML or JSON text, and where each part of them stands. Only what JSON can say is let through:
 * no tags of YAML's own, no keys that are not text, no alias bombs. Knows nothing about fleets.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  visit,
  type YAMLError,
} from "yaml";
import type { FindingCode, FindingPath } from "../../config/findings.ts";

export type Position = { readonly line: number; readonly column: number };

export type TextFinding = Position & {
  readonly code: FindingCode;
  readonly severity: "error" | "warning";
  readonly message: string;
};

export type TextDocument = {
  readonly value: unknown;
  /** The text around it is broken: its value is a guess, good for its name and nothing else. */
  readonly broken: boolean;
  /** Where the deepest part of `path` that was written begins: the key of a field, the entry of a list. */
  readonly locate: (path: FindingPath) => Position;
};

export type FleetText = { readonly documents: readonly TextDocument[]; readonly findings: readonly TextFinding[] };

type YamlDocument = Document<ParsedNode>;

/** More uses of anchors than this in one document is an attack, not a shorthand. */
const ALIAS_COUNT_MAX = 100;

/** A document at the top of the text, or a list of them. */
export function parseFleetText(text: string, format: "yaml" | "json"): FleetText {
  const lines = new LineCounter();
  const parsed = parseYaml(text, lines);
  if (parsed === undefined) return { documents: [], findings: [{ ...START, ...error("yaml.syntax", TOO_DEEP) }] };
  const written = parsed.filter((document) => !isEmpty(document) || document.errors.length > 0);
  const read = written.map((document) => readDocument(document, lines));
  const findings = read.flatMap((one) => one.findings);
  const documents = read.flatMap((one) => one.documents);
  if (findings.length === 0 && format === "json") {
    const problems = checkJson(text);
    if (problems.length > 0)
      return { documents: documents.map((document) => ({ ...document, broken: true })), findings: problems };
  }
  if (written.length === 0)
    findings.push({ ...START, code: "file.empty", severity: "warning", message: "the file holds no document" });
  return { documents, findings };
}

const START: Position = { line: 1, column: 1 };
const TOO_DEEP = "the text is nested too deeply";

/** Undefined when the parser's own recursion gave up: it throws, or reports the overflow as if it were syntax. */
function parseYaml(text: string, lineCounter: LineCounter): readonly YamlDocument[] | undefined {
  try {
    const options = { lineCounter, prettyErrors: false, stringKeys: true, resolveKnownTags: false } as const;
    const parsed = parseAllDocuments(text, { ...options, schema: "core", logLevel: "silent" });
    const documents = Array.isArray(parsed) ? parsed : [];
    return documents.some(({ errors }) => errors.some(overflowed)) ? undefined : documents;
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

/** Nothing stands between two `---`; a written `null` is something. */
function isEmpty({ contents }: YamlDocument): boolean {
  return contents === null || (isScalar(contents) && contents.value === null && contents.source === "");
}

function overflowed({ message }: YAMLError): boolean {
  return message.includes("Maximum call stack size exceeded");
}

function readDocument(document: YamlDocument, lines: LineCounter): FleetText {
  const findings = [
    ...document.errors.map((problem) => syntaxFinding(problem, lines)),
    ...document.warnings.map((problem) => syntaxFinding(problem, lines)),
  ];
  const value = toValue(document);
  if (!value.ok) {
    const position = positionAt(firstDangling(document) ?? startOf(document), lines);
    return { documents: [], findings: [...findings, { ...position, ...error("yaml.alias", value.because) }] };
  }
  const broken = findings.length > 0;
  const locateIn = (path: FindingPath) => locate(document, path, lines);
  if (!Array.isArray(value.value)) return { documents: [{ value: value.value, broken, locate: locateIn }], findings };
  const documents = value.value.map(
    (item: unknown, index): TextDocument => ({
      value: item,
      broken,
      locate: (path) => locateIn([index, ...path]),
    }),
  );
  return { documents, findings };
}

function toValue(document: YamlDocument): { ok: true; value: unknown } | { ok: false; because: string } {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: ALIAS_COUNT_MAX }) };
  } catch (cause) {
    // The library has one class for an alias without an anchor and for too many of them, and RangeError for depth.
    if (cause instanceof ReferenceError) return { ok: false, because: "an alias has no anchor, or there are too many" };
    if (cause instanceof RangeError) return { ok: false, because: TOO_DEEP };
    throw cause;
  }
}

/** Where the first alias stands that has no anchor. */
function firstDangling(document: YamlDocument): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}

function startOf(document: YamlDocument): number {
  return document.contents?.range?.[0] ?? document.range?.[0] ?? 0;
}

function syntaxFinding({ code, message, pos }: YAMLError, lines: LineCounter): TextFinding {
  const position = positionAt(pos[0], lines);
  const sentence = message.replaceAll(/\s+/g, " ").trim();
  switch (code) {
    case "DUPLICATE_KEY":
      return { ...position, ...error("yaml.duplicateKey", "the same key is written twice in one object") };
    case "TAG_RESOLVE_FAILED":
      return { ...position, ...error("yaml.tag", `only the types of JSON are read: ${sentence}`) };
    case "BAD_ALIAS":
      return { ...position, ...error("yaml.alias", sentence) };
    default:
      return { ...position, ...error("yaml.syntax", sentence) };
  }
}

/** YAML reads more than JSON; a `.json` file that only YAML can read would fail everywhere else. */
function checkJson(text: string): TextFinding[] {
  try {
    JSON.parse(text);
    return [];
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
    const position = { line: Number(line ?? 1), column: Number(column ?? 1) };
    const reason = message.split(" in JSON")[0] ?? message;
    return [{ ...position, ...error("json.syntax", `this is not JSON: ${reason}`) }];
  }
}

function error(code: FindingCode, message: string) {
  return { code, severity: "error", message } as const;
}

function positionAt(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function locate(document: YamlDocument, path: FindingPath, lines: LineCounter): Position {
  let node: unknown = document.contents;
  let offset = startOf(document);
  for (const key of path) {
    const child = childAt(isAlias(node) ? node.resolve(document) : node, key);
    if (child === undefined) break;
    node = child.node;
    offset = child.offset;
  }
  return positionAt(offset, lines);
}

function childAt(node: unknown, key: string | number): { readonly node: unknown; readonly offset: number } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(key));
    const offset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    return offset === undefined ? undefined : { node: pair?.value, offset };
  }
  if (!isSeq(node)) return undefined;
  const item: unknown = node.items[Number(key)];
  const offset = isScalar(item) || isMap(item) || isSeq(item) || isAlias(item) ? item.range?.[0] : undefined;
  return offset === undefined ? undefined : { node: item, offset };
}
