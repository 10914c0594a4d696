/** `/v1/debug-tokens`: lets somebody see why the edge decides as it does, for a few minutes, and keeps who it was. */
import { createRoute, z } from "@hono/zod-openapi";
import { DEBUG_TOKEN_MS_MAX } from "../../config/debug-token.ts";
import { formatDuration } from "../../config/duration.ts";
import { fleetStub } from "../env.ts";
import { type App, askerOf } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import {
  DurationText,
  HostText,
  jsonRequest,
  LIMIT_DEFAULT,
  NoQuery,
  PageQuery,
  ReasonText,
  TicketText,
  withoutUndefined,
} from "./schemas.ts";

const TOKEN_ID = "0b9c6f1e-8a54-4d7b-9f30-2c1d0e9f8a7b";

const IssuedAnswer = z
  .object({
    token: z.string().openapi({ description: "Goes into the `Fairlead-Debug` header of a request to the edge." }),
    tokenId: z.string().openapi({ description: "Names the record; the edge logs it with each use." }),
    expiresAtMs: z.int(),
  })
  .openapi("DebugToken");

const Recorded = z
  .object({
    tokenId: z.string(),
    actor: z.string(),
    reason: z.string(),
    ticket: z.string().optional(),
    host: z.string().optional().openapi({ description: "Absent: good for all hosts." }),
    issuedAtMs: z.int(),
    expiresAtMs: z.int(),
  })
  .openapi("DebugTokenRecord");

const ListAnswer = z
  .object({
    debugTokens: z.array(Recorded),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("DebugTokenList");

const issueRoute = createRoute({
  method: "post",
  path: "/v1/debug-tokens",
  operationId: "issueDebugToken",
  tags: ["debug"],
  summary: "Issue a debug token",
  description:
    "Makes the edge answer with the trace of its decision, for a few minutes. Who asked and why is recorded.",
  request: {
    query: NoQuery,
    body: jsonRequest(
      z.strictObject({
        reason: ReasonText,
        ticket: TicketText.optional(),
        expiresIn: DurationText.refine(
          (ms) => ms <= DEBUG_TOKEN_MS_MAX,
          `must be ${formatDuration(DEBUG_TOKEN_MS_MAX)} at most`,
        )
          .optional()
          .openapi({ type: "string", example: "5m" }),
        host: HostText.optional().openapi({ type: "string", description: "Only for requests to this host." }),
      }),
      { reason: "customer sees 502", ticket: "OPS-1234", expiresIn: "5m", host: "shop.fairlead.example" },
    ),
  },
  responses: answers(IssuedAnswer, {
    description: "The token; it is not kept, and cannot be had again.",
    example: { token: "eyJ0b2tlbklkIjoi...", tokenId: TOKEN_ID, expiresAtMs: AT_MS + 300_000 },
    codes: BODY_CODES,
  }),
});

const listRoute = createRoute({
  method: "get",
  path: "/v1/debug-tokens",
  operationId: "listDebugTokens",
  tags: ["debug"],
  summary: "List debug tokens",
  description: "Who asked for debug tokens, when and why, newest first. The tokens themselves are not kept.",
  request: { query: PageQuery },
  responses: answers(ListAnswer, {
    description: "One page.",
    example: {
      debugTokens: [
        {
          ...{ tokenId: TOKEN_ID, actor: "token", reason: "customer sees 502", ticket: "OPS-1234" },
          ...{ host: "shop.fairlead.example", issuedAtMs: AT_MS, expiresAtMs: AT_MS + 300_000 },
        },
      ],
    },
    headers: ["link"],
  }),
});

export function addDebugTokenRoutes(app: App): void {
  app.openapi(issueRoute, async (c) => {
    const { expiresIn, ...body } = withoutUndefined(c.req.valid("json"));
    const request = { ...body, ...(expiresIn === undefined ? {} : { expiresInMs: expiresIn }) };
    const issued = await fleetStub(c.env).issueDebugToken(request, askerOf(c));
    markRecorded(c);
    if (!issued.ok) return refuse(c, issued.error);
    const { tokenId, expiresAtMs } = issued.value.record;
    return reply(IssuedAnswer, { token: issued.value.token, tokenId, expiresAtMs });
  });

  app.openapi(listRoute, async (c) => {
    const { cursor, limit = LIMIT_DEFAULT } = c.req.valid("query");
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    // One more than asked for says whether there is a next page.
    const found = await fleetStub(c.env).listDebugTokens(before, limit + 1);
    const page = found.slice(0, limit);
    const debugTokens = page.map(({ number: _, ...record }) => record);
    const last = page.at(-1)?.number;
    if (found.length <= limit || last === undefined) return reply(ListAnswer, { debugTokens });
    const link = `</v1/debug-tokens?cursor=${last}&limit=${limit}>; rel="next"`;
    return reply(ListAnswer, { debugTokens, nextCursor: String(last) }, { link });
  });
}
