/** A value as text, as JavaScript writes it, but without asking the value: what clients send may have a `toString` of its own. */
export function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (!Array.isArray(value)) return "[object Object]";
  return value.map((item) => (item === null || item === undefined ? "" : textOf(item))).join(",");
}
