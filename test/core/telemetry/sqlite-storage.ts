/**
 * The storage of a Durable Object as far as the stores of telemetry use it, on the SQLite of Node: the same statements on
 * a real database, without a workerd, so that a simulation can crash it a thousand times. The real objects are tested in
 * `test/workerd/admin/telemetry.test.ts`.
 */
import { DatabaseSync } from "node:sqlite";
import { type Migration, migrate } from "../../../admin/store/migrations.ts";

export type TestStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

export function openStorage(migrations: readonly Migration[]): TestStorage {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const exec = (query: string, ...bindings: (string | number)[]) => {
    const statement = prepared.get(query) ?? database.prepare(query);
    prepared.set(query, statement);
    const rows = statement.all(...bindings);
    return { toArray: () => rows };
  };
  const storage = {
    sql: { exec },
    transactionSync: <T>(work: () => T): T => {
      database.exec("BEGIN");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  } as unknown as TestStorage; // these are all that the stores call of it
  migrate(storage as DurableObjectStorage, migrations);
  return storage;
}
