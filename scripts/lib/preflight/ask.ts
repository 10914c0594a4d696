/** Asks the control plane for a preflight: one request, and what came of it as a value. */
import * as z from "zod/mini";

export type PreflightQuestion = {
  /** Without a slash at its end. */
  readonly admin: string;
  readonly token: string;
  readonly body: {
    readonly documents: readonly unknown[];
    readonly services?: readonly string[];
    readonly clusters?: readonly string[];
  };
};

const Finding = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  path: z.string(),
  document: z.exactOptional(z.string()),
  sentence: z.string(),
  fix: z.string(),
  clusters: z.exactOptional(z.array(z.string())),
  regions: z.exactOptional(z.array(z.string())),
});

/** Fields that a newer control plane adds are let go. */
export const PreflightAnswer = z.object({
  ok: z.boolean(),
  findings: z.array(Finding),
  summary: z.object({
    ...{ errors: z.int(), warnings: z.int(), leftOut: z.int() },
    ...{ services: z.int(), clusters: z.int(), complete: z.boolean() },
  }),
});
export type PreflightAnswer = z.infer<typeof PreflightAnswer>;
export type AnsweredFinding = PreflightAnswer["findings"][number];

const Problem = z.looseObject({
  title: z.string(),
  detail: z.string(),
  errors: z.exactOptional(z.array(z.looseObject({ detail: z.string(), didYouMean: z.exactOptional(z.string()) }))),
});

export type PreflightAnswered =
  | { readonly kind: "report"; readonly report: PreflightAnswer }
  /** The question was wrong, or is not this token's to ask. */
  | { readonly kind: "refused"; readonly status: number; readonly because: string }
  | { readonly kind: "unreachable"; readonly because: string };

export type Ask = (question: PreflightQuestion) => Promise<PreflightAnswered>;

/** The largest fleet takes a few seconds to send and to look at. */
const ANSWER_MS_MAX = 60_000;

export const askPreflight: Ask = async ({ admin, token, body }) => {
  try {
    const response = await fetch(`${admin}/v1/preflight`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...{ "content-type": "application/json", accept: "application/json" },
      },
      body: JSON.stringify(body),
      // Whoever redirects a request with a token is not who was asked.
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const answer: unknown = await response.json().catch(() => undefined);
    return answered(response.status, answer);
  } catch (cause) {
    return { kind: "unreachable", because: reasonOf(cause) };
  }
};

export function answered(status: number, answer: unknown): PreflightAnswered {
  const report = status === 200 ? PreflightAnswer.safeParse(answer) : undefined;
  if (report?.success === true) return { kind: "report", report: report.data };
  const problem = Problem.safeParse(answer);
  const because = problem.success ? sentencesOf(problem.data) : "it does not answer like a control plane";
  if (problem.success && status >= 400 && status < 500) return { kind: "refused", status, because };
  return { kind: "unreachable", because: `${because} (status ${status})` };
}

function sentencesOf({ title, detail, errors = [] }: z.infer<typeof Problem>): string {
  const items = errors.map((error) =>
    error.didYouMean === undefined ? error.detail : `${error.detail} Did you mean "${error.didYouMean}"?`,
  );
  return [`${title}: ${detail}`, ...items].join(" ");
}

/** `fetch` hides why it failed in the cause. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the request failed";
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
