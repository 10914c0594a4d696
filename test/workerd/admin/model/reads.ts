/**
 * Reads of the API, as often as a model is compared. They are not held to the contract, as they are everywhere else: that
 * takes longer than the reading itself.
 */
import { exports } from "cloudflare:workers";
import { TOKEN } from "../support.ts";

// The Worker's default export as it is served; typed by hand because the platform's types do not know our entry.
export const worker = (exports as unknown as { readonly default: Fetcher }).default;

// biome-ignore lint/suspicious/noExplicitAny: answers are read in many shapes; a field that is not there fails the comparison.
export async function read(path: string): Promise<any> {
  const response = await worker.fetch(`http://admin${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  if (response.status !== 200) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

export type Listed = {
  readonly revision: number;
  readonly parent: number;
  readonly kind: string;
  readonly author: string;
  readonly reason: string;
  readonly digest: string;
  readonly documentsDigest: string;
};

export type SeenLeaf = {
  readonly index: number;
  readonly leaf: {
    readonly request: string;
    readonly action: string;
    readonly outcome: string;
    readonly problem?: string;
    readonly before?: { readonly revision: number };
    readonly after?: { readonly revision: number };
  };
};

/** Oldest first, as all lists here. */
export const listRevisions = () => listAll<Listed>("/v1/revisions", "revisions");
export const listAudit = () => listAll<SeenLeaf>("/v1/audit", "entries");

export async function newestAudit(): Promise<SeenLeaf | undefined> {
  const { entries } = await read("/v1/audit?limit=1");
  return entries[0];
}

async function listAll<T>(path: string, name: string): Promise<readonly T[]> {
  const found: T[] = [];
  let page = await read(`${path}?limit=200`);
  found.push(...page[name]);
  while (page.nextCursor !== undefined) {
    page = await read(`${path}?limit=200&cursor=${page.nextCursor}`);
    found.push(...page[name]);
  }
  return found.toReversed();
}
