/**
 * Every error that the admin API answers, in one table: the code is public and stable, the status follows from it, and
 * `type` is made of it (RFC 9457). `detail` and `errors` are filled in by whoever says no.
 */

type ProblemEntry = { readonly status: number; readonly title: string };

export const ADMIN_PROBLEMS = {
  unauthenticated: { status: 401, title: "A valid bearer token is needed" },
  signatureInvalid: { status: 401, title: "The signature of that cluster is needed" },
  forbidden: { status: 403, title: "This is not yours to do" },
  notFound: { status: 404, title: "There is nothing at this address" },
  regionUnknown: { status: 404, title: "The fleet has no such region" },
  clusterUnknown: { status: 404, title: "The fleet has no such cluster" },
  revisionUnknown: { status: 404, title: "There is no such revision" },
  flagUnknown: { status: 404, title: "The fleet has no such flag" },
  freezeUnknown: { status: 404, title: "There is no such freeze" },
  overrideUnknown: { status: 404, title: "There is no such override" },
  secretUnknown: { status: 404, title: "No cluster is declared to have such a secret" },
  approvalUnknown: { status: 404, title: "There is no such approval" },
  incidentUnknown: { status: 404, title: "There is no such incident" },
  alertUnknown: { status: 404, title: "There is no such alert" },
  webhookUnknown: { status: 404, title: "The fleet has no such webhook" },
  deliveryUnknown: { status: 404, title: "There is no such delivery" },
  auditUnknown: { status: 404, title: "The audit log has no such entry" },
  methodNotAllowed: { status: 405, title: "This address does not take that method" },
  contentTypeUnsupported: {
    status: 415,
    title: "The body is not of the type that this address reads, or it is encoded",
  },
  bodyTooLarge: { status: 413, title: "The body is too large" },
  bodyTimeout: { status: 408, title: "The body took too long to arrive" },
  bodyMalformed: { status: 400, title: "The body is not JSON as it is accepted here" },
  parameterInvalid: { status: 400, title: "A parameter is not what it should be" },
  bodyInvalid: { status: 422, title: "The body does not have the right shape" },
  documentsInvalid: { status: 422, title: "The documents do not make a sound fleet" },
  weightsInvalid: { status: 422, title: "The weights cannot be set like that" },
  drainInvalid: { status: 422, title: "The drain cannot be set like that" },
  expiryInvalid: { status: 422, title: "It cannot end at that time" },
  clearInvalid: { status: 422, title: "These overlays cannot be cleared" },
  freezeInvalid: { status: 422, title: "The freeze cannot be set like that" },
  overrideInvalid: { status: 422, title: "The override cannot be set like that" },
  secretInvalid: { status: 422, title: "The secret cannot be rotated like that" },
  webhookSecretInvalid: { status: 422, title: "The secret cannot be used for that webhook" },
  statusInvalid: { status: 422, title: "The status is not one of this cluster" },
  preflightInvalid: { status: 422, title: "The preflight cannot be asked for like that" },
  restoreInvalid: { status: 422, title: "The revision cannot be restored like that" },
  backupInvalid: { status: 422, title: "The backup cannot be restored" },
  ruleDenied: { status: 409, title: "A safety rule refuses the change" },
  managedByOther: { status: 409, title: "Somebody else manages what would change" },
  planStale: { status: 409, title: "The plan no longer holds" },
  approvalClosed: { status: 409, title: "The approval is no longer open" },
  approvalOwn: { status: 403, title: "A second person has to approve" },
  statusReplayed: { status: 409, title: "The status is not newer than the last" },
  incidentClosed: { status: 409, title: "The incident is closed already" },
  environmentNotEmpty: { status: 409, title: "The environment is not empty" },
  idempotencyRunning: { status: 409, title: "The same request is still being worked on" },
  idempotencyMismatch: { status: 422, title: "The idempotency key belongs to another request" },
  preconditionFailed: { status: 412, title: "The fleet is no longer what you think it is" },
  rateLimited: { status: 429, title: "You ask more often than this Worker answers" },
  preconditionRequired: { status: 428, title: "Say which state the change is based on" },
  internal: { status: 500, title: "Something went wrong on our side" },
  unavailable: { status: 503, title: "The control plane cannot answer right now" },
} as const satisfies Record<string, ProblemEntry>;

export type AdminProblemCode = keyof typeof ADMIN_PROBLEMS;

/** One thing that is wrong in what was sent. `pointer` is RFC 6901 into the body, or names a parameter. */
export type AdminProblemItem = {
  readonly pointer: string;
  readonly detail: string;
  readonly code: string;
  readonly didYouMean?: string;
};

/** A "no" as a value: what cores and objects hand to the route that turns it into an answer. */
export type AdminRefusal = {
  readonly code: AdminProblemCode;
  readonly detail: string;
  readonly errors?: readonly AdminProblemItem[];
  /** The current ETag, for a stale precondition. */
  readonly etag?: string;
  /** When the same request may be answered otherwise, for a wait that ends. */
  readonly retryAfterMs?: number;
  /** What else a program needs to act on this "no": the verdicts of the rules, the diff since, who made it. */
  readonly more?: Readonly<Record<string, unknown>>;
};

/** The body of every error answer, `application/problem+json`. */
export type AdminProblem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: AdminProblemCode;
  readonly detail: string;
  /** The id of the request, as in the `x-request-id` header of the answer. */
  readonly instance: string;
  readonly errors?: readonly AdminProblemItem[];
} & Readonly<Record<string, unknown>>;

export function adminProblem(refusal: AdminRefusal, requestId: string): AdminProblem {
  const { status, title } = ADMIN_PROBLEMS[refusal.code];
  return {
    type: `/problems/${refusal.code}`,
    title,
    status,
    code: refusal.code,
    detail: refusal.detail,
    instance: requestId,
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
    ...refusal.more,
  };
}
