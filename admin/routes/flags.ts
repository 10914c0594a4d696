/** `/v1/flags`: what is on, and switching a flag away from its document and back. */
import { createRoute, z } from "@hono/zod-openapi";
import type { FlagOverview } from "../core/flags/list-flags.ts";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { mutate, mutationReply, reply } from "../http/reply.ts";
import { answers, mutationAnswers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { mutationOf, ReleaseFields, SwitchFields } from "./mutation-bodies.ts";
import { AnyObject, jsonRequest, MUTATION } from "./schemas.ts";

const States = z.enum(["ENABLED", "DISABLED"]);

const FlagsAnswer = z
  .object({
    flags: z.array(
      z.object({
        name: z.string(),
        owner: z.string().optional(),
        on: z.boolean().openapi({ description: "Enabled, and true by default or for somebody." }),
        declared: States,
        targeted: z.boolean().openapi({ description: "It gives different clients different values." }),
        switched: AnyObject.optional().openapi({ description: "The live switch, when there is one." }),
        switchedRegions: z.array(AnyObject).optional().openapi({ description: "Live switches of single regions." }),
        regions: z
          .record(z.string(), AnyObject)
          .optional()
          .openapi({ description: "What differs in a region, switches included." }),
        rules: z.array(z.string()).openapi({ description: "Steering rules that count only for whom it is true." }),
        uses: z.array(z.string()).openapi({ description: "What goes by it. SDKs are not known here." }),
        stale: z
          .object({ reason: z.enum(["expired", "settled", "unreferenced"]), sentence: z.string() })
          .optional()
          .openapi({ description: "Why somebody should clean it up." }),
      }),
    ),
  })
  .openapi("FlagList");

const ListQuery = z.strictObject({
  stale: z
    .enum(["true", "false"])
    .optional()
    .openapi({ description: "`true`: only stale ones; `false`: only others." }),
});

const listRoute = createRoute({
  method: "get",
  path: "/v1/flags",
  operationId: "listFlags",
  tags: ["flags"],
  summary: "List flags",
  description:
    "Every flag of the fleet: what its document says, what it is switched to, what goes by it, and whether it is stale: past its `staleAfter`, the same for everybody for 30 days, or named by nothing for as long.",
  request: { query: ListQuery },
  responses: answers(FlagsAnswer, {
    description: "The flags, by name.",
    example: {
      flags: [
        {
          ...{ name: "new-checkout", on: true, declared: "ENABLED", targeted: true },
          ...{ rules: ["web/new-checkout"], uses: ["rule web/new-checkout", "clusters of web"] },
          regions: { "eu-west": { rollout: { variant: "on", shareBps: 2_500 } } },
        },
      ],
    },
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
  description:
    "Puts the flag into a state, in one region or everywhere, whatever its document says, until it is released or the switch expires. DISABLED everywhere is a kill switch: it holds in every region, and does not wait for a revision that is tried.",
  request: {
    ...request,
    body: jsonRequest(SwitchFields, { state: "DISABLED", reason: "the new checkout fails", expiresIn: "2h" }),
  },
  responses: mutationAnswers(
    "SwitchFlagAnswer",
    z.object({
      ...{ kind: z.literal("switchFlag"), flag: z.string(), region: z.string().optional(), state: States },
      ...{ rules: z.array(z.string()), expiresAtMs: z.int().optional() },
    }),
    {
      description: "The switch, and the rules that count because of it, or no longer do.",
      example: {
        ...{ kind: "switchFlag", flag: "new-checkout", state: "DISABLED" },
        ...{ rules: ["web/new-checkout"], expiresAtMs: AT_MS + 2 * 3_600_000 },
      },
      codes: ["flagUnknown", "regionUnknown", "expiryInvalid"],
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
  responses: mutationAnswers(
    "ReleaseFlagAnswer",
    z.object({ kind: z.literal("releaseFlag"), flag: z.string(), region: z.string().optional() }),
    {
      description: "The end of the switch.",
      example: { kind: "releaseFlag", flag: "new-checkout" },
      codes: ["flagUnknown", "regionUnknown"],
    },
  ),
});

/** What an object of the control plane answers, as plain JSON. */
function withPlainSwitches({ switched, switchedRegions, regions, ...flag }: FlagOverview) {
  return {
    ...flag,
    ...(switched === undefined ? {} : { switched: { ...switched } }),
    ...(switchedRegions === undefined ? {} : { switchedRegions: switchedRegions.map((one) => ({ ...one })) }),
    ...(regions === undefined ? {} : { regions: { ...regions } }),
  };
}

export function addFlagRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const { stale } = c.req.valid("query");
    const flags = await fleetStub(c.env).listFlags();
    const wanted =
      stale === undefined ? flags : flags.filter((flag) => (flag.stale !== undefined) === (stale === "true"));
    return reply(FlagsAnswer, { flags: wanted.map(withPlainSwitches) });
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
