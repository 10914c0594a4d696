/** What the bench and the processes it starts say to each other over IPC. Both sides parse what they receive. */
import * as z from "zod/mini";

/** From the origin, once it listens. */
export const OriginReady = z.strictObject({ port: z.int() });
export type OriginReady = z.infer<typeof OriginReady>;

/**
 * The origin's one answer, about 500 bytes: a small API answer. The nonce is that of the run, so that an answer with
 * this body can only have come from this run's origin.
 */
export function originBody(nonce: string): string {
  const items = Array.from({ length: 6 }, (_, id) => ({
    id,
    name: `item number ${id}`,
    price: 1_999,
    currency: "EUR",
  }));
  return JSON.stringify({ nonce, page: 1, pages: 12, items });
}

/** To the load generator: so many requests, or as many as go into so many seconds. It answers each order with one result. */
export const LoadOrder = z.strictObject({
  url: z.string(),
  connections: z.int(),
  load: z.union([z.strictObject({ requests: z.int() }), z.strictObject({ seconds: z.int() })]),
  expectedBody: z.string(),
});
export type LoadOrder = z.infer<typeof LoadOrder>;

export const LoadResult = z.strictObject({
  /** Answers with status 200 to 299 and the expected body. */
  good: z.int(),
  /** Everything else that happened instead of a good answer. */
  bad: z.int(),
  durationMs: z.number(),
  latencyMsP50: z.number(),
});
export type LoadResult = z.infer<typeof LoadResult>;

/** To the Worker that takes in one revision: what was signed, signature and raw public key in base64. */
export const SignedPayload = z.strictObject({ payload: z.string(), signature: z.string(), publicKey: z.string() });
export type SignedPayload = z.infer<typeof SignedPayload>;
