/**
 * A folder of YAML and JSON files as one list of inputs, with the way back: from a finding's path to file, line and
 * column. Reads files and nothing else; what the documents say is for `readFleet`.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Finding, FindingPath } from "../../config/findings.ts";
import { BODY_BYTES_MAX } from "../../config/limits.ts";
import { compareText } from "../../config/order.ts";
import { type Position, parseFleetText, type TextDocument } from "./fleet-text.ts";

/** `file` is relative to the folder, with forward slashes. */
export type FilePosition = Position & { readonly file: string };

export type LocatedFinding = FilePosition & Omit<Finding, "path">;

export type FleetFolder = {
  /** Every document of every file, in the order of file names and of the documents in them. */
  readonly inputs: readonly unknown[];
  readonly locate: (path: FindingPath) => FilePosition;
  /** What is wrong with the files themselves: syntax, duplicate keys, unreadable text. */
  readonly findings: readonly LocatedFinding[];
  /** Indexes of inputs whose text is broken: their value is a guess, and findings about it would be noise. */
  readonly broken: ReadonlySet<number>;
};

/** `folder` may also be one file. */
export function loadFleetFolder(folder: string): FleetFolder {
  const documents: (TextDocument & { readonly file: string })[] = [];
  const findings: LocatedFinding[] = [];
  const listed = listFiles(folder);
  if (!listed.ok) findings.push(unreadable(folder, listed.because));
  for (const { file, name } of listed.ok ? listed.files : []) {
    const text = readText(file);
    if (!text.ok) {
      findings.push(unreadable(name, text.because));
      continue;
    }
    const parsed = parseFleetText(text.text, name.endsWith(".json") ? "json" : "yaml");
    documents.push(...parsed.documents.map((document) => ({ ...document, file: name })));
    findings.push(...parsed.findings.map((finding) => ({ ...finding, file: name })));
  }
  return {
    inputs: documents.map(({ value }) => value),
    broken: new Set(documents.flatMap(({ broken }, index) => (broken ? [index] : []))),
    findings,
    locate: ([index, ...rest]) => {
      const document = documents[Number(index)];
      return document === undefined
        ? { file: folder, line: 1, column: 1 }
        : { file: document.file, ...document.locate(rest) };
    },
  };
}

type Listed =
  | { readonly ok: true; readonly files: readonly { readonly file: string; readonly name: string }[] }
  | { readonly ok: false; readonly because: string };

function listFiles(folder: string): Listed {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return { ok: false, because: "there is no such file or folder" };
  if (stats.isFile()) return { ok: true, files: [{ file: folder, name: path.basename(folder) }] };
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ file, name: path.relative(folder, file).split(path.sep).join("/") }))
    .filter(({ name }) => !name.split("/").some((part) => part.startsWith(".") || part === "node_modules"))
    .sort((a, b) => compareText(a.name, b.name));
  if (files.length === 0) return { ok: false, because: "there is no .yaml, .yml or .json file in it" };
  return { ok: true, files };
}

type Text = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly because: string };

function readText(file: string): Text {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > BODY_BYTES_MAX) return { ok: false, because: `the file is larger than ${BODY_BYTES_MAX} bytes` };
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes) };
  } catch (cause) {
    if (cause instanceof TypeError) return { ok: false, because: "the file is not UTF-8 text" };
    return { ok: false, because: "the file cannot be read" };
  }
}

function unreadable(file: string, message: string): LocatedFinding {
  return { file, line: 1, column: 1, code: "file.unreadable", severity: "error", message };
}
