/**
 * Texts by kind and number in SQLite, each in parts because a row holds 2 MB at most. Written in place: a text that is
 * kept up to date costs one row each time, as rows are paid for when they are written. Texts are ASCII, so that lengths
 * are bytes as well. Everything here is to be called inside a transaction.
 */

export const NUMBERED_TEXTS_TABLE = `CREATE TABLE numbered_texts (
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  part INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (kind, number, part)
) WITHOUT ROWID`;

const PART_LENGTH = 1_000_000;

export class NumberedTexts {
  readonly #sql: SqlStorage;
  readonly #kind: string;

  constructor(sql: SqlStorage, kind: string) {
    this.#sql = sql;
    this.#kind = kind;
  }

  /** In the place of what has this number. */
  save(number: number, text: string): void {
    const parts = Math.max(1, Math.ceil(text.length / PART_LENGTH));
    for (let part = 0; part < parts; part += 1) {
      this.#sql.exec(
        `INSERT INTO numbered_texts (kind, number, part, text) VALUES (?, ?, ?, ?)
          ON CONFLICT (kind, number, part) DO UPDATE SET text = excluded.text`,
        ...[this.#kind, number, part, text.slice(part * PART_LENGTH, (part + 1) * PART_LENGTH)],
      );
    }
    this.#sql.exec(
      "DELETE FROM numbered_texts WHERE kind = ? AND number = ? AND part >= ?",
      ...[this.#kind, number, parts],
    );
  }

  load(number: number): string | undefined {
    const parts = this.#sql
      .exec("SELECT text FROM numbered_texts WHERE kind = ? AND number = ? ORDER BY part", this.#kind, number)
      .toArray();
    return parts.length === 0 ? undefined : parts.map(({ text }) => String(text)).join("");
  }

  /** Those in [from, to), the lowest first; at most `limit`. */
  numbers(from: number, to: number, limit = Number.MAX_SAFE_INTEGER): readonly number[] {
    return this.#sql
      .exec(
        `SELECT number FROM numbered_texts WHERE kind = ? AND number >= ? AND number < ? AND part = 0
          ORDER BY number LIMIT ?`,
        ...[this.#kind, from, to, limit],
      )
      .toArray()
      .map(({ number }) => Number(number));
  }

  /** One step in the index. */
  lowest(): number | undefined {
    return this.#ending("min");
  }

  highest(): number | undefined {
    return this.#ending("max");
  }

  dropUpTo(number: number): void {
    this.#sql.exec("DELETE FROM numbered_texts WHERE kind = ? AND number <= ?", this.#kind, number);
  }

  #ending(which: "min" | "max"): number | undefined {
    const query = `SELECT ${which}(number) AS number FROM numbered_texts WHERE kind = ?`;
    const [row] = this.#sql.exec(query, this.#kind).toArray();
    return row === undefined || row.number === null ? undefined : Number(row.number);
  }
}
