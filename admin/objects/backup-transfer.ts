/**
 * Backups out of and into the fleet object, as streams of lines that are never held as a whole. While one comes in, the
 * object is neither what it was nor what it will be, so it answers nobody (`check`). Into an empty environment only, and
 * only one of the same name: digests and the leaves of the audit log say which environment they are of.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { VERSION } from "../../config/release-version.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { logEvent } from "../log.ts";
import { lastLeaf } from "../store/audit.ts";
import { type BackupPage, readBackup } from "../store/backup.ts";
import { BACKUP_FORMAT, type BackupHeader, endLine, headerLine, parseHeader } from "../store/backup-format.ts";
import { loadTarget, type ReadOptions } from "../store/fleet-store.ts";
import { FLEET_MIGRATIONS, migrate } from "../store/migrations.ts";
import { abandonRestore, beginRestore, completeRestore, NEWEST_MIGRATION, occupiedBy } from "../store/restore.ts";
import { findFlaw } from "../store/restored-flaw.ts";
import { targetRevision } from "../store/revisions.ts";
import { BackupIntake } from "./backup-intake.ts";
import { type BackupLine, BackupRefusedError, linesOf, refusedBackup } from "./backup-lines.ts";
import { carriersOf } from "./publisher.ts";
import { RunningDigest } from "./running-digest.ts";

export type BackupTransferOptions = {
  readonly storage: DurableObjectStorage;
  readonly read: ReadOptions;
  /** Forgets what the object has in memory. Called in the very turn in which the restore is done. */
  readonly restored: () => void;
};

export type Restored = {
  /** The target now. */
  readonly revision: number;
  readonly rows: number;
  /** Of the file, as in its last line. */
  readonly digest: string;
  readonly exportedAtMs: number;
  /** Leaves of refused requests that the environment had before; the log that was restored takes their place. */
  readonly leavesReplaced: number;
};

export class BackupTransfer {
  readonly #options: BackupTransferOptions;
  #restoring: boolean = false;
  /** How many restores were begun: a backup that is being read is of what was there before. */
  #restores = 0;

  /** Puts right what a restore that died half way left behind; so this comes before the migrations. */
  constructor(options: BackupTransferOptions) {
    this.#options = options;
    abandonRestore(options.storage);
  }

  /** To be called first by every method that answers anybody, and by the alarm. */
  check(): void {
    // `retryable` is what the platform's own errors have that mean "in a moment"; it crosses RPC.
    if (this.#restoring) throw Object.assign(new Error("a backup is being restored"), { retryable: true });
  }

  /** The state of this moment, whatever happens while it is read. */
  export(nowMs: number): ReadableStream<Uint8Array> {
    this.check();
    const { storage, read } = this.#options;
    const header: BackupHeader = {
      ...{ format: BACKUP_FORMAT, version: VERSION, environment: read.environment, migrations: NEWEST_MIGRATION },
      ...{ exportedAtMs: nowMs, revision: targetRevision(storage.sql)?.revision ?? 0 },
    };
    const pieces = piecesOf(header, readBackup(storage.sql));
    const restores = this.#restores;
    return streamOf(async () => {
      if (restores !== this.#restores) throw new Error("a backup was restored before this one was read");
      return pieces.next();
    });
  }

  /** All of the backup, or nothing and the reason. The body is read to its end, or cancelled. */
  async restore(body: ReadableStream<Uint8Array>, nowMs: number): Promise<Result<Restored, AdminRefusal>> {
    const lines = linesOf(body);
    try {
      return ok(await this.#restore(lines, nowMs));
    } catch (error) {
      if (error instanceof BackupRefusedError) return err(error.refusal);
      throw error;
    } finally {
      await lines.return(undefined);
    }
  }

  async #restore(lines: AsyncGenerator<readonly BackupLine[]>, nowMs: number): Promise<Restored> {
    const { header, line, others } = await openingOf(lines);
    const { intake, leavesReplaced } = this.#begin(header);
    try {
      await intake.takeHeader(line);
      await intake.take(others);
      for await (const more of lines) await intake.take(more);
      const { rows, digest } = await intake.end();
      this.#complete(header, nowMs);
      const { revision, exportedAtMs } = header;
      logEvent("backup.restored", { revision, rows, digest });
      return { revision, rows, digest, exportedAtMs, leavesReplaced };
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  /** In one turn, so that the environment is still empty when its tables are set aside. */
  #begin(header: BackupHeader): { readonly intake: BackupIntake; readonly leavesReplaced: number } {
    const { sql } = this.#options.storage;
    const refusal = this.#refusalOf(header);
    if (refusal !== undefined) throw new BackupRefusedError(refusal);
    const leavesReplaced = (lastLeaf(sql)?.index ?? -1) + 1;
    const shapes = beginRestore(this.#options.storage, header.migrations);
    this.#restoring = true;
    this.#restores += 1;
    return { intake: new BackupIntake(sql, shapes), leavesReplaced };
  }

  #refusalOf({ environment, migrations, version }: BackupHeader): AdminRefusal | undefined {
    const { storage, read } = this.#options;
    if (this.#restoring) return { code: "unavailable", detail: "Another backup is being restored." };
    if (environment !== read.environment)
      return {
        code: "backupInvalid",
        detail:
          `It is of the environment ${JSON.stringify(environment)} and this is ${JSON.stringify(read.environment)}: ` +
          "digests and the audit log say which one they are of, so it can only be restored into one of that name.",
      };
    if (migrations > NEWEST_MIGRATION)
      return {
        code: "backupInvalid",
        detail: `It was written by Fairlead ${version}, which is newer than this one (${VERSION}): deploy that first.`,
      };
    const occupied = occupiedBy(storage.sql);
    return occupied === undefined
      ? undefined
      : {
          code: "environmentNotEmpty",
          detail: `Something was done here already (${occupied}). A backup is restored into a new environment.`,
        };
  }

  #complete(header: BackupHeader, nowMs: number): void {
    const { storage, read, restored } = this.#options;
    const flaw = completeRestore(storage, {
      flaw: (sql) => findFlaw(sql, { header, read, nowMs }),
      carriers: (sql) => carriersOf(loadTarget(sql, read).state),
    });
    if (flaw !== undefined) throw refusedBackup(flaw);
    this.#restoring = false;
    restored();
  }

  /** When this fails too, the next start does it. */
  #abandon(): void {
    abandonRestore(this.#options.storage);
    migrate(this.#options.storage, FLEET_MIGRATIONS);
    this.#restoring = false;
  }
}

/** What the first lines say: the header, and the rows that came along with it. */
type Opening = { readonly header: BackupHeader; readonly line: BackupLine; readonly others: readonly BackupLine[] };

async function openingOf(lines: AsyncGenerator<readonly BackupLine[]>): Promise<Opening> {
  const first = await lines.next();
  const [line, ...others] = first.done === true ? [] : first.value;
  const header = line === undefined ? undefined : parseHeader(line.text);
  if (line === undefined || header === undefined)
    throw refusedBackup(`Its first line is not the header of a backup (${BACKUP_FORMAT}).`);
  return { header, line, others };
}

/** What is sent, with the digest over it at the end. */
async function* piecesOf(header: BackupHeader, pages: Iterable<BackupPage>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const digest = new RunningDigest();
  let rows = 0;
  const first = encoder.encode(headerLine(header));
  await digest.update([first]);
  yield first;
  for (const page of pages) {
    const bytes = encoder.encode(page.text);
    await digest.update([bytes]);
    rows += page.rows;
    yield bytes;
  }
  yield encoder.encode(endLine({ rows, digest: await digest.hex() }));
}

/** A piece is made when it is asked for. */
function streamOf(next: () => Promise<IteratorResult<Uint8Array>>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { done, value } = await next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}
