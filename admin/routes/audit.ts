/**
 * `/v1/audit`: who asked for what and what came of it. Reading it is a right of its own; forgetting a name is another,
 * and leaves an entry. Proofs are in audit-proofs.ts, the export in audit-export.ts.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { SUBJECT_PATTERN } from "../core/audit/subject.ts";
import { fleetStub } from "../env.ts";
import { type App, askerOf } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { addAuditExportRoute } from "./audit-export.ts";
import { addAuditProofRoutes } from "./audit-proofs.ts";
import { auditReader } from "./audit-reader.ts";
import {
  ENTRY_EXAMPLE,
  EntryList,
  EntryWithText,
  EraseAnswer,
  IndexText,
  LEAF_EXAMPLE,
  LEAF_INDEX,
  SUBJECT,
} from "./audit-schemas.ts";
import { readPage } from "./pages.ts";
import { jsonRequest, NoQuery, PageQuery, ReasonText, TicketText, withoutUndefined } from "./schemas.ts";

const listRoute = createRoute({
  method: "get",
  path: "/v1/audit",
  operationId: "listAuditEntries",
  tags: ["audit"],
  summary: "List audit entries",
  description: "Every change and every refusal, newest first, with names where they have not been erased.",
  middleware: [auditReader] as const,
  request: { query: PageQuery },
  responses: answers(EntryList, {
    description: "One page.",
    example: { entries: [ENTRY_EXAMPLE], nextCursor: String(LEAF_INDEX) },
    headers: ["link"],
  }),
});

const readRoute = createRoute({
  method: "get",
  path: "/v1/audit/{index}",
  operationId: "readAuditEntry",
  tags: ["audit"],
  summary: "Read an audit entry",
  description: "One entry, with the exact text that was hashed.",
  middleware: [auditReader] as const,
  request: { query: NoQuery, params: z.object({ index: IndexText }) },
  responses: answers(EntryWithText, {
    description: "The entry.",
    example: { ...ENTRY_EXAMPLE, text: JSON.stringify(LEAF_EXAMPLE) },
    codes: ["auditUnknown"],
  }),
});

const eraseRoute = createRoute({
  method: "post",
  path: "/v1/audit/subjects/{subject}/erase",
  operationId: "eraseAuditSubject",
  tags: ["audit"],
  summary: "Forget a name",
  description:
    "Removes the name and the salt behind a subject for good. Entries and proofs stay as they are; who the subject was can no longer be told.",
  request: {
    query: NoQuery,
    params: z.object({
      subject: z
        .string()
        .regex(SUBJECT_PATTERN, "must be sha256: and 64 hex digits")
        .openapi({ description: "As `actor.subject` of an entry says it.", example: SUBJECT }),
    }),
    body: jsonRequest(z.strictObject({ reason: ReasonText, ticket: TicketText.optional() }), {
      reason: "left the company and asked for it",
      ticket: "PRIV-7",
    }),
  },
  responses: answers(EraseAnswer, {
    description: "It is forgotten.",
    example: { subject: SUBJECT, changed: true, audit: { index: LEAF_INDEX + 1 } },
    codes: [...BODY_CODES, "auditUnknown"],
  }),
});

export function addAuditRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const { items, next, headers } = await readPage("/v1/audit", c.req.valid("query"), async (before, limit) => {
      const found = await fleetStub(c.env).auditLeaves(before, limit);
      return found.map(({ text: _, ...entry }) => ({ ...entry, number: entry.index }));
    });
    return reply(EntryList, { entries: items, ...next }, headers);
  });

  // Before the route of one entry, which would take their last segment for an index.
  addAuditProofRoutes(app);
  addAuditExportRoute(app);

  app.openapi(readRoute, async (c) => {
    const entry = await fleetStub(c.env).auditLeaf(Number(c.req.valid("param").index));
    if (entry === undefined) return refuse(c, { code: "auditUnknown", detail: "The log has no entry of that index." });
    return reply(EntryWithText, entry);
  });

  app.openapi(eraseRoute, async (c) => {
    const { subject } = c.req.valid("param");
    const erasure = { ...withoutUndefined(c.req.valid("json")), subject };
    const erased = await fleetStub(c.env).eraseAuditSubject(erasure, askerOf(c));
    markRecorded(c);
    if (!erased.ok) return refuse(c, erased.error);
    const { changed, auditIndex } = erased.value;
    return reply(EraseAnswer, { subject, changed, audit: { index: auditIndex } });
  });
}
