/** `/v1/approvals`: changes that wait for a second person, and saying yes or no to them. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import { type App, type AppContext, askerOf } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { APPROVAL_KEPT_MS, APPROVAL_STATES } from "../store/approvals.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { AT_MS, DIGEST, REVISION } from "./examples.ts";
import { readPage } from "./pages.ts";
import { PLAN_EXAMPLE, PlanSchema } from "./plan-schema.ts";
import { jsonRequest, NoQuery, PageQuery, ReasonText } from "./schemas.ts";

const APPROVAL_ID = "approval-6b1d3f0e-5c2a-4a7e-9d58-0f1e2d3c4b5a";

const VoteSchema = z.object({
  voter: z.string(),
  verdict: z.enum(["approve", "reject"]),
  reason: z.string(),
  atMs: z.int(),
});

const ApprovalSchema = z
  .object({
    id: z.string(),
    author: z.string().openapi({ description: "Who asked for the change, and cannot approve it." }),
    action: z.string(),
    resource: z.string(),
    reason: z.string().optional(),
    ticket: z.string().optional(),
    because: z.array(z.string()).openapi({ description: "Why a second person is due." }),
    planDigest: z.string().openapi({ description: "The change is made only while its plan is this one." }),
    baseRevision: z.int().openapi({ description: "The target when it was asked for." }),
    required: z.int().openapi({ description: "How many people have to approve, beside the author." }),
    state: z.enum(APPROVAL_STATES),
    createdAtMs: z.int(),
    expiresAtMs: z.int(),
    revision: z.int().optional().openapi({ description: "What it became, once it is approved." }),
    votes: z.array(VoteSchema),
  })
  .openapi("Approval");

const PENDING: z.input<typeof ApprovalSchema> = {
  id: APPROVAL_ID,
  author: "ada",
  action: "fleet.apply",
  resource: "fleet",
  reason: "close a region",
  because: ["removal: 3 of 9 documents of kind Cluster would go"],
  planDigest: DIGEST,
  baseRevision: REVISION - 1,
  required: 1,
  state: "pending",
  createdAtMs: AT_MS,
  expiresAtMs: AT_MS + APPROVAL_KEPT_MS,
  votes: [],
};

const voted = (verdict: "approve" | "reject"): z.input<typeof ApprovalSchema> => ({
  ...PENDING,
  ...(verdict === "approve" ? { state: "approved", revision: REVISION } : { state: "rejected" }),
  votes: [{ voter: "grace", verdict, reason: "read the plan", atMs: AT_MS + 60_000 }],
});

const ReadAnswer = ApprovalSchema.extend({
  plan: PlanSchema.optional().openapi({ description: "What the change would do now, while it can still be decided." }),
}).openapi("ApprovalWithPlan");

const ListAnswer = z
  .object({
    approvals: z.array(ApprovalSchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("ApprovalList");

const params = z.object({ id: z.string().openapi({ description: "Its id.", example: APPROVAL_ID }) });

const listRoute = createRoute({
  method: "get",
  path: "/v1/approvals",
  operationId: "listApprovals",
  tags: ["approvals"],
  summary: "List approvals",
  description: "Changes that wait for a second person or did, newest first.",
  request: { query: PageQuery },
  responses: answers(ListAnswer, {
    description: "One page.",
    example: { approvals: [PENDING] },
    headers: ["link"],
  }),
});

const readRoute = createRoute({
  method: "get",
  path: "/v1/approvals/{id}",
  operationId: "readApproval",
  tags: ["approvals"],
  summary: "Read an approval",
  description: "What is asked for and would be done, why a second person is due, and who has said what.",
  request: { query: NoQuery, params },
  responses: answers(ReadAnswer, {
    description: "The approval.",
    example: { ...PENDING, plan: PLAN_EXAMPLE },
    codes: ["approvalUnknown"],
  }),
});

const body = jsonRequest(z.strictObject({ reason: ReasonText }), { reason: "read the plan" });

const VOTE_CODES = [...BODY_CODES, "approvalUnknown", "approvalClosed", "approvalOwn"] as const;

const approveRoute = createRoute({
  method: "post",
  path: "/v1/approvals/{id}/approve",
  operationId: "approveChange",
  tags: ["approvals"],
  summary: "Approve a change",
  description:
    "The last approval that is due makes the change, if it would still do what its plan said and no rule denies it by now.",
  request: { query: NoQuery, params, body },
  responses: answers(ApprovalSchema, {
    description: "The approval with the vote; with `revision`, the change is made.",
    example: voted("approve"),
    codes: [...VOTE_CODES, "planStale", "ruleDenied"],
  }),
});

const rejectRoute = createRoute({
  method: "post",
  path: "/v1/approvals/{id}/reject",
  operationId: "rejectChange",
  tags: ["approvals"],
  summary: "Reject a change",
  description: "One person is enough: the approval is closed, and the change has to be asked for again.",
  request: { query: NoQuery, params, body },
  responses: answers(ApprovalSchema, {
    description: "The approval, closed.",
    example: voted("reject"),
    codes: VOTE_CODES,
  }),
});

export function addApprovalRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const list = (before: number, limit: number) => fleetStub(c.env).listApprovals(before, limit);
    const { items, next, headers } = await readPage("/v1/approvals", c.req.valid("query"), list);
    return reply(ListAnswer, { approvals: items, ...next }, headers);
  });

  app.openapi(readRoute, async (c) => {
    const found = await fleetStub(c.env).readApproval(c.req.valid("param").id);
    if (found === undefined) return refuse(c, { code: "approvalUnknown", detail: "There is no such approval." });
    const { number: _, ...approval } = found.approval;
    return reply(ReadAnswer, found.plan === undefined ? approval : { ...approval, plan: found.plan });
  });

  app.openapi(approveRoute, (c) => vote(c, { ...c.req.valid("param"), ...c.req.valid("json"), verdict: "approve" }));
  app.openapi(rejectRoute, (c) => vote(c, { ...c.req.valid("param"), ...c.req.valid("json"), verdict: "reject" }));
}

type Ballot = { readonly id: string; readonly verdict: "approve" | "reject"; readonly reason: string };

async function vote(c: AppContext, ballot: Ballot): Promise<Response> {
  const result = await fleetStub(c.env).voteOnApproval(ballot, askerOf(c));
  markRecorded(c);
  if (!result.ok) return refuse(c, result.error);
  const { number: _, ...approval } = result.value;
  return reply(ApprovalSchema, approval);
}
