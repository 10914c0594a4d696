/** `/v1/flags`: what is on, and switching a flag away from its document and back. */
import { createRoute, z } from "@hono/zod-openapi";
import { isFlagOn } from "../../config/flag-spec.ts";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply, reply } from "../http/reply.ts";
import { answers, mutationAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { mutationOf, ReleaseFields, SwitchFields } from "./mutation-bodies.ts";
import { AnyObject, jsonRequest, MUTATION, NoQuery } from "./schemas.ts";

const FlagsAnswer = z
  .object({
    flags: z.array(
      z.object({
        name: z.string(),
        on: z.boolean(),
        declared: z.enum(["ENABLED", "DISABLED"]),
        switched: AnyObject.optional().openapi({ description: "The live switch, when there is one." }),
        rules: z.array(z.string()).openapi({ description: "Steering rules that count only while it is on." }),
      }),
    ),
  })
  .openapi("FlagList");

const listRoute = createRoute({
  method: "get",
  path: "/v1/flags",
  operationId: "listFlags",
  tags: ["flags"],
  summary: "List flags",
  description: "Every flag of the fleet: what its document says, what it is switched to, and which rules hang on it.",
  request: { query: NoQuery },
  responses: answers(FlagsAnswer, {
    description: "The flags, by name.",
    example: { flags: [{ name: "new-checkout", on: true, declared: "ENABLED", rules: ["web/new-checkout"] }] },
  }),
});

const name = z.string().openapi({ description: "The name of the flag.", example: "new-checkout" });
const request = { ...MUTATION, params: z.object({ name }) };

const switchRoute = createRoute({
  method: "post",
  path: "/v1/flags/{name}/switch",
  operationId: "switchFlag",
  tags: ["flags"],
  summary: "Switch a flag",
  description: "Puts the flag into a state, whatever its document says, until it is released or the switch expires.",
  request: {
    ...request,
    body: jsonRequest(SwitchFields, { state: "DISABLED", reason: "the new checkout fails", expiresIn: "2h" }),
  },
  responses: mutationAnswers(
    "SwitchFlagAnswer",
    z.object({
      ...{ kind: z.literal("switchFlag"), flag: z.string(), state: z.enum(["ENABLED", "DISABLED"]) },
      ...{ rules: z.array(z.string()), expiresAtMs: z.int().optional() },
    }),
    {
      description: "The switch, and the rules that count because of it, or no longer do.",
      example: {
        ...{ kind: "switchFlag", flag: "new-checkout", state: "DISABLED" },
        ...{ rules: ["web/new-checkout"], expiresAtMs: AT_MS + 2 * 3_600_000 },
      },
      codes: ["flagUnknown", "expiryInvalid"],
    },
  ),
});

const releaseRoute = createRoute({
  method: "post",
  path: "/v1/flags/{name}/release",
  operationId: "releaseFlag",
  tags: ["flags"],
  summary: "Release a flag",
  description: "Ends the switch: the flag is what its document says. One that is not switched stays as it is.",
  request: { ...request, body: jsonRequest(ReleaseFields, { reason: "the new checkout is mended" }) },
  responses: mutationAnswers("ReleaseFlagAnswer", z.object({ kind: z.literal("releaseFlag"), flag: z.string() }), {
    description: "The end of the switch.",
    example: { kind: "releaseFlag", flag: "new-checkout" },
    codes: ["flagUnknown"],
  }),
});

export function addFlagRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const { documents, overlays } = await fleetStub(c.env).read();
    const flags = documents.flatMap((document) => {
      if (document.kind !== "Flag") return [];
      const switched = overlays.find(
        (overlay) => overlay.kind === "flagSwitch" && overlay.flag === document.metadata.name,
      );
      const state = switched?.kind === "flagSwitch" ? switched.state : undefined;
      return [
        {
          name: document.metadata.name,
          on: isFlagOn(document.spec, state),
          declared: document.spec.state,
          ...(switched === undefined ? {} : { switched: { ...switched } }),
          rules: documents.flatMap((route) =>
            route.kind === "Route"
              ? (route.spec.steering ?? [])
                  .filter(({ when }) => when.flag === document.metadata.name)
                  .map((rule) => `${route.metadata.name}/${rule.name}`)
              : [],
          ),
        },
      ];
    });
    return reply(FlagsAnswer, { flags });
  });

  app.openapi(switchRoute, async (c) => {
    const mutation = mutationOf({ kind: "switchFlag", flag: c.req.valid("param").name, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });

  app.openapi(releaseRoute, async (c) => {
    const mutation = mutationOf({ kind: "releaseFlag", flag: c.req.valid("param").name, ...c.req.valid("json") });
    return mutationReply(c, await mutate(c, mutation, c.req.valid("query").dryRun));
  });
}
