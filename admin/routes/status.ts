/** `/v1/clusters/{name}/status`: what a cluster runs, sent by itself with its own signature, and read by everybody else. */
import { createRoute, z } from "@hono/zod-openapi";
import { STATUS_BYTES_MAX, STATUS_SIGNATURE_HEADER } from "../../config/cluster-status.ts";
import { statusStub } from "../env.ts";
import { readJsonBytes } from "../http/body.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { signatureOf } from "../objects/status-signature.ts";
import { answers, BODY_CODES, OPEN_CODES, okAnswer, problemAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { NoQuery } from "./schemas.ts";
import { STATUS_EXAMPLE, StatusSchema } from "./status-schema.ts";

const SIGNATURE_EXAMPLE = `ed25519=${"A".repeat(86)}==`;

const params = z.object({
  name: z.string().openapi({ description: "The name of the cluster.", example: "eu-west-blue" }),
});

const AcceptedAnswer = z
  .object({
    changed: z
      .boolean()
      .openapi({ description: "Whether it says something else than before, apart from lag and load." }),
  })
  .openapi("AcceptedStatus");

const Source = z.union([
  z.object({ kind: z.literal("pushed") }),
  z.object({ kind: z.literal("pulled"), vantage: z.string() }),
]);

const StatusAnswer = z
  .object({
    cluster: z.string(),
    status: StatusSchema.optional().openapi({ description: "The newest; absent before the first." }),
    source: Source.optional(),
    fresh: z.boolean().openapi({ description: "`false`: it has not reported lately, and what it runs is unknown." }),
    receivedAtMs: z.int().optional(),
    firstSeenMs: z.int().optional(),
    changedAtMs: z.int().optional().openapi({ description: "Since when it reports what it reports now." }),
    past: z
      .array(z.object({ status: StatusSchema, fromMs: z.int(), untilMs: z.int() }))
      .openapi({ description: "What it reported before that, newest first." }),
    refused: z
      .object({
        count: z.int(),
        lastAtMs: z.int(),
        because: z.string().openapi({ description: "A code." }),
        sentence: z.string(),
        errors: z.array(z.object({ pointer: z.string(), detail: z.string(), code: z.string() })).optional(),
      })
      .optional()
      .openapi({ description: "Statuses that were not believed, since the object was started last." }),
  })
  .openapi("ClusterStatusView");

/** What a body may have wrong as a text, before it is held against what a status is. */
const BYTE_CODES = BODY_CODES.filter((code) => code !== "bodyInvalid");

const readRoute = createRoute({
  method: "get",
  path: "/v1/clusters/{name}/status",
  operationId: "readClusterStatus",
  tags: ["status"],
  summary: "Read a cluster's status",
  description: "What the cluster said last of itself, and what it said before.",
  request: { query: NoQuery, params },
  responses: answers(StatusAnswer, {
    description: "The newest status and those before.",
    example: {
      ...{ cluster: "eu-west-blue", status: STATUS_EXAMPLE, source: { kind: "pulled", vantage: "weur" }, fresh: true },
      ...{ receivedAtMs: AT_MS, firstSeenMs: AT_MS - 86_400_000, changedAtMs: AT_MS - 3_600_000, past: [] },
    },
    codes: ["clusterUnknown"],
  }),
});

const writeRoute = createRoute({
  method: "put",
  path: "/v1/clusters/{name}/status",
  operationId: "writeClusterStatus",
  tags: ["status"],
  summary: "Report a status",
  description:
    'For the cluster itself: no token, but its own signature, and no other status than its own. Signed is the text "fairlead-status/1", a line feed and the exact bytes of the body. A status that was sent before is refused.',
  security: [{ clusterSignature: [] }],
  request: {
    query: NoQuery,
    params,
    body: {
      // By reference, so that it is described and not validated before the signature has been looked at.
      content: {
        "application/json": { schema: { $ref: "#/components/schemas/ClusterStatus" }, example: STATUS_EXAMPLE },
      },
      required: true,
    },
  },
  responses: {
    ...problemAnswers([
      ...OPEN_CODES,
      ...BYTE_CODES,
      "unavailable",
      "signatureInvalid",
      "statusInvalid",
      "statusReplayed",
    ]),
    200: okAnswer("application/json", AcceptedAnswer, { description: "It is kept.", example: { changed: true } }),
  },
});

export function addStatusRoutes(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "clusterSignature", {
    type: "apiKey",
    in: "header",
    name: "Fairlead-Signature",
    description: `As in \`${SIGNATURE_EXAMPLE}\`: Ed25519 with the cluster's own key, in base64.`,
  });

  app.openapi(readRoute, async (c) => {
    const view = await statusStub(c.env).readStatus(c.req.valid("param").name);
    if (view === undefined) return refuse(c, { code: "clusterUnknown", detail: "The fleet has no such cluster." });
    return reply(StatusAnswer, answerOf(view));
  });

  app.openapi(writeRoute, async (c) => {
    const bytes = await readJsonBytes(c, STATUS_BYTES_MAX);
    const signature = signatureOf(c.req.header(STATUS_SIGNATURE_HEADER));
    const { name: cluster } = c.req.valid("param");
    const accepted = await statusStub(c.env).acceptPushed({ cluster, bytes, signature });
    if (accepted.ok) return reply(AcceptedAnswer, accepted.value);
    const unsigned = accepted.error.code === "signatureInvalid";
    return refuse(c, accepted.error, unsigned ? { "www-authenticate": 'Fairlead-Signature realm="fairlead"' } : {});
  });
}

type View = NonNullable<Awaited<ReturnType<ReturnType<typeof statusStub>["readStatus"]>>>;

function answerOf({ cluster, known, past, refused }: View): z.input<typeof StatusAnswer> {
  const { status, source, fresh, receivedAtMs, firstSeenMs, changedAtMs } = known ?? { fresh: false };
  return {
    cluster,
    fresh,
    ...(status === undefined ? {} : { status, source, receivedAtMs, firstSeenMs, changedAtMs }),
    past: past.map((one) => ({ ...one })),
    ...(refused === undefined
      ? {}
      : {
          refused: {
            ...{ count: refused.count, lastAtMs: refused.lastAtMs },
            ...{ because: refused.last.code, sentence: refused.last.sentence },
            ...(refused.last.errors === undefined ? {} : { errors: refused.last.errors.map((item) => ({ ...item })) }),
          },
        }),
  };
}
