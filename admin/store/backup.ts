/**
 * The rows of a backup, read a page at a time while the object goes on working between pages. They still are the state of
 * one moment. Most tables only ever grow: of these, what was there at the beginning is read whenever its turn comes. What
 * can still change is little (what is open, a few rows of this and that), and is read at the beginning, before anything
 * else can happen. To stop all commits for the length of a backup, or to hold all of it in memory, would be simpler and
 * worse.
 *
 * Texts come first. What retention or expiry takes away meanwhile is then, at worst, a text that no row names, which a
 * restore drops, and never a row without its text.
 */
import { invariant } from "../../config/invariant.ts";
import { rowLine, type StoredRow } from "./backup-format.ts";
import { hasOwner } from "./text-owners.ts";

/** Rows of one page: some hundred KB. Keeps the object's turns short and its memory small. */
const PAGE_ROWS = 500;
/** A part of a text may have 1.5 MB. */
const PAGE_TEXTS = 16;

/** Not in a backup: what carriers hold and dashboards know is the world's to say, and how rows look is the release's. */
const LEFT_OUT = ["annotation_progress", "carriers", "migrations"];

/** The highest number in each numbered table at the beginning; -1 in an empty one. */
type Moment = ReadonlyMap<string, number>;

type Source = {
  readonly table: string;
  /** Unique; rows come in its order. */
  readonly key: readonly string[];
  /** Which rows can still change, as a condition: read at the beginning. */
  readonly changing?: string;
  /** Which of the others were there at the beginning: read when their turn comes. */
  readonly within?: (moment: Moment) => string;
};

/** Later rows have higher numbers. */
const numbered = (table: string, key: string, changing?: string): Source => ({
  ...{ table, key: [key], within: (moment) => `${key} <= ${highest(moment, table)}` },
  ...(changing === undefined ? {} : { changing }),
});

const small = (table: string, ...key: readonly string[]): Source => ({ table, key, changing: "TRUE" });

const SOURCES: readonly Source[] = [
  {
    table: "texts",
    key: ["name", "part"],
    within: (moment) =>
      hasOwner({
        revision: highest(moment, "revisions"),
        approval: highest(moment, "approvals"),
        answer: highest(moment, "idempotency"),
      }),
  },
  numbered("revisions", "revision"),
  numbered("debug_tokens", "number"),
  numbered("audit_leaves", "leaf_index"),
  {
    table: "audit_nodes",
    key: ["level", "position"],
    // Those above leaves that are all in the backup.
    within: (moment) => `((position + 1) << level) <= ${highest(moment, "audit_leaves") + 1}`,
  },
  numbered("audit_checkpoints", "size"),
  small("audit_keys", "verifier_key"),
  small("audit_subjects", "subject"),
  numbered("idempotency", "number"),
  numbered("approvals", "number", "state = 'pending'"),
  numbered("incidents", "number", "closed_at_ms IS NULL"),
  small("control_changes", "control", "minute", "direction", "signs"),
  small("deleted_documents", "number"),
  small("publishing", "id"),
];

export type BackupPage = { readonly text: string; readonly rows: number };

/** The tables of an object as they are now, without those of the platform, in the order of their names. */
export function storedTables(sql: SqlStorage): readonly string[] {
  return sql
    .exec<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'
        ORDER BY name`,
    )
    .toArray()
    .map(({ name }) => name);
}

export function isInBackup(table: string): boolean {
  return !LEFT_OUT.includes(table);
}

/** What belongs to this moment is settled when this returns; pages are read as they are asked for. */
export function readBackup(sql: SqlStorage): Iterable<BackupPage> {
  const known = SOURCES.map(({ table }) => table).sort();
  invariant(
    known.join() === storedTables(sql).filter(isInBackup).join(),
    "every table is in the backup or left out on purpose",
  );
  const moment = momentOf(sql);
  const begun = SOURCES.map((source) => ({ source, early: readChanging(sql, source) }));
  return pages(sql, moment, begun);
}

function momentOf(sql: SqlStorage): Moment {
  return new Map(
    SOURCES.flatMap(({ table, key: [first, ...more] }) => {
      if (first === undefined || more.length > 0) return [];
      const { highest } = sql.exec(`SELECT MAX(${first}) AS highest FROM ${table}`).one();
      return typeof highest === "number" ? [[table, highest] as const] : [];
    }),
  );
}

function highest(moment: Moment, table: string): number {
  return moment.get(table) ?? -1;
}

function readChanging(sql: SqlStorage, { table, key, changing }: Source): readonly StoredRow[] {
  if (changing === undefined) return [];
  return sql.exec(`SELECT * FROM ${table} WHERE ${changing} ORDER BY ${key.join(", ")}`).toArray();
}

type Begun = { readonly source: Source; readonly early: readonly StoredRow[] };

function* pages(sql: SqlStorage, moment: Moment, begun: readonly Begun[]): Generator<BackupPage> {
  for (const { source, early } of begun) {
    if (early.length > 0) yield pageOf(source, early);
    if (source.within === undefined) continue;
    const within = source.within(moment);
    for (let after: StoredRow | undefined; ; ) {
      const rows = readAfter(sql, source, { within, after });
      after = rows.at(-1);
      if (after === undefined) break;
      // What could change at the beginning has been written as it was then.
      const late = rows.filter((row) => !early.some((other) => isSame(source, row, other)));
      if (late.length > 0) yield pageOf(source, late);
    }
  }
}

type Place = { readonly within: string; readonly after: StoredRow | undefined };

function readAfter(sql: SqlStorage, { table, key }: Source, { within, after }: Place): readonly StoredRow[] {
  const columns = key.join(", ");
  const beyond = after === undefined ? "" : `AND (${columns}) > (${key.map(() => "?").join(", ")})`;
  const limit = table === "texts" ? PAGE_TEXTS : PAGE_ROWS;
  return sql
    .exec(
      `SELECT * FROM ${table} WHERE (${within}) ${beyond} ORDER BY ${columns} LIMIT ${limit}`,
      ...(after === undefined ? [] : key.map((column) => after[column] ?? null)),
    )
    .toArray();
}

function isSame({ key }: Source, a: StoredRow, b: StoredRow): boolean {
  return key.every((column) => a[column] === b[column]);
}

function pageOf({ table }: Source, rows: readonly StoredRow[]): BackupPage {
  return { text: rows.map((row) => rowLine({ table, row })).join(""), rows: rows.length };
}
