/**
 * What changed between two lists of documents, in the words of the documents: which document, which field, from what
 * to what. Documents are matched by kind and name, so their order says nothing. Plans show it, the audit log keeps it,
 * and `applyChanges` proves that it is the whole of the difference.
 */
import { canonicalJson } from "./canonical.ts";
import { invariant, unreachable } from "./invariant.ts";
import { sortedBy } from "./order.ts";

/** Keys and indexes inside the document. */
export type ChangePath = readonly (string | number)[];

export type Change =
  | { readonly kind: "added"; readonly document: string; readonly path: ChangePath; readonly after: unknown }
  | { readonly kind: "removed"; readonly document: string; readonly path: ChangePath; readonly before: unknown }
  | {
      readonly kind: "changed";
      readonly document: string;
      readonly path: ChangePath;
      readonly before: unknown;
      readonly after: unknown;
    };

/** Enough of a document to tell which one it is. */
export type Diffable = { readonly kind: string; readonly metadata: { readonly name: string } };

/** `Route/web`: what a change is of. */
export function documentId({ kind, metadata }: Diffable): string {
  return `${kind}/${metadata.name}`;
}

/** In the order of documents and fields; empty when nothing differs. The path is empty for a whole document. */
export function diffDocuments(before: readonly Diffable[], after: readonly Diffable[]): readonly Change[] {
  const old = index(before);
  const next = index(after);
  const ids = sortedBy(new Set([...old.keys(), ...next.keys()]), (id) => id);
  return ids.flatMap((id) => diffValues(id, [], old.get(id), next.get(id)));
}

function index<D extends Diffable>(documents: readonly D[]): Map<string, D> {
  const byId = new Map(documents.map((document) => [documentId(document), document]));
  invariant(byId.size === documents.length, "one document of a kind has a name");
  return byId;
}

/** Objects are compared field by field. A list is one value: an index would not say which of its entries is meant. */
function diffValues(document: string, path: ChangePath, before: unknown, after: unknown): Change[] {
  if (before === undefined) return after === undefined ? [] : [{ kind: "added", document, path, after }];
  if (after === undefined) return [{ kind: "removed", document, path, before }];
  if (!isRecord(before) || !isRecord(after)) {
    if (isNamedList(before) && isNamedList(after) && sameNames(before, after))
      return before.flatMap((item, at) => diffValues(document, [...path, at], item, after[at]));
    return canonicalJson(before) === canonicalJson(after) ? [] : [{ kind: "changed", document, path, before, after }];
  }
  const keys = sortedBy(new Set([...Object.keys(before), ...Object.keys(after)]), (key) => key);
  return keys.flatMap((key) => diffValues(document, [...path, key], ownValue(before, key), ownValue(after, key)));
}

/** The documents that `changes` make of `before`, by kind and name. Changes of another list are a bug of the caller. */
export function applyChanges<D extends Diffable>(before: readonly D[], changes: readonly Change[]): readonly D[] {
  const documents = new Map<string, unknown>(index(before));
  for (const change of changes) {
    const value = applyChange(documents.get(change.document), change.path, change);
    if (value === undefined) documents.delete(change.document);
    else documents.set(change.document, value);
  }
  // What the changes were made from had the type D before and after.
  return sortedBy(documents, ([id]) => id).map(([, document]) => document as D);
}

function applyChange(value: unknown, path: ChangePath, change: Change): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replaced(value, change);
  if (Array.isArray(value)) return value.with(Number(key), applyChange(value[Number(key)], rest, change));
  invariant(isRecord(value), "the path of a change leads through objects and lists");
  const child = applyChange(ownValue(value, String(key)), rest, change);
  const others = Object.entries(value).filter(([name]) => name !== key);
  return Object.fromEntries(child === undefined ? others : [...others, [String(key), child]]);
}

function replaced(value: unknown, change: Change): unknown {
  switch (change.kind) {
    case "added":
      invariant(value === undefined, "what is added was not there");
      return change.after;
    case "removed":
      invariant(value !== undefined, "what is removed was there");
      return undefined;
    case "changed":
      invariant(value !== undefined, "what is changed was there");
      return change.after;
    default:
      return unreachable(change);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownValue(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

type Named = { readonly name: string };

/** A list whose entries have names of their own (steering rules) may be compared entry by entry. */
function isNamedList(value: unknown): value is readonly Named[] {
  return Array.isArray(value) && value.every((item) => isRecord(item) && typeof ownValue(item, "name") === "string");
}

function sameNames(before: readonly Named[], after: readonly Named[]): boolean {
  return before.length === after.length && before.every(({ name }, at) => name === after[at]?.name);
}
