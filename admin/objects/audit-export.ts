/**
 * The audit log as lines of JSON, for `scripts/audit.ts verify` and for keeping elsewhere: what log it is, then the leaves
 * in order, each checkpoint behind the leaves that it covers.
 *
 *     {"type":"log","version":1,"origin":"fairlead.dev/audit/demo","key":"<verifier key>"}
 *     {"type":"leaf","index":0,"leaf":"<canonical JSON>"}
 *     {"type":"checkpoint","note":"<signed note>"}
 */
import type { SealedLeaf } from "../core/audit/seal.ts";
import { checkpointsBetween, leavesFrom, verifierKeys } from "../store/audit.ts";

export type AuditExportPage = {
  /** Without a newline at the end. */
  readonly lines: readonly string[];
  /** Where the next page begins; absent after the last. */
  readonly next?: number;
};

export type ExportOptions = {
  readonly origin: string;
  /** Of today; undefined when none is configured. */
  readonly key: string | undefined;
  /** Of the whole log. */
  readonly size: number;
  readonly from: number;
  readonly limit: number;
};

/** A page goes through RPC as one message of 32 MiB at most, whatever is in the leaves. */
const PAGE_LENGTH_MAX = 2_000_000;

export function exportPage(sql: SqlStorage, { origin, key, size, from, limit }: ExportOptions): AuditExportPage {
  const leaves = takeLength(leavesFrom(sql, from, limit), PAGE_LENGTH_MAX);
  const end = from + leaves.length;
  const notes = new Map(checkpointsBetween(sql, from, end).map((checkpoint) => [checkpoint.size, checkpoint.note]));
  const lines = leaves.flatMap(({ index, text: leaf }) => {
    const note = notes.get(index + 1);
    const line = JSON.stringify({ type: "leaf", index, leaf });
    return note === undefined ? [line] : [line, JSON.stringify({ type: "checkpoint", note })];
  });
  return {
    lines: from === 0 ? [firstLine(sql, origin, key), ...lines] : lines,
    ...(leaves.length > 0 && end < size ? { next: end } : {}),
  };
}

/** Names every key that ever signed: after a change of keys, older checkpoints are verified by older keys. */
function firstLine(sql: SqlStorage, origin: string, key: string | undefined): string {
  const formerKeys = verifierKeys(sql).filter((former) => former !== key);
  return JSON.stringify({
    ...{ type: "log", version: 1, origin },
    ...(key === undefined ? {} : { key }),
    ...(formerKeys.length === 0 ? {} : { formerKeys }),
  });
}

/** Takes leaves until their texts have more than `length` characters together; at least one when there is one. */
function takeLength(leaves: Iterable<SealedLeaf>, length: number): readonly SealedLeaf[] {
  const taken: SealedLeaf[] = [];
  let taking = 0;
  for (const leaf of leaves) {
    taken.push(leaf);
    taking += leaf.text.length;
    if (taking > length) break;
  }
  return taken;
}
