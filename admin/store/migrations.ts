/**
 * The SQLite schemas of the objects as numbered steps. A step that has run anywhere is never edited: a new one is added.
 * All missing steps run in one transaction when an object starts, so there is no half-migrated store.
 */

import { NUMBERED_TEXTS_TABLE } from "./numbered-texts.ts";

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
  {
    version: 4,
    statements: [
      // The audit log: canonical JSON as it was hashed, and its RFC 9162 leaf hash. Written once, never changed.
      `CREATE TABLE audit_leaves (
        leaf_index INTEGER PRIMARY KEY,
        text TEXT NOT NULL,
        hash BLOB NOT NULL
      )`,
      // The Merkle tree above the leaves, perfect subtrees only: they never change once they are complete.
      `CREATE TABLE audit_nodes (
        level INTEGER NOT NULL CHECK (level > 0),
        position INTEGER NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (level, position)
      ) WITHOUT ROWID`,
      `CREATE TABLE audit_checkpoints (
        size INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        note TEXT NOT NULL
      )`,
      // Every verifier key that ever signed a checkpoint, so that old ones can be verified after a change of keys.
      `CREATE TABLE audit_keys (
        verifier_key TEXT PRIMARY KEY,
        first_size INTEGER NOT NULL
      )`,
      // Who the salted hashes in the leaves are. To forget somebody is to clear everything here but the hash itself.
      `CREATE TABLE audit_subjects (
        subject TEXT PRIMARY KEY,
        name_key TEXT UNIQUE,
        name TEXT,
        salt BLOB
      )`,
    ],
  },
  {
    version: 5,
    statements: [
      // Whether documents, overlays and outcome are still kept; the row itself always is. Indexes go by those that are, so
      // that their cost does not grow with history.
      "ALTER TABLE revisions ADD COLUMN state_kept INTEGER NOT NULL DEFAULT 1",
      "CREATE INDEX revisions_kept ON revisions (created_at_ms) WHERE state_kept = 1",
      // For retention: whether a text is still somebody's.
      "CREATE INDEX revisions_documents ON revisions (documents_digest) WHERE state_kept = 1",
      "CREATE INDEX revisions_overlays ON revisions (overlays_digest) WHERE state_kept = 1",
      // For stale preconditions: which revision an ETag was of.
      "CREATE INDEX revisions_digest ON revisions (digest)",
      // Answers that may be asked for once more, for a day. The answer is a text, `answer/<number>`.
      `CREATE TABLE idempotency (
        number INTEGER PRIMARY KEY,
        principal TEXT NOT NULL,
        idempotency_key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        UNIQUE (principal, idempotency_key)
      )`,
      "CREATE INDEX idempotency_created ON idempotency (created_at_ms)",
      // Changes that wait for a second person, with the votes as JSON. What was asked for is a text, `approval/<id>`.
      `CREATE TABLE approvals (
        number INTEGER PRIMARY KEY,
        approval_id TEXT NOT NULL UNIQUE,
        author TEXT NOT NULL,
        action TEXT NOT NULL,
        resource TEXT NOT NULL,
        reason TEXT,
        ticket TEXT,
        because TEXT NOT NULL,
        plan_digest TEXT NOT NULL,
        base_revision INTEGER NOT NULL,
        required INTEGER NOT NULL,
        state TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        revision INTEGER,
        votes TEXT NOT NULL
      )`,
      "CREATE INDEX approvals_pending ON approvals (expires_at_ms) WHERE state = 'pending'",
      `CREATE TABLE incidents (
        number INTEGER PRIMARY KEY,
        incident_id TEXT NOT NULL UNIQUE,
        severity INTEGER NOT NULL,
        title TEXT NOT NULL,
        cause TEXT NOT NULL,
        reason TEXT NOT NULL,
        opened_by TEXT NOT NULL,
        opened_at_ms INTEGER NOT NULL,
        revision INTEGER,
        closed_by TEXT,
        closed_at_ms INTEGER,
        closing TEXT
      )`,
      "CREATE INDEX incidents_open ON incidents (severity, number) WHERE closed_at_ms IS NULL",
      // What the waits and sums of the safety rules go by. One row for all changes of a control within a minute that go
      // the same way, so that a control which is changed a hundred times a second is still read at once.
      `CREATE TABLE control_changes (
        control TEXT NOT NULL,
        minute INTEGER NOT NULL,
        direction TEXT NOT NULL,
        signs TEXT NOT NULL,
        deltas TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (control, minute, direction, signs)
      ) WITHOUT ROWID`,
      "CREATE INDEX control_changes_minute ON control_changes (minute)",
      // Deletes are soft: where a document was last to be found.
      `CREATE TABLE deleted_documents (
        number INTEGER PRIMARY KEY,
        document TEXT NOT NULL UNIQUE,
        last_revision INTEGER NOT NULL,
        deleted_by TEXT NOT NULL,
        deleted_at_ms INTEGER NOT NULL
      )`,
      // One row: what is served everywhere, and how long the target is still tried at one vantage.
      `CREATE TABLE publishing (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        released_revision INTEGER NOT NULL,
        vantage TEXT,
        held_revision INTEGER,
        held_since_ms INTEGER,
        held_until_ms INTEGER
      )`,
    ],
  },
  {
    version: 6,
    statements: [
      // There is a prober for each vantage now, `prober:<vantage>`; the one for all of them does nothing any more.
      "DELETE FROM carriers WHERE name = 'prober'",
    ],
  },
  {
    version: 7,
    statements: [
      // When webhooks were told of it. Nobody wants to hear of the old ones now.
      "ALTER TABLE incidents ADD COLUMN told_at_ms INTEGER",
      "UPDATE incidents SET told_at_ms = opened_at_ms",
      "CREATE INDEX incidents_untold ON incidents (number) WHERE told_at_ms IS NULL",
    ],
  },
  {
    version: 8,
    statements: [
      // One row: up to which revision dashboards have been told of changes, and when to try again.
      `CREATE TABLE annotation_progress (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        retry_at_ms INTEGER NOT NULL
      )`,
      // For the timeline, which goes by time and over kinds of things that have no numbers in common.
      "CREATE INDEX revisions_created ON revisions (created_at_ms, revision)",
      "CREATE INDEX incidents_opened ON incidents (opened_at_ms)",
      "CREATE INDEX incidents_closed ON incidents (closed_at_ms) WHERE closed_at_ms IS NOT NULL",
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
  {
    version: 2,
    statements: [
      // When it went down lately, as JSON: who flaps stays down for longer.
      "ALTER TABLE health ADD COLUMN downs TEXT NOT NULL DEFAULT '[]'",
      // Sequences go by the clock.
      "DROP TABLE prober",
    ],
  },
];

export const HEALTH_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      TEXTS_TABLE,
      // What each vantage said last; written when that changes, not at each heartbeat.
      `CREATE TABLE vantages (
        vantage TEXT PRIMARY KEY,
        sequence INTEGER NOT NULL,
        ran_in TEXT NOT NULL,
        judged TEXT
      )`,
      `CREATE TABLE seen (
        vantage TEXT NOT NULL,
        cluster TEXT NOT NULL,
        seen TEXT NOT NULL,
        PRIMARY KEY (vantage, cluster)
      ) WITHOUT ROWID`,
      // What was made of it. Ties and times depend on what was before.
      `CREATE TABLE judged (
        cluster TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        since_ms INTEGER NOT NULL,
        recovered_at_ms INTEGER,
        downs TEXT NOT NULL
      )`,
      // The history, newest last: each a JSON text, with what it is looked for by beside it.
      `CREATE TABLE transitions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        cluster TEXT,
        vantage TEXT,
        transition TEXT NOT NULL
      )`,
    ],
  },
  // Beside changes of health it holds what else people listen for.
  { version: 2, statements: ["ALTER TABLE transitions ADD COLUMN topic TEXT NOT NULL DEFAULT 'health'"] },
];

export const STATUS_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      TEXTS_TABLE,
      // The newest status of each cluster, as JSON; `vantage` is absent in those that were pushed.
      `CREATE TABLE statuses (
        cluster TEXT PRIMARY KEY,
        text TEXT NOT NULL,
        vantage TEXT,
        received_at_ms INTEGER NOT NULL,
        first_seen_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL
      )`,
      // What clusters reported before that, when it was something else.
      `CREATE TABLE status_history (
        number INTEGER PRIMARY KEY,
        cluster TEXT NOT NULL,
        text TEXT NOT NULL,
        from_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL
      )`,
      "CREATE INDEX status_history_cluster ON status_history (cluster, number)",
      // Since when each difference is there, and when an incident was opened for it.
      `CREATE TABLE drift (
        drift_key TEXT PRIMARY KEY,
        first_seen_ms INTEGER NOT NULL,
        incident_at_ms INTEGER
      )`,
      // Since when each version of a secret is in use. Names and version ids; nobody here ever sees a value.
      `CREATE TABLE secret_uses (
        service TEXT NOT NULL,
        secret TEXT NOT NULL,
        version TEXT NOT NULL,
        first_seen_ms INTEGER NOT NULL,
        PRIMARY KEY (service, secret, version)
      ) WITHOUT ROWID`,
    ],
  },
  {
    version: 2,
    statements: [
      // What differed once, from when to when, as it read when it was first seen; `clusters` as JSON.
      `CREATE TABLE drift_history (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        drift_key TEXT NOT NULL,
        sentence TEXT NOT NULL,
        service TEXT NOT NULL,
        clusters TEXT NOT NULL,
        first_seen_ms INTEGER NOT NULL,
        cleared_ms INTEGER
      )`,
      "CREATE INDEX drift_history_open ON drift_history (drift_key) WHERE cleared_ms IS NULL",
    ],
  },
];

/** Of a data centre, and of all together: windows, messages and accounts, all of them texts by number. */
export const TELEMETRY_MIGRATIONS: readonly Migration[] = [{ version: 1, statements: [NUMBERED_TEXTS_TABLE] }];

export const ALERT_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      TEXTS_TABLE,
      // Those that are pending or firing, as JSON. `incident`: one is to be opened (`due`), or was (`opened`).
      `CREATE TABLE alerts (
        alert_id TEXT PRIMARY KEY,
        alert TEXT NOT NULL,
        incident TEXT
      )`,
      // Those that are over, newest last.
      `CREATE TABLE alert_history (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        alert_id TEXT NOT NULL UNIQUE,
        ended_at_ms INTEGER NOT NULL,
        alert TEXT NOT NULL
      )`,
      // What is told, each once, as JSON; and to whom.
      `CREATE TABLE events (
        message_id TEXT PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        event TEXT NOT NULL
      ) WITHOUT ROWID`,
      `CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        delivery_id TEXT NOT NULL UNIQUE,
        message_id TEXT NOT NULL,
        webhook TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        created_at_ms INTEGER NOT NULL,
        due_at_ms INTEGER,
        ended_at_ms INTEGER,
        error TEXT
      )`,
      "CREATE INDEX deliveries_due ON deliveries (due_at_ms) WHERE due_at_ms IS NOT NULL",
      "CREATE INDEX deliveries_message ON deliveries (message_id)",
      // Values, which never leave this table but to sign. The older of two is good until its end.
      `CREATE TABLE webhook_secrets (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        secret TEXT NOT NULL,
        value TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        ends_at_ms INTEGER
      )`,
    ],
  },
  {
    version: 2,
    statements: [
      // What people were told of alerts, for the timeline, as JSON.
      `CREATE TABLE alert_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        event TEXT NOT NULL
      )`,
      "CREATE INDEX alert_events_time ON alert_events (at_ms, number)",
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
