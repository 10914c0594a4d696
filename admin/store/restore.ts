/**
 * Rows of a backup put in the place of an environment that is empty: all of them or none, also when the object dies half
 * way, and without holding them in memory. First the tables that are there are set aside and new ones made, in the shape
 * that the backup was written in. Then rows come in as they are read. In the end the new tables are brought up to date and
 * looked through, and what was set aside is dropped. While something is set aside the restore is not done, and whoever
 * finds it puts it back.
 */

import { isInBackup, storedTables } from "./backup.ts";
import type { BackupRow } from "./backup-format.ts";
import { addCarriers, type CarrierName } from "./carriers.ts";
import { FLEET_MIGRATIONS, migrate } from "./migrations.ts";
import { dropOrphans } from "./text-owners.ts";

const ASIDE = "aside_";

/** Something was done in the environment if one of these has a row. The log alone may tell of requests that were refused. */
const DONE = ["revisions", "approvals", "incidents", "debug_tokens"];

/** What a backup of some version may hold: columns by table. */
export type Shapes = ReadonlyMap<string, Shape>;

type Shape = { readonly columns: ReadonlyMap<string, Column>; readonly statement: string };

type Column = { readonly type: string; readonly nullable: boolean };

export const NEWEST_MIGRATION = Math.max(...FLEET_MIGRATIONS.map(({ version }) => version));

/** What keeps an environment from being restored into; undefined when it is empty. */
export function occupiedBy(sql: SqlStorage): string | undefined {
  return DONE.find((table) => sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0);
}

/** `migrations` is the newest migration of the storage that the backup was read from. */
export function beginRestore(storage: DurableObjectStorage, migrations: number): Shapes {
  const { sql } = storage;
  return storage.transactionSync(() => {
    // Indexes keep their names when their table gets another, and the new tables need the same.
    for (const { name } of sql
      .exec("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
      .toArray())
      sql.exec(`DROP INDEX ${name}`);
    for (const table of storedTables(sql)) sql.exec(`ALTER TABLE ${table} RENAME TO ${ASIDE}${table}`);
    migrate(
      storage,
      FLEET_MIGRATIONS.filter(({ version }) => version <= migrations),
    );
    const made = storedTables(sql).filter((table) => !table.startsWith(ASIDE) && isInBackup(table));
    return new Map(made.map((table) => [table, shapeOf(sql, table)]));
  });
}

/** What is wrong with the row, if it cannot be stored. */
export function insertRow(sql: SqlStorage, shapes: Shapes, { table, row }: BackupRow): string | undefined {
  const shape = shapes.get(table);
  if (shape === undefined) return `A backup of its version has no table ${JSON.stringify(table)}.`;
  const unknown = Object.keys(row).find((column) => !shape.columns.has(column));
  if (unknown !== undefined) return `The table ${table} has no column ${JSON.stringify(unknown)}.`;
  const wrong = [...shape.columns].find(([name, column]) => !fits(column, row[name]));
  if (wrong !== undefined) return `The column ${wrong[0]} of a row of ${table} is missing or of another type.`;
  try {
    sql.exec(shape.statement, ...[...shape.columns.keys()].map((name) => row[name] ?? null));
    return undefined;
  } catch (error) {
    // Two rows with one key, a revision without its parent. Anything else is not the row's fault.
    if (!String(error).includes("SQLITE_CONSTRAINT")) throw error;
    return `A row of ${table} does not go with the others.`;
  }
}

export type Completion = {
  /** What is wrong with the whole, looked at when it is up to date. */
  readonly flaw: (sql: SqlStorage) => string | undefined;
  /** For the outbox of what was restored, so that there is no moment without one. */
  readonly carriers: (sql: SqlStorage) => readonly CarrierName[];
};

/** Answers the flaw when there is one; the restore is then still to be abandoned. Otherwise it is done. */
export function completeRestore(storage: DurableObjectStorage, { flaw, carriers }: Completion): string | undefined {
  const { sql } = storage;
  return storage.transactionSync(() => {
    migrate(storage, FLEET_MIGRATIONS);
    dropOrphans(sql);
    const found = flaw(sql);
    if (found !== undefined) return found;
    addCarriers(sql, carriers(sql));
    for (const table of asideTables(sql)) sql.exec(`DROP TABLE ${ASIDE}${table}`);
    return undefined;
  });
}

/**
 * Puts back what a restore has set aside; without effect when there is none under way. To be called at every start,
 * before the migrations: it leaves the storage as it was, which may be that of an older release.
 */
export function abandonRestore(storage: DurableObjectStorage): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    const aside = asideTables(sql);
    if (aside.length === 0) return;
    for (const table of storedTables(sql)) if (!table.startsWith(ASIDE)) sql.exec(`DROP TABLE ${table}`);
    const done = new Set(
      sql
        .exec(`SELECT version FROM ${ASIDE}migrations`)
        .toArray()
        .map(({ version }) => version),
    );
    migrate(
      storage,
      FLEET_MIGRATIONS.filter(({ version }) => done.has(version)),
    );
    for (const table of aside) {
      if (table !== "migrations") sql.exec(`INSERT INTO ${table} SELECT * FROM ${ASIDE}${table}`);
      sql.exec(`DROP TABLE ${ASIDE}${table}`);
    }
  });
}

/** By the names that they had. */
function asideTables(sql: SqlStorage): readonly string[] {
  return storedTables(sql).flatMap((table) => (table.startsWith(ASIDE) ? [table.slice(ASIDE.length)] : []));
}

function shapeOf(sql: SqlStorage, table: string): Shape {
  const columns = new Map(
    sql
      .exec(`PRAGMA table_info(${table})`)
      .toArray()
      .map(({ name, type, notnull, pk }) => [
        String(name),
        { type: String(type), nullable: notnull === 0 && pk === 0 },
      ]),
  );
  const names = [...columns.keys()];
  const statement = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
  return { columns, statement };
}

/** SQLite itself would take any value in any column. */
function fits({ type, nullable }: Column, value: SqlStorageValue | undefined): boolean {
  if (value === null) return nullable;
  switch (type) {
    case "INTEGER":
      return typeof value === "number";
    case "TEXT":
      return typeof value === "string";
    case "BLOB":
      return value instanceof ArrayBuffer;
    default:
      return false;
  }
}
