/** `/v1/deleted`: documents that left the fleet, and from which revision each can be restored. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { AT_MS, REVISION } from "./examples.ts";
import { readPage } from "./pages.ts";
import { PageQuery } from "./schemas.ts";

const DeletedSchema = z
  .object({
    document: z.string().openapi({ description: "As `only` of `POST /v1/revisions/{revision}/restore` takes it." }),
    lastRevision: z.int().openapi({ description: "The last revision with it, from which it can be restored." }),
    deletedBy: z.string(),
    deletedAtMs: z.int(),
  })
  .openapi("DeletedDocument");

const ListAnswer = z
  .object({
    deleted: z.array(DeletedSchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("DeletedDocumentList");

const listRoute = createRoute({
  method: "get",
  path: "/v1/deleted",
  operationId: "listDeletedDocuments",
  tags: ["revisions"],
  summary: "List deleted documents",
  description:
    "What left the fleet and is not there again, newest first. A document is listed for 90 days at least, and as long as the revision that has it is kept.",
  request: { query: PageQuery },
  responses: answers(ListAnswer, {
    description: "One page.",
    example: {
      deleted: [
        { document: "Cluster/eu-west-blue", lastRevision: REVISION - 1, deletedBy: "token", deletedAtMs: AT_MS },
      ],
    },
    headers: ["link"],
  }),
});

export function addDeletedRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const list = (before: number, limit: number) => fleetStub(c.env).listDeleted(before, limit);
    const { items, next, headers } = await readPage("/v1/deleted", c.req.valid("query"), list);
    return reply(ListAnswer, { deleted: items, ...next }, headers);
  });
}
