/**
 * The fleet object's storage as domain values: the target, any past revision, and the one write that makes a new
 * revision. Documents and overlays are kept under their digests, so history shares what did not change; the live
 * overlays are those of the target, and there is no second copy that could disagree.
 */
import { z } from "@hono/zod-openapi";
import { canonicalJson } from "../../config/canonical.ts";
import { hasErrors } from "../../config/findings.ts";
import { invariant } from "../../config/invariant.ts";
import { Overlay } from "../../config/overlays.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { Outcome } from "../core/changes/mutation.ts";
import { emptyState, type FleetState } from "../core/changes/state.ts";
import { addCarriers, type CarrierName } from "./carriers.ts";
import { sha256Hex } from "./digest.ts";
import { findRevision, insertRevision, type RevisionRecord, targetRevision } from "./revisions.ts";
import { loadText, saveText } from "./texts.ts";

/** A state with the names under which it is kept. `digest` covers all of it and is the ETag. */
export type StoredState = {
  readonly state: FleetState;
  readonly digest: string;
  readonly documentsDigest: string;
  readonly overlaysDigest: string;
};

export type ReadOptions = { readonly environment: string; readonly development: boolean };

export async function loadTarget(sql: SqlStorage, options: ReadOptions): Promise<StoredState> {
  const record = targetRevision(sql);
  if (record !== undefined) return loadRecord(sql, record, options);
  const state = emptyState(options.environment);
  const documentsDigest = await sha256Hex(canonicalJson(state.documents));
  const overlaysDigest = await sha256Hex(canonicalJson(state.overlays));
  return { state, digest: await stateDigest(state, documentsDigest, overlaysDigest), documentsDigest, overlaysDigest };
}

export function loadRevisionState(sql: SqlStorage, revision: number, options: ReadOptions): StoredState | undefined {
  const record = findRevision(sql, revision);
  return record === undefined ? undefined : loadRecord(sql, record, options);
}

function loadRecord(sql: SqlStorage, record: RevisionRecord, options: ReadOptions): StoredState {
  const { documents, fleet, findings } = readFleet(parseArray(loadText(sql, record.documentsDigest)), options);
  invariant(!hasErrors(findings), "the documents of a committed revision are sound");
  const overlays = parseArray(loadText(sql, record.overlaysDigest)).map((overlay) => Overlay.parse(overlay));
  return {
    state: { environment: options.environment, revision: record.revision, documents, fleet, overlays },
    digest: record.digest,
    documentsDigest: record.documentsDigest,
    overlaysDigest: record.overlaysDigest,
  };
}

function parseArray(text: string | undefined): readonly unknown[] {
  invariant(text !== undefined, "what a revision names is stored");
  return z.array(z.unknown()).parse(JSON.parse(text));
}

/** The digest over digests: as strong as one over the whole state, and its cost does not grow with the fleet. */
export async function stateDigest(
  { environment, revision }: Pick<FleetState, "environment" | "revision">,
  documentsDigest: string,
  overlaysDigest: string,
): Promise<string> {
  return sha256Hex(canonicalJson({ environment, revision, documents: documentsDigest, overlays: overlaysDigest }));
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
 * one place that writes history, and the outbox entry goes with it.
 */
export function commit(storage: DurableObjectStorage, change: Commit): boolean {
  const { record, documentsText, overlaysText, outcome, carriers } = change;
  return storage.transactionSync(() => {
    const target = targetRevision(storage.sql)?.revision ?? 0;
    if (target !== record.parent) return false;
    if (documentsText !== undefined) saveText(storage.sql, record.documentsDigest, documentsText);
    saveText(storage.sql, record.overlaysDigest, overlaysText);
    saveText(storage.sql, outcomeName(record.revision), canonicalJson(outcome));
    insertRevision(storage.sql, record);
    addCarriers(storage.sql, carriers);
    return true;
  });
}

/** What the change of a revision did, as its author was told. */
export function loadOutcome(sql: SqlStorage, revision: number): unknown {
  const text = loadText(sql, outcomeName(revision));
  invariant(text !== undefined, "every revision has its outcome");
  return JSON.parse(text);
}

function outcomeName(revision: number): string {
  return `outcome/${revision}`;
}
