/** `/v1/fleet`: the whole declared fleet and what lives on top of it. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { etagOf, mutate, mutationReply, reply, tagsOf } from "../http/reply.ts";
import { answers, headerRefs, mutationAnswers, PublicationSchema } from "./answers.ts";
import { AT_MS, CARRIERS, DIGEST, ETAG, REVISION } from "./examples.ts";
import { ApplyFields, Documents, mutationOf } from "./mutation-bodies.ts";
import { AnyObject, jsonRequest, MUTATION, NoQuery } from "./schemas.ts";

const FleetAnswer = z
  .object({
    revision: z.int(),
    digest: z.string(),
    documents: Documents,
    overlays: z.array(AnyObject),
    ...PublicationSchema.shape,
  })
  .openapi("Fleet");

const ApplyOutcome = z.object({
  kind: z.literal("apply"),
  changes: z.array(AnyObject),
  warnings: z.array(AnyObject),
  overlaysKept: z.array(z.string()),
  overlaysCleared: z.array(z.string()),
});

const REGION_EXAMPLE = {
  ...{ apiVersion: "fairlead.dev/v1", kind: "Region", metadata: { name: "eu-west", owner: "platform" } },
  spec: {
    ...{ location: { latitude: 50.1, longitude: 8.7 }, jurisdictions: ["eu"], vantage: "weur" },
    capacity: { requestsPerSecond: 4_000 },
  },
};

const readRoute = createRoute({
  method: "get",
  path: "/v1/fleet",
  operationId: "readFleet",
  tags: ["fleet"],
  summary: "Read the fleet",
  description: "The declared documents, the live overlays on top of them, and how far they have been published.",
  request: {
    query: NoQuery,
    headers: z.object({
      "if-none-match": z
        .string()
        .optional()
        .openapi({ description: "The ETag of a state that is known.", example: ETAG }),
    }),
  },
  responses: {
    ...answers(FleetAnswer, {
      description: "The fleet at its target revision.",
      example: {
        ...{ revision: REVISION, digest: DIGEST, documents: [REGION_EXAMPLE] },
        overlays: [
          {
            ...{ kind: "regionDrain", region: "eu-west", mode: "immediate", expiresAtMs: AT_MS + 4 * 3_600_000 },
            ...{ author: "token", reason: "planned maintenance", createdAtMs: AT_MS },
          },
        ],
        ...{ published: true, carriers: CARRIERS },
      },
      headers: ["etag", "fairlead-published"],
    }),
    304: {
      description: "The state is the one that `If-None-Match` names.",
      headers: headerRefs(["etag", "fairlead-published"]),
    },
  },
});

const applyRoute = createRoute({
  method: "put",
  path: "/v1/fleet",
  operationId: "applyFleet",
  tags: ["fleet"],
  summary: "Apply documents",
  description: "Replaces all documents. Live overlays stay, unless they are cleared or what they are on is gone.",
  request: {
    ...MUTATION,
    body: jsonRequest(ApplyFields, { documents: [REGION_EXAMPLE], reason: "a first region" }),
  },
  responses: mutationAnswers("ApplyAnswer", ApplyOutcome, {
    description: "The change.",
    example: {
      kind: "apply",
      changes: [{ kind: "added", document: "Region/eu-west", path: [], after: REGION_EXAMPLE }],
      ...{ warnings: [], overlaysKept: [], overlaysCleared: [] },
    },
    codes: ["documentsInvalid", "clearInvalid"],
  }),
});

export function addFleetRoutes(app: App): void {
  app.openapi(readRoute, async (c) => {
    const { digest, publication, ...view } = await fleetStub(c.env).read();
    // The tag is of the state. How far it has travelled is not part of it, so it is also said in a header.
    const headers = { etag: etagOf(digest), "fairlead-published": String(publication.published) };
    const known = tagsOf(c.req.header("if-none-match"));
    if (known === "*" || known?.includes(digest) === true) return new Response(null, { status: 304, headers });
    return reply(FleetAnswer, { digest, ...view, ...publication }, headers);
  });

  app.openapi(applyRoute, async (c) => {
    const mutation = mutationOf({ kind: "apply", ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}
