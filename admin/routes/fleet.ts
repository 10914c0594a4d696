/** `/v1/fleet`: the whole declared fleet and what lives on top of it. */
import { createRoute, z } from "@hono/zod-openapi";
import { DOCUMENTS_MAX } from "../../config/limits.ts";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { digestsOf, etagOf, mutate, mutationReply, reply } from "../http/reply.ts";
import {
  answers,
  jsonRequest,
  MUTATION_CODES,
  MutationHeaders,
  MutationQuery,
  mutationAnswer,
  NoQuery,
  PublicationSchema,
  ReasonText,
  TicketText,
  withoutUndefined,
} from "./schemas.ts";

const Documents = z
  .array(z.unknown())
  .max(DOCUMENTS_MAX)
  .openapi({
    type: "array",
    items: { type: "object" },
    description: "Documents as in config/schema; each is checked by its kind.",
  });

const FleetAnswer = z
  .object({
    revision: z.int(),
    digest: z.string(),
    documents: Documents,
    overlays: z.array(z.unknown()).openapi({ type: "array", items: { type: "object" } }),
    ...PublicationSchema.shape,
  })
  .openapi("Fleet");

const ApplyAnswer = mutationAnswer(
  z.object({
    kind: z.literal("apply"),
    changes: z.array(z.unknown()).openapi({ type: "array", items: { type: "object" } }),
    warnings: z.array(z.unknown()).openapi({ type: "array", items: { type: "object" } }),
    overlaysKept: z.array(z.string()),
    overlaysCleared: z.array(z.string()),
  }),
).openapi("ApplyAnswer");

const readRoute = createRoute({
  method: "get",
  path: "/v1/fleet",
  operationId: "readFleet",
  summary: "The declared documents, the live overlays, and how far they have been published",
  request: {
    query: NoQuery,
    headers: z.object({ "if-none-match": z.string().optional() }),
  },
  responses: {
    ...answers(FleetAnswer, "The fleet at its target revision."),
    304: { description: "The state is the one that `If-None-Match` names." },
  },
});

const applyRoute = createRoute({
  method: "put",
  path: "/v1/fleet",
  operationId: "applyFleet",
  summary: "Replace all documents; live overlays stay",
  request: {
    query: MutationQuery,
    headers: MutationHeaders,
    body: jsonRequest(
      z.strictObject({ documents: Documents, reason: ReasonText.optional(), ticket: TicketText.optional() }),
    ),
  },
  responses: answers(ApplyAnswer, "The change.", [...MUTATION_CODES, "documentsInvalid"]),
});

export function addFleetRoutes(app: App): void {
  app.openapi(readRoute, async (c) => {
    const { digest, publication, ...view } = await fleetStub(c.env).read();
    // The tag is of the state. How far it has travelled is not part of it, so it is also said in a header.
    const headers = { etag: etagOf(digest), "fairlead-published": String(publication.published) };
    const known = digestsOf(c.req.header("if-none-match"));
    if (known?.includes(digest)) return new Response(null, { status: 304, headers });
    return reply(FleetAnswer, { digest, ...view, ...publication }, headers);
  });

  app.openapi(applyRoute, async (c) => {
    const mutation = { kind: "apply" as const, ...withoutUndefined(c.req.valid("json")) };
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}
