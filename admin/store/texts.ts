/**
 * Long texts in SQLite: cut into parts, because a row holds 2 MB at most, and kept under a name. Where the name
 * is the digest, a revision that changes no document stores no document.
 */
import { invariant } from "../../config/invariant.ts";

/** UTF-16 units of one part; a unit is at most 3 bytes of UTF-8, which keeps a row under 1.5 MB. */
const PART_LENGTH = 500_000;

/** Has no effect when there is a text of that name already. To be called inside a transaction. */
export function saveText(sql: SqlStorage, name: string, text: string): void {
  if (hasText(sql, name)) return;
  for (const [part, piece] of cut(text).entries())
    sql.exec("INSERT INTO texts (name, part, text) VALUES (?, ?, ?)", name, part, piece);
}

/** Puts `text` in the place of whatever is kept under that name. To be called inside a transaction. */
export function replaceText(sql: SqlStorage, name: string, text: string): void {
  sql.exec("DELETE FROM texts WHERE name = ?", name);
  saveText(sql, name, text);
}

export function loadText(sql: SqlStorage, name: string): string | undefined {
  const rows = sql.exec("SELECT text FROM texts WHERE name = ? ORDER BY part", name).toArray();
  if (rows.length === 0) return undefined;
  return rows
    .map(({ text }) => {
      invariant(typeof text === "string", "a part of a text is text");
      return text;
    })
    .join("");
}

function hasText(sql: SqlStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM texts WHERE name = ? LIMIT 1", name).toArray().length > 0;
}

/** Never inside a surrogate pair: SQLite stores UTF-8, where half of a pair would be lost. */
function cut(text: string): readonly string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length || start === 0; ) {
    const wanted = start + PART_LENGTH;
    const last = text.charCodeAt(wanted - 1);
    const end = last >= 0xd800 && last <= 0xdbff ? wanted - 1 : wanted;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}
