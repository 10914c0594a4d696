/**
 * The SQLite schemas of the objects as numbered steps. A step that has run anywhere is never edited: a new one is added.
 * All missing steps run in one transaction when an object starts, so there is no half-migrated store.
 */

export type Migration = { readonly version: number; readonly statements: readonly string[] };

/** Long texts by name or digest, in parts because a row holds 2 MB at most. */
const TEXTS_TABLE =
  "CREATE TABLE texts (name TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (name, part))";

export const FLEET_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      TEXTS_TABLE,
      // Linear history: the newest row is the target, and its parent was the target when it was written.
      `CREATE TABLE revisions (
        revision INTEGER PRIMARY KEY,
        parent INTEGER NOT NULL UNIQUE,
        digest TEXT NOT NULL,
        documents_digest TEXT NOT NULL,
        overlays_digest TEXT NOT NULL,
        kind TEXT NOT NULL,
        author TEXT NOT NULL,
        reason TEXT,
        ticket TEXT,
        created_at_ms INTEGER NOT NULL,
        CHECK (revision = parent + 1)
      )`,
      // The outbox: how far each carrier of the snapshot has got. Behind the target means there is work to do.
      `CREATE TABLE carriers (
        name TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        written_at_ms INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        retry_at_ms INTEGER NOT NULL,
        error TEXT
      )`,
    ],
  },
  {
    version: 2,
    // Of what the carrier holds; absent in rows from before, which are then written once more.
    statements: ["ALTER TABLE carriers ADD COLUMN digest TEXT"],
  },
  {
    version: 3,
    statements: [
      // Who may see decisions at the edge, and why. The tokens themselves are not kept.
      `CREATE TABLE debug_tokens (
        number INTEGER PRIMARY KEY,
        token_id TEXT NOT NULL UNIQUE,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        ticket TEXT,
        host TEXT,
        issued_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL
      )`,
    ],
  },
];

export const BEACON_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      TEXTS_TABLE,
      // One row: what this beacon tells the edges.
      `CREATE TABLE beacon (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL,
        health TEXT NOT NULL
      )`,
    ],
  },
  { version: 2, statements: ["ALTER TABLE beacon ADD COLUMN snapshot_digest TEXT"] },
];

export const PROBER_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      TEXTS_TABLE,
      `CREATE TABLE prober (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        sequence INTEGER NOT NULL
      )`,
      // Written when a state changes, not at each probe.
      `CREATE TABLE health (
        cluster TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        since_ms INTEGER NOT NULL,
        recovered_at_ms INTEGER
      )`,
    ],
  },
];

export function migrate(storage: DurableObjectStorage, migrations: readonly Migration[]): void {
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)");
    const done = new Set(
      storage.sql
        .exec("SELECT version FROM migrations")
        .toArray()
        .map((row) => row.version),
    );
    for (const { version, statements } of migrations.filter((migration) => !done.has(migration.version))) {
      for (const statement of statements) storage.sql.exec(statement);
      storage.sql.exec("INSERT INTO migrations (version) VALUES (?)", version);
    }
  });
}
