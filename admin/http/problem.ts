/** Every "no" of the API leaves through here, as `application/problem+json` (RFC 9457). */
import { HTTPException } from "hono/http-exception";
import {
  ADMIN_PROBLEMS,
  type AdminProblemCode,
  type AdminProblemItem,
  type AdminRefusal,
  adminProblem,
} from "../../config/admin-problems.ts";
import { errorText, logEvent } from "../log.ts";
import type { AppContext } from "./context.ts";

/** Thrown where there is no way to answer with a value: inside middleware and validators. Mapped by `onError`. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly refusal: AdminRefusal;

  constructor(refusal: AdminRefusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export function refused(code: AdminProblemCode, detail: string, errors?: readonly AdminProblemItem[]): RefusedError {
  return new RefusedError({ code, detail, ...(errors === undefined ? {} : { errors }) });
}

export function refuse(c: AppContext, refusal: AdminRefusal, headers: Readonly<Record<string, string>> = {}): Response {
  const problem = adminProblem(refusal, c.get("requestId"));
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      ...(refusal.etag === undefined ? {} : { etag: refusal.etag }),
      ...(refusal.retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(refusal.retryAfterMs / 1_000)) }),
      ...headers,
    },
  });
}

/** The last stop of whatever was thrown. What nobody foresaw is told to the log, and to the caller only by its id. */
export function onError(error: Error, c: AppContext): Response {
  if (error instanceof RefusedError) return refuse(c, error.refusal);
  if (error instanceof HTTPException) return refuse(c, fromFramework(error));
  logEvent("request.failed", { requestId: c.get("requestId"), error: errorText(error) });
  // Durable Objects mark what is worth another try; `overloaded` is not, but it is no bug of ours either.
  const { retryable, overloaded } = error as Error & { readonly retryable?: boolean; readonly overloaded?: boolean };
  if (retryable === true || overloaded === true)
    return refuse(c, { code: "unavailable", detail: "Try again in a moment." }, { "retry-after": "1" });
  return refuse(c, { code: "internal", detail: "The log has more under the request id in `instance`." });
}

/** Hono and its validators throw their own; our middleware comes first, so few of these are ever seen. */
function fromFramework({ status }: HTTPException): AdminRefusal {
  const code = FRAMEWORK_CODES.find((candidate) => ADMIN_PROBLEMS[candidate].status === status) ?? "internal";
  return { code, detail: ADMIN_PROBLEMS[code].title };
}

const FRAMEWORK_CODES = [
  "bodyMalformed",
  "contentTypeUnsupported",
  "bodyTooLarge",
  "notFound",
] as const satisfies readonly AdminProblemCode[];
