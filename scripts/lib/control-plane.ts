/** The admin API as the scripts here use it: a bearer token, JSON both ways, and an error that says what was wrong. */
import * as z from "zod/mini";

/** The control plane answers from memory and SQLite; longer than this it does not answer. */
const ANSWER_MS_MAX = 10_000;

const FleetAnswer = z.looseObject({ revision: z.int() });
const HealthAnswer = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.string(), state: z.string() })),
});
const ProblemAnswer = z.looseObject({ title: z.string(), detail: z.string() });

export type ControlPlane = {
  /** The newest revision; 0 before the first. */
  readonly revision: () => Promise<number>;
  /** The clusters that no probe has judged yet. */
  readonly unprobed: () => Promise<readonly string[]>;
  readonly putFleet: (documents: readonly unknown[], reason: string) => Promise<void>;
};

export function controlPlane({ admin, token }: { readonly admin: string; readonly token: string }): ControlPlane {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(admin + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : JSON_BODY) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${reasonOf(answer)}`);
    if (response.status === ACCEPTED)
      throw new Error(`${method} ${path}: waits for a second person (GET /v1/approvals), and was not done`);
    return answer;
  };
  return {
    revision: async () => FleetAnswer.parse(await ask("GET", "/v1/fleet")).revision,
    unprobed: async () => {
      const { clusters } = HealthAnswer.parse(await ask("GET", "/v1/health"));
      return clusters.filter(({ state }) => state === "unknown").map(({ cluster }) => cluster);
    },
    putFleet: async (documents, reason) => {
      await ask("PUT", "/v1/fleet", { documents, reason });
    },
  };
}

/** What is asked for waits for an approval. */
const ACCEPTED = 202;

const JSON_BODY = { "content-type": "application/json", "if-match": "*" };

function reasonOf(answer: unknown): string {
  const problem = ProblemAnswer.safeParse(answer);
  return problem.success ? `${problem.data.title}: ${problem.data.detail}` : "without a reason";
}
