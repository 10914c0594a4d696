/** One page of a list that is newest first and numbered: what was asked for, and where to go on. */
import type { z } from "@hono/zod-openapi";
import { LIMIT_DEFAULT, type PageQuery } from "./schemas.ts";

type Numbered = { readonly number: number };

export type Page<T> = {
  /** Without the numbers, which only cursors are made of. */
  readonly items: readonly Omit<T, "number">[];
  /** Goes into the answer as it is; empty on the last page. */
  readonly next: { readonly nextCursor?: string };
  readonly headers: Readonly<Record<string, string>>;
};

/** `path` may have a query of its own. `list` answers up to `limit` items with a number below `before`, newest first. */
export async function readPage<T extends Numbered>(
  path: string,
  { cursor, limit = LIMIT_DEFAULT }: z.output<typeof PageQuery>,
  list: (before: number, limit: number) => Promise<readonly T[]>,
): Promise<Page<T>> {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  // One more than asked for says whether there is a next page.
  const found = await list(before, limit + 1);
  const page = found.slice(0, limit);
  const items = page.map(({ number: _, ...item }) => item);
  const last = page.at(-1)?.number;
  if (found.length <= limit || last === undefined) return { items, next: {}, headers: {} };
  const link = `<${path}${path.includes("?") ? "&" : "?"}cursor=${last}&limit=${limit}>; rel="next"`;
  return { items, next: { nextCursor: String(last) }, headers: { link } };
}
