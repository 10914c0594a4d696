/** `/v1/freezes` and `/v1/overrides`: live state about changing things. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply, reply } from "../http/reply.ts";
import { answers, mutationAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { FreezeFields, LiftFields, mutationOf, OverrideFields } from "./mutation-bodies.ts";
import { jsonRequest, MUTATION, NoQuery } from "./schemas.ts";

const guard = {
  ...{ name: z.string(), expiresAtMs: z.int(), createdAtMs: z.int() },
  ...{ author: z.string(), reason: z.string(), ticket: z.string().optional(), managedBy: z.string().optional() },
};
const made = { createdAtMs: AT_MS, author: "mia", managedBy: "people" };

const FreezesAnswer = z
  .object({
    freezes: z.array(
      z.object({
        ...{
          kind: z.literal("freeze"),
          regions: z.array(z.string()).optional(),
          routes: z.array(z.string()).optional(),
        },
        ...guard,
      }),
    ),
  })
  .openapi("FreezeList");

const OverridesAnswer = z
  .object({ overrides: z.array(z.object({ kind: z.literal("ruleOverride"), rules: z.array(z.string()), ...guard })) })
  .openapi("OverrideList");

const listFreezesRoute = createRoute({
  method: "get",
  path: "/v1/freezes",
  operationId: "listFreezes",
  tags: ["freezes"],
  summary: "List freezes",
  description: "Those in force.",
  request: { query: NoQuery },
  responses: answers(FreezesAnswer, {
    description: "The freezes, by name.",
    example: {
      freezes: [
        { kind: "freeze", name: "black-friday", expiresAtMs: AT_MS + 86_400_000, reason: "the busiest day", ...made },
      ],
    },
  }),
});

const freezeRoute = createRoute({
  method: "post",
  path: "/v1/freezes",
  operationId: "setFreeze",
  tags: ["freezes"],
  summary: "Freeze",
  description:
    "Forbids changes until it is lifted or expires, in the named regions and routes, or everywhere. What only makes things safer still goes through. One of the same name is replaced.",
  request: {
    ...MUTATION,
    body: jsonRequest(FreezeFields, { name: "black-friday", expiresIn: "24h", reason: "the busiest day" }),
  },
  responses: mutationAnswers(
    "FreezeAnswer",
    z.object({ kind: z.literal("freeze"), name: z.string(), expiresAtMs: z.int() }),
    {
      description: "The freeze.",
      example: { kind: "freeze", name: "black-friday", expiresAtMs: AT_MS + 86_400_000 },
      codes: ["freezeInvalid", "expiryInvalid"],
    },
  ),
});

const listOverridesRoute = createRoute({
  method: "get",
  path: "/v1/overrides",
  operationId: "listOverrides",
  tags: ["overrides"],
  summary: "List overrides",
  description: "Those in force.",
  request: { query: NoQuery },
  responses: answers(OverridesAnswer, {
    description: "The overrides, by name.",
    example: {
      overrides: [
        {
          ...{ kind: "ruleOverride", name: "region-lost", rules: ["stepMax"], expiresAtMs: AT_MS + 3_600_000 },
          ...{ reason: "eu-west is gone", ...made },
        },
      ],
    },
  }),
});

const overrideRoute = createRoute({
  method: "post",
  path: "/v1/overrides",
  operationId: "setOverride",
  tags: ["overrides"],
  summary: "Override safety rules",
  description:
    "Break-glass: the named rules are evaluated and told, but refuse nothing until it is lifted or expires. Opens an incident.",
  request: {
    ...MUTATION,
    body: jsonRequest(OverrideFields, {
      name: "region-lost",
      rules: ["stepMax"],
      expiresIn: "1h",
      reason: "eu-west is gone",
    }),
  },
  responses: mutationAnswers(
    "OverrideAnswer",
    z.object({ kind: z.literal("override"), name: z.string(), rules: z.array(z.string()), expiresAtMs: z.int() }),
    {
      description: "The override.",
      example: { kind: "override", name: "region-lost", rules: ["stepMax"], expiresAtMs: AT_MS + 3_600_000 },
      codes: ["overrideInvalid", "expiryInvalid"],
    },
  ),
});

const lifted = {
  freeze: {
    path: "/v1/freezes/{name}/lift",
    operationId: "liftFreeze",
    tag: "freezes",
    what: "freeze",
    example: "black-friday",
  },
  override: {
    path: "/v1/overrides/{name}/lift",
    operationId: "liftOverride",
    tag: "overrides",
    what: "override",
    example: "region-lost",
  },
} as const;

function liftRoute<K extends keyof typeof lifted>(kind: K) {
  const { path, operationId, tag, what, example } = lifted[kind];
  const outcome = kind === "freeze" ? "liftFreeze" : "liftOverride";
  return createRoute({
    method: "post",
    path,
    operationId,
    tags: [tag],
    summary: `Lift ${what === "freeze" ? "a freeze" : "an override"}`,
    description: `Ends the ${what} before its time.`,
    request: {
      ...MUTATION,
      params: z.object({ name: z.string().openapi({ description: `The name of the ${what}.`, example }) }),
      body: jsonRequest(LiftFields, { reason: "it is over" }),
    },
    responses: mutationAnswers(
      `Lift${what === "freeze" ? "Freeze" : "Override"}Answer`,
      z.object({ kind: z.literal(outcome), name: z.string() }),
      { description: "Its end.", example: { kind: outcome, name: example }, codes: [`${what}Unknown`] },
    ),
  });
}

export function addGuardRoutes(app: App): void {
  app.openapi(listFreezesRoute, async (c) => {
    const { overlays } = await fleetStub(c.env).read();
    return reply(FreezesAnswer, { freezes: overlays.filter((overlay) => overlay.kind === "freeze") });
  });
  app.openapi(listOverridesRoute, async (c) => {
    const { overlays } = await fleetStub(c.env).read();
    return reply(OverridesAnswer, { overrides: overlays.filter((overlay) => overlay.kind === "ruleOverride") });
  });
  app.openapi(freezeRoute, async (c) => {
    const mutation = mutationOf({ kind: "freeze", ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
  app.openapi(overrideRoute, async (c) => {
    const mutation = mutationOf({ kind: "override", ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
  app.openapi(liftRoute("freeze"), async (c) => {
    const mutation = mutationOf({ kind: "liftFreeze", name: c.req.valid("param").name, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
  app.openapi(liftRoute("override"), async (c) => {
    const mutation = mutationOf({ kind: "liftOverride", name: c.req.valid("param").name, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}
