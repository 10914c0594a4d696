/** Stores the rows of a backup as its lines come in, and holds the whole to what its last line says. */
import { type BackupEnd, endLine, isEndLine, parseRow } from "../store/backup-format.ts";
import { insertRow, type Shapes } from "../store/restore.ts";
import { type BackupLine, refusedBackup } from "./backup-lines.ts";
import { RunningDigest } from "./running-digest.ts";

export class BackupIntake {
  readonly #sql: SqlStorage;
  readonly #shapes: Shapes;
  readonly #digest = new RunningDigest();
  #rows = 0;
  #last: string | undefined;

  constructor(sql: SqlStorage, shapes: Shapes) {
    this.#sql = sql;
    this.#shapes = shapes;
  }

  /** The first line has been read by whoever began the restore. */
  async takeHeader({ bytes }: BackupLine): Promise<void> {
    await this.#digest.update([bytes]);
  }

  async take(lines: readonly BackupLine[]): Promise<void> {
    const before = lines.findIndex(({ text }) => isEndLine(text));
    const rows = before === -1 ? lines : lines.slice(0, before);
    for (const row of rows) this.#store(row);
    this.#rows += rows.length;
    await this.#digest.update(rows.map(({ bytes }) => bytes));
    if (before === -1) return;
    const [end, more] = lines.slice(before);
    if (more !== undefined) throw afterTheEnd(more);
    this.#last = end?.text;
  }

  /** Of all that was taken. Nothing may follow. */
  async end(): Promise<BackupEnd> {
    if (this.#last === undefined) throw refusedBackup("Its last line is missing: the backup was cut off.");
    const end = { rows: this.#rows, digest: await this.#digest.hex() };
    if (`${this.#last}\n` !== endLine(end)) throw refusedBackup("It is not what the digest in its last line is of.");
    return end;
  }

  #store(line: BackupLine): void {
    if (this.#last !== undefined) throw afterTheEnd(line);
    const row = parseRow(line.text);
    if (row === undefined) throw refusedBackup(`Line ${line.number} is not a row of a table.`);
    const flaw = insertRow(this.#sql, this.#shapes, row);
    if (flaw !== undefined) throw refusedBackup(`Line ${line.number}: ${flaw}`);
  }
}

function afterTheEnd({ number }: BackupLine): Error {
  return refusedBackup(`Line ${number} comes after the end.`);
}
