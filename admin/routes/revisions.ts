/** `/v1/revisions`: who changed what, when and why, newest first. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { AT_MS, DIGEST, REVISION } from "./examples.ts";
import { DiffSchema, diffAnswer } from "./plan-schema.ts";
import { AnyObject, LIMIT_DEFAULT, NoQuery, NumberText, PageQuery } from "./schemas.ts";

const RevisionSchema = z
  .object({
    revision: z.int(),
    parent: z.int(),
    digest: z.string(),
    documentsDigest: z.string(),
    overlaysDigest: z.string(),
    kind: z.string(),
    author: z.string(),
    reason: z.string().optional(),
    ticket: z.string().optional(),
    createdAtMs: z.int(),
  })
  .openapi("Revision");

const REVISION_EXAMPLE = {
  ...{ revision: REVISION, parent: REVISION - 1, digest: DIGEST, documentsDigest: DIGEST, overlaysDigest: DIGEST },
  ...{ kind: "undrain", author: "token", reason: "maintenance is over", ticket: "OPS-1234", createdAtMs: AT_MS },
};

const ListAnswer = z
  .object({
    revisions: z.array(RevisionSchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("RevisionList");

/** Both are kept for 90 days at least; the revision itself for ever. */
const ReadAnswer = z
  .object({
    ...RevisionSchema.shape,
    outcome: AnyObject.optional().openapi({ description: "What the change did; absent when it is no longer kept." }),
    diff: DiffSchema.optional(),
  })
  .openapi("RevisionWithOutcome");

const listRoute = createRoute({
  method: "get",
  path: "/v1/revisions",
  operationId: "listRevisions",
  tags: ["revisions"],
  summary: "List revisions",
  description: "Who changed what, when and why, newest first.",
  request: { query: PageQuery },
  responses: answers(ListAnswer, {
    description: "One page.",
    example: { revisions: [REVISION_EXAMPLE], nextCursor: String(REVISION) },
    headers: ["link"],
  }),
});

const readRoute = createRoute({
  method: "get",
  path: "/v1/revisions/{revision}",
  operationId: "readRevision",
  tags: ["revisions"],
  summary: "Read a revision",
  description: "One revision, what its change did, and what is different from the one before.",
  request: {
    query: NoQuery,
    params: z.object({ revision: NumberText.openapi({ description: "Its number.", example: String(REVISION) }) }),
  },
  responses: answers(ReadAnswer, {
    description: "The revision.",
    example: {
      ...REVISION_EXAMPLE,
      outcome: { kind: "undrain", target: { kind: "region", name: "eu-west" } },
      diff: { documents: [], overlays: [{ kind: "removed", overlay: "regionDrain/eu-west", before: {} }] },
    },
    codes: ["revisionUnknown"],
  }),
});

export function addRevisionRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const { cursor, limit = LIMIT_DEFAULT } = c.req.valid("query");
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    // One more than asked for says whether there is a next page.
    const found = await fleetStub(c.env).listRevisions(before, limit + 1);
    const revisions = found.slice(0, limit);
    const last = revisions.at(-1)?.revision;
    if (found.length <= limit || last === undefined) return reply(ListAnswer, { revisions });
    const link = `</v1/revisions?cursor=${last}&limit=${limit}>; rel="next"`;
    return reply(ListAnswer, { revisions, nextCursor: String(last) }, { link });
  });

  app.openapi(readRoute, async (c) => {
    const found = await fleetStub(c.env).readRevision(Number(c.req.valid("param").revision));
    if (found === undefined) return refuse(c, { code: "revisionUnknown", detail: "There is no such revision." });
    const { record, outcome, diff } = found;
    return reply(ReadAnswer, {
      ...record,
      ...(outcome === undefined ? {} : { outcome: AnyObject.parse(outcome) }),
      ...(diff === undefined ? {} : { diff: diffAnswer(diff) }),
    });
  });
}
