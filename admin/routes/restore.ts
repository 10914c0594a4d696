/** `/v1/revisions/{revision}/diff` and `/restore`: what is different between two revisions, and the way back. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { mutate, mutationReply, reply } from "../http/reply.ts";
import { answers, mutationAnswers } from "./answers.ts";
import { mutationOf, RestoreFields } from "./mutation-bodies.ts";
import { DiffSchema, diffAnswer } from "./plan-schema.ts";
import { AnyObject, jsonRequest, MUTATION, NumberText } from "./schemas.ts";

const revision = NumberText.openapi({ description: "A revision.", example: "12" });

const DiffAnswer = z.object({ from: z.int(), to: z.int(), ...DiffSchema.shape }).openapi("RevisionDiff");

const diffRoute = createRoute({
  method: "get",
  path: "/v1/revisions/{revision}/diff",
  operationId: "diffRevisions",
  tags: ["revisions"],
  summary: "Compare two revisions",
  description: "What is different in `to`, or in the target, from the revision in the path.",
  request: {
    params: z.object({ revision }),
    query: z.strictObject({
      to: NumberText.optional().openapi({ description: "The target when absent.", example: "18" }),
    }),
  },
  responses: answers(DiffAnswer, {
    description: "The difference.",
    example: {
      ...{ from: 12, to: 18, overlays: [] },
      documents: [
        { kind: "changed", document: "Cluster/eu-west-blue", path: ["spec", "weight"], before: 100, after: 50 },
      ],
    },
    codes: ["revisionUnknown"],
  }),
});

const restoreRoute = createRoute({
  method: "post",
  path: "/v1/revisions/{revision}/restore",
  operationId: "restoreRevision",
  tags: ["revisions"],
  summary: "Restore a revision",
  description:
    "Makes the documents of the revision, or some of them, the next revision, by the same rules as any other change. Live overlays stay, unless asked otherwise.",
  request: {
    ...MUTATION,
    params: z.object({ revision }),
    body: jsonRequest(RestoreFields, { reason: "the new routes were wrong", overlays: "keep" }),
  },
  responses: mutationAnswers(
    "RestoreAnswer",
    z.object({
      ...{ kind: z.literal("restore"), revision: z.int() },
      ...{ changes: z.array(AnyObject), overlaysLeftOut: z.array(z.string()) },
    }),
    {
      description: "What is different from the state before.",
      example: { kind: "restore", revision: 12, changes: [], overlaysLeftOut: [] },
      codes: ["revisionUnknown", "restoreInvalid", "documentsInvalid"],
    },
  ),
});

export function addRestoreRoutes(app: App): void {
  app.openapi(diffRoute, async (c) => {
    const from = Number(c.req.valid("param").revision);
    const { to: wanted } = c.req.valid("query");
    const fleet = fleetStub(c.env);
    const to = wanted === undefined ? (await fleet.read()).revision : Number(wanted);
    const diff = await fleet.diffRevisions(from, to);
    if (diff === undefined)
      return refuse(c, { code: "revisionUnknown", detail: "There is no such revision, or it is no longer kept." });
    return reply(DiffAnswer, { from, to, ...diffAnswer(diff) });
  });

  app.openapi(restoreRoute, async (c) => {
    const { revision: wanted } = c.req.valid("param");
    const mutation = mutationOf({ kind: "restore", revision: Number(wanted), ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}
