/**
 * Taking in one revision as an edge does: signature, then JSON and schema, then indexes, each timed by itself. Runs in
 * Node and in workerd alike.
 */
import * as z from "zod/mini";
import { invariant } from "../../config/invariant.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { loadSnapshot } from "../../worker/routing/loaded-snapshot.ts";
import type { SignedPayload } from "./protocol.ts";
import { verifySignature } from "./signing.ts";

// Workers may not make code from text, so there zod walks its schemas; without this, Node would measure a faster way.
z.config({ jitless: true });

export type TakeInTimes = { readonly verifyMs: number; readonly parseMs: number; readonly loadMs: number };

export async function takeIn(signed: SignedPayload): Promise<TakeInTimes> {
  const startedAt = performance.now();
  const genuine = await verifySignature(signed);
  const verifiedAt = performance.now();
  const parsed = parseSnapshot(signed.payload);
  const parsedAt = performance.now();
  invariant(genuine && parsed.ok, "the bench's own snapshot is genuine and well-formed");
  const loaded = loadSnapshot(parsed.value);
  const loadedAt = performance.now();
  invariant(loaded.revision === parsed.value.revision, "what is loaded is what was parsed");
  return { verifyMs: verifiedAt - startedAt, parseMs: parsedAt - verifiedAt, loadMs: loadedAt - parsedAt };
}
