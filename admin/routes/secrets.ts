/** `/v1/secrets`: which version of each secret clusters use and can read, and its rotation. Never a value. */
import { createRoute, z } from "@hono/zod-openapi";
import { statusStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply, reply } from "../http/reply.ts";
import { answers, mutationAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { CompromiseFields, mutationOf, RevokeFields, RotateFields } from "./mutation-bodies.ts";
import { jsonRequest, MUTATION, NameText, NoQuery } from "./schemas.ts";

const Stage = z.enum(["introduced", "active", "revoked"]);

const SecretsAnswer = z
  .object({
    secrets: z.array(
      z.object({
        secret: z.string(),
        service: z.string(),
        wanted: z.array(z.string()).openapi({
          description: "The version that clusters are to use; several only where documents declare several.",
        }),
        versions: z.array(z.object({ version: z.string(), usedBy: z.array(z.string()), readBy: z.array(z.string()) })),
        silent: z.array(z.string()).openapi({ description: "Clusters that say nothing of their secrets." }),
        rotation: z
          .object({
            from: z.string(),
            to: z
              .string()
              .optional()
              .openapi({ description: "Absent: `from` is compromised and has no successor yet." }),
            stage: Stage,
            compromised: z.literal(true).optional(),
            state: z.enum(["introduced", "everywherePresent", "active", "oldUnused", "revoked"]).openapi({
              description: "Worked out from what clusters report.",
            }),
            waitsOn: z.array(
              z.object({
                cluster: z.string(),
                region: z.string(),
                because: z.enum(["lacks", "uses", "reads", "unclear", "silent"]),
              }),
            ),
            ...{ createdAtMs: z.int(), author: z.string(), reason: z.string() },
          })
          .optional(),
        age: z.object({
          state: z.enum(["unlimited", "unknown", "fine", "due", "overdue"]).openapi({
            description: "`due`: four fifths of what the Policy allows are over.",
          }),
          ageMs: z.int().optional(),
          ageMsMax: z.int().optional(),
        }),
      }),
    ),
  })
  .openapi("SecretList");

const listRoute = createRoute({
  method: "get",
  path: "/v1/secrets",
  operationId: "listSecrets",
  tags: ["secrets"],
  summary: "List secrets",
  description: "Every secret of every service, by names and version ids: who uses and reads what, and its rotation.",
  request: { query: NoQuery },
  responses: answers(SecretsAnswer, {
    description: "The secrets, by name and service.",
    example: {
      secrets: [
        {
          ...{ secret: "session-key", service: "web", wanted: ["v1"], silent: [] },
          versions: [
            { version: "v1", usedBy: ["eu-west-blue", "us-east-blue"], readBy: ["eu-west-blue", "us-east-blue"] },
            { version: "v2", usedBy: [], readBy: ["eu-west-blue"] },
          ],
          rotation: {
            ...{ from: "v1", to: "v2", stage: "introduced", state: "introduced" },
            waitsOn: [{ cluster: "us-east-blue", region: "us-east", because: "lacks" }],
            ...{ createdAtMs: AT_MS, author: "mia", reason: "the quarterly rotation" },
          },
          age: { state: "due", ageMs: 75 * 86_400_000, ageMsMax: 90 * 86_400_000 },
        },
      ],
    },
  }),
});

const params = z.object({ name: NameText.openapi({ description: "The name of the secret.", example: "session-key" }) });

const outcomeOf = <K extends string>(kind: K) =>
  z.object({
    kind: z.literal(kind),
    ...{ secret: z.string(), service: z.string().optional(), from: z.string(), to: z.string().optional() },
    stage: Stage.optional().openapi({ description: "Absent: there is no rotation, all is as documents declare it." }),
    compromised: z.literal(true).optional(),
  });

const example = { secret: "session-key", from: "v1", to: "v2" };

const rotateRoute = createRoute({
  method: "post",
  path: "/v1/secrets/{name}/rotate",
  operationId: "rotateSecret",
  tags: ["secrets"],
  summary: "Rotate a secret",
  description:
    "Introduces a new version, or cuts over to it. The cut-over is refused until every cluster that serves reports that it can read the new version; the answer names the regions that cannot. The old version, while it is not revoked, may be asked for to go back.",
  request: {
    ...MUTATION,
    params,
    body: jsonRequest(RotateFields, { version: "v2", stage: "introduced", reason: "the quarterly rotation" }),
  },
  responses: mutationAnswers("RotateSecretAnswer", outcomeOf("rotateSecret"), {
    description: "The rotation.",
    example: { kind: "rotateSecret", ...example, stage: "introduced" },
    codes: ["secretUnknown", "secretInvalid"],
  }),
});

const revokeRoute = createRoute({
  method: "post",
  path: "/v1/secrets/{name}/revoke",
  operationId: "revokeSecret",
  tags: ["secrets"],
  summary: "Revoke a version",
  description:
    "Says that the old version is worth nothing any more, which is refused while some cluster uses it. Or gives up a new version that was introduced and is not in use yet.",
  request: { ...MUTATION, params, body: jsonRequest(RevokeFields, { reason: "nobody uses it any more" }) },
  responses: mutationAnswers("RevokeSecretAnswer", outcomeOf("revokeSecret"), {
    description: "The rotation, at its end.",
    example: { kind: "revokeSecret", ...example, stage: "revoked" },
    codes: ["secretUnknown", "secretInvalid"],
  }),
});

const compromisedRoute = createRoute({
  method: "post",
  path: "/v1/secrets/{name}/compromised",
  operationId: "reportSecretCompromised",
  tags: ["secrets"],
  summary: "Report a secret compromised",
  description:
    "Somebody else may know a version. Opens an incident. Freezes and incidents do not hold up its rotation, and it may be revoked as soon as its successor is everywhere.",
  request: { ...MUTATION, params, body: jsonRequest(CompromiseFields, { reason: "it was in a public log" }) },
  responses: mutationAnswers("CompromisedSecretAnswer", outcomeOf("compromiseSecret"), {
    description: "The rotation, which is urgent now.",
    example: { kind: "compromiseSecret", secret: "session-key", from: "v1", stage: "introduced", compromised: true },
    codes: ["secretUnknown", "secretInvalid"],
  }),
});

export function addSecretRoutes(app: App): void {
  app.openapi(listRoute, async (c) => reply(SecretsAnswer, { secrets: await statusStub(c.env).readSecrets() }));
  app.openapi(rotateRoute, async (c) => {
    const mutation = mutationOf({ kind: "rotateSecret", secret: c.req.valid("param").name, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
  app.openapi(revokeRoute, async (c) => {
    const mutation = mutationOf({ kind: "revokeSecret", secret: c.req.valid("param").name, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
  app.openapi(compromisedRoute, async (c) => {
    const mutation = mutationOf({
      kind: "compromiseSecret",
      secret: c.req.valid("param").name,
      ...c.req.valid("json"),
    });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}
