/**
 * The fleet object's storage as domain values: the target, any past revision, and the one write that makes a new
 * revision. Documents and overlays are kept under their digests, so history shares what did not change; the live
 * overlays are those of the target, and there is no second copy that could disagree.
 */
import { z } from "@hono/zod-openapi";
import { canonicalJson } from "../../config/canonical.ts";
import type { Diffable } from "../../config/diff.ts";
import { type Finding, hasErrors } from "../../config/findings.ts";
import { invariant } from "../../config/invariant.ts";
import { Overlay } from "../../config/overlays.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { Outcome } from "../core/changes/mutation.ts";
import { emptyState } from "../core/changes/state.ts";
import { type StoredState, stateDigest } from "../core/commit/next-state.ts";
import { sha256Hex } from "../core/digest.ts";
import { logEvent } from "../log.ts";
import { addCarriers, type CarrierName } from "./carriers.ts";
import { findRevision, insertRevision, type RevisionRecord, targetRevision } from "./revisions.ts";
import { loadText, saveText } from "./texts.ts";

export type ReadOptions = { readonly environment: string; readonly development: boolean };

export function loadTarget(sql: SqlStorage, options: ReadOptions): StoredState {
  const record = targetRevision(sql);
  if (record !== undefined) {
    const stored = loadRecord(sql, record, options);
    invariant(stored !== undefined, "the target is kept");
    return stored;
  }
  const state = emptyState(options.environment);
  const documentsDigest = sha256Hex(canonicalJson(state.documents));
  const overlaysDigest = sha256Hex(canonicalJson(state.overlays));
  return { state, digest: stateDigest(state, documentsDigest, overlaysDigest), documentsDigest, overlaysDigest };
}

/** Undefined when there is no such revision, or when it is so old that its documents are no longer kept. */
export function loadRevisionState(sql: SqlStorage, revision: number, options: ReadOptions): StoredState | undefined {
  const record = findRevision(sql, revision);
  return record === undefined ? undefined : loadRecord(sql, record, options);
}

/** What two revisions are compared by: the documents as they were written, and the overlays. Cheaper than the state. */
export type WrittenState = { readonly documents: readonly Diffable[]; readonly overlays: readonly Overlay[] };

export function loadWritten(sql: SqlStorage, record: RevisionRecord): WrittenState | undefined {
  const documents = loadText(sql, record.documentsDigest);
  const overlays = loadText(sql, record.overlaysDigest);
  if (documents === undefined || overlays === undefined) return undefined;
  // They were documents when they were committed, and a diff only needs to tell one from another.
  return { documents: parseArray(documents) as readonly Diffable[], overlays: parseOverlays(overlays) };
}

function loadRecord(sql: SqlStorage, record: RevisionRecord, options: ReadOptions): StoredState | undefined {
  const documentsText = loadText(sql, record.documentsDigest);
  const overlaysText = loadText(sql, record.overlaysDigest);
  if (documentsText === undefined || overlaysText === undefined) return undefined;
  const inputs = parseArray(documentsText);
  const { documents, fleet, findings } = readFleet(inputs, options);
  invariant(documents.length === inputs.length, "the documents of a committed revision have their form");
  // A new release, or the switch of development, may refuse what was accepted then. What is served stays what it is, and
  // the next change of documents has to put it right; a control plane that does not start could not even drain.
  if (hasErrors(findings)) logEvent("fleet.unsound", { revision: record.revision, codes: codesOf(findings) });
  const overlays = parseOverlays(overlaysText);
  return {
    state: { environment: options.environment, revision: record.revision, documents, fleet, overlays },
    digest: record.digest,
    documentsDigest: record.documentsDigest,
    overlaysDigest: record.overlaysDigest,
  };
}

function codesOf(findings: readonly Finding[]): string {
  return [...new Set(findings.flatMap(({ severity, code }) => (severity === "error" ? [code] : [])))].join(" ");
}

function parseOverlays(text: string): readonly Overlay[] {
  return parseArray(text).map((overlay) => Overlay.parse(overlay));
}

function parseArray(text: string): readonly unknown[] {
  return z.array(z.unknown()).parse(JSON.parse(text));
}

export type Commit = {
  readonly record: RevisionRecord;
  readonly documentsText: string | undefined;
  readonly overlaysText: string;
  readonly outcome: Outcome;
  readonly carriers: readonly CarrierName[];
};

/**
 * Makes the revision, unless its parent is no longer the target: then nothing is written and the answer is false. The
 * one place that writes history, and the outbox entry goes with it. To be called inside a transaction.
 */
export function commit(sql: SqlStorage, change: Commit): boolean {
  const { record, documentsText, overlaysText, outcome, carriers } = change;
  const target = targetRevision(sql)?.revision ?? 0;
  if (target !== record.parent) return false;
  if (documentsText !== undefined) saveText(sql, record.documentsDigest, documentsText);
  saveText(sql, record.overlaysDigest, overlaysText);
  saveText(sql, outcomeName(record.revision), canonicalJson(outcome));
  insertRevision(sql, record);
  addCarriers(sql, carriers);
  return true;
}

/** What the change of a revision did, as its author was told; undefined when it is no longer kept. */
export function loadOutcome(sql: SqlStorage, revision: number): unknown {
  const text = loadText(sql, outcomeName(revision));
  return text === undefined ? undefined : JSON.parse(text);
}

/** The name of the text that holds what the change of a revision did. */
export function outcomeName(revision: number): string {
  return `outcome/${revision}`;
}
