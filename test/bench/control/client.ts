/** The API of the control plane as the bench uses it: every answer is either what was asked for, or ends the bench. */
import * as z from "zod/mini";

/** A commit waits for its publication, which takes seconds when a carrier does not answer. */
const ANSWER_MS_MAX = 30_000;

const Done = z.looseObject({ revision: z.int(), changed: z.boolean(), published: z.boolean() });
export type Done = z.infer<typeof Done>;

const Newest = z.looseObject({ revisions: z.tuple([z.looseObject({ revision: z.int() })]) });

export type AdminClient = {
  readonly change: (method: "PUT" | "PATCH" | "POST", path: string, body: unknown) => Promise<Done>;
  /** Newest. */
  readonly revision: () => Promise<number>;
};

export function adminClient(url: string, token: string): AdminClient {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json", "if-match": "*" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 2_000)}`);
    return JSON.parse(text);
  };
  return {
    change: async (method, path, body) => Done.parse(await ask(method, path, body)),
    revision: async () => Newest.parse(await ask("GET", "/v1/revisions?limit=1")).revisions[0].revision,
  };
}
