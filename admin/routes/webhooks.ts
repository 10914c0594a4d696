/** `/v1/webhooks`: where events are sent, what came of each delivery, and the secrets that sign. Never the value of one. */
import { createRoute, z } from "@hono/zod-openapi";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { EVENT_TYPES, SECRET_PLACE } from "../../config/webhook.ts";
import type { NewEvent } from "../core/webhooks/event.ts";
import type { Receiver } from "../core/webhooks/receiver.ts";
import { isSigningSecret } from "../core/webhooks/signature.ts";
import { alertStub } from "../env.ts";
import type { App, AppContext } from "../http/context.ts";
import { perform } from "../http/perform.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { DELIVERY_STATES, type Delivery } from "../store/delivery-store.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { readPage } from "./pages.ts";
import { DurationText, jsonRequest, NameText, NoQuery, PageQuery, ReasonText } from "./schemas.ts";

/** Svix, from which the specification comes, lets both sign for a day. */
const OVERLAP_MS_DEFAULT = 24 * 3_600_000;
const OVERLAP_MS_MAX = 7 * 24 * 3_600_000;

const DELIVERY_ID = "0e8b2f0a-6a52-4c0e-9d0b-6f1f4b1f8a11";

const TermsSchema = z
  .array(
    z.object({
      createdAtMs: z.int(),
      endsAtMs: z.int().optional().openapi({ description: "Until then the older one signs, too." }),
    }),
  )
  .openapi({ description: "Secrets that are good at the moment, the newest first. None: nothing can be sent." });

const WebhookSchema = z
  .object({
    name: z.string(),
    owners: z.array(z.string()).openapi({ description: "Whose alerts it gets." }),
    url: z.string(),
    format: z.enum(["standard", "slack"]),
    events: z.array(z.string()),
    severities: z.array(z.enum(["page", "ticket"])).optional(),
    default: z.boolean().openapi({ description: "It gets what no owner takes." }),
    timeoutMs: z.int(),
    secret: z.object({ name: z.string(), active: TermsSchema }),
    deliveries: z.object({ pending: z.int(), delivered: z.int(), dead: z.int() }),
  })
  .openapi("Webhook");

const WebhooksAnswer = z.object({ webhooks: z.array(WebhookSchema) }).openapi("WebhookList");

const listRoute = createRoute({
  method: "get",
  path: "/v1/webhooks",
  operationId: "listWebhooks",
  tags: ["webhooks"],
  summary: "List webhooks",
  description: "Every Webhook of the fleet, with how its deliveries went within the last thirty days.",
  request: { query: NoQuery },
  responses: answers(WebhooksAnswer, {
    description: "The webhooks, by name.",
    example: {
      webhooks: [
        {
          ...{ name: "team-web", owners: ["team-web"], url: "https://hooks.example.com/fairlead", format: "standard" },
          ...{ events: ["alert.*", "incident.*"], default: true, timeoutMs: 5_000 },
          secret: { name: "team-web", active: [{ createdAtMs: AT_MS }] },
          deliveries: { pending: 0, delivered: 12, dead: 0 },
        },
      ],
    },
  }),
});

const DeliverySchema = z
  .object({
    id: z.string(),
    messageId: z.string().openapi({ description: "`webhook-id`: the same for every attempt and every receiver." }),
    webhook: z.string(),
    type: z.string().openapi({ description: `Of the event: ${EVENT_TYPES.join(", ")}.` }),
    summary: z.string(),
    state: z.enum(DELIVERY_STATES).openapi({ description: "`dead`: given up after ten attempts, or 410; replay it." }),
    attempts: z.int(),
    createdAtMs: z.int(),
    dueAtMs: z.int().optional().openapi({ description: "The next attempt." }),
    endedAtMs: z.int().optional(),
    error: z.string().optional().openapi({ description: "Of the last attempt that failed." }),
  })
  .openapi("WebhookDelivery");

const DELIVERY: z.input<typeof DeliverySchema> = {
  ...{ id: DELIVERY_ID, messageId: `msg_${"4e".repeat(16)}`, webhook: "team-web", type: "alert.firing" },
  summary: "Burning (page): web in eu-west: availability.",
  ...{ state: "pending", attempts: 2, createdAtMs: AT_MS, dueAtMs: AT_MS + 20_000, error: "It answered 503." },
};

const DeliveriesAnswer = z
  .object({
    deliveries: z.array(DeliverySchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("WebhookDeliveryList");

const deliveriesRoute = createRoute({
  method: "get",
  path: "/v1/webhooks/deliveries",
  operationId: "listDeliveries",
  tags: ["webhooks"],
  summary: "List deliveries",
  description: "Newest first. `state=dead` is the dead letters.",
  request: {
    query: z.strictObject({
      ...PageQuery.shape,
      state: z.enum(DELIVERY_STATES).optional().openapi({ description: "Only these.", example: "dead" }),
      webhook: NameText.optional().openapi({ description: "To this webhook only.", example: "team-web" }),
    }),
  },
  responses: answers(DeliveriesAnswer, {
    description: "One page.",
    example: { deliveries: [DELIVERY] },
    headers: ["link"],
  }),
});

const reason = z.strictObject({ reason: ReasonText });

const replayRoute = createRoute({
  method: "post",
  path: "/v1/webhooks/deliveries/{id}/replay",
  operationId: "replayDelivery",
  tags: ["webhooks"],
  summary: "Send a delivery again",
  description:
    "Under the id that it had, so that a receiver can tell that it has it already. Tried at once, and then as often as a new one.",
  request: {
    query: NoQuery,
    params: z.object({ id: z.string().openapi({ description: "Its id.", example: DELIVERY_ID }) }),
    body: jsonRequest(reason, { reason: "the receiver is back" }),
  },
  responses: answers(DeliverySchema, {
    description: "The delivery after the attempt.",
    example: { ...DELIVERY, state: "delivered", attempts: 1, endedAtMs: AT_MS },
    codes: [...BODY_CODES, "deliveryUnknown"],
  }),
});

const params = z.object({ name: NameText.openapi({ description: "The name of the webhook.", example: "team-web" }) });

const testRoute = createRoute({
  method: "post",
  path: "/v1/webhooks/{name}/test",
  operationId: "testWebhook",
  tags: ["webhooks"],
  summary: "Test a webhook",
  description:
    "Sends it an event of type `webhook.test` at once, whatever its filters say, and answers what came of it.",
  request: { query: NoQuery, params, body: jsonRequest(reason, { reason: "is the new address right?" }) },
  responses: answers(DeliverySchema, {
    description: "The delivery after the attempt.",
    example: { ...DELIVERY, type: "webhook.test", summary: "A test of the webhook team-web." },
    codes: [...BODY_CODES, "webhookUnknown"],
  }),
});

const SecretAnswer = z
  .object({
    webhook: z.string(),
    secret: z.string().openapi({ description: "Its name." }),
    value: z.string().optional().openapi({ description: "Only of one that was made here, and only this once." }),
    active: TermsSchema,
  })
  .openapi("WebhookSecret");

const secretRoute = createRoute({
  method: "post",
  path: "/v1/webhooks/{name}/secret",
  operationId: "rotateWebhookSecret",
  tags: ["webhooks"],
  summary: "Set or rotate the secret of a webhook",
  description: `The old one goes on signing beside the new one for \`overlap\`, so that the receiver can change at its leisure. Without \`secret\` one is made for a standard webhook, and shown this once. For Slack it is what stands in the place of \`${SECRET_PLACE}\` in the address.`,
  request: {
    query: NoQuery,
    params,
    body: jsonRequest(
      z.strictObject({
        secret: z.string().max(500).optional().openapi({ description: "`whsec_` and base64, or Slack's token." }),
        overlap: DurationText.refine((ms) => ms <= OVERLAP_MS_MAX, "must be at most 7d")
          .optional()
          .openapi({ description: "24h when absent.", example: "1h" }),
        compromised: z.literal(true).optional().openapi({ description: "The old one is worth nothing from now on." }),
        reason: ReasonText,
      }),
      { reason: "the quarterly rotation" },
    ),
  },
  responses: answers(SecretAnswer, {
    description: "What is good now.",
    example: {
      ...{ webhook: "team-web", secret: "team-web", value: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
      active: [{ createdAtMs: AT_MS }, { createdAtMs: AT_MS - 86_400_000, endsAtMs: AT_MS + 86_400_000 }],
    },
    codes: [...BODY_CODES, "webhookUnknown", "webhookSecretInvalid"],
  }),
});

export function addWebhookRoutes(app: App): void {
  app.openapi(listRoute, async (c) => {
    const webhooks = (await alertStub(c.env).readWebhooks()).map(({ secret, terms, isDefault, ...webhook }) => ({
      ...webhook,
      default: isDefault,
      secret: { name: secret, active: terms },
    }));
    return reply(WebhooksAnswer, { webhooks });
  });

  app.openapi(deliveriesRoute, async (c) => {
    const { state, webhook, ...page } = c.req.valid("query");
    const filter = { ...(state === undefined ? {} : { state }), ...(webhook === undefined ? {} : { webhook }) };
    const query = new URLSearchParams(filter).toString();
    const path = query === "" ? "/v1/webhooks/deliveries" : `/v1/webhooks/deliveries?${query}`;
    const { items, next, headers } = await readPage(path, page, (before, limit) =>
      alertStub(c.env).listDeliveries({ ...filter, before, limit }),
    );
    return reply(DeliveriesAnswer, { deliveries: items, ...next }, headers);
  });

  app.openapi(replayRoute, async (c) => {
    const { id } = c.req.valid("param");
    const alerts = alertStub(c.env);
    const known = await alerts.findDelivery(id);
    const problem = known === undefined ? DELIVERY_UNKNOWN : undefined;
    const act = { duty: "webhook.replay", resource: `delivery/${id}`, ...c.req.valid("json") } as const;
    const entered = await perform(c, problem === undefined ? act : { ...act, problem });
    if (!entered.ok) return refuse(c, entered.error);
    return deliveryReply(c, await alerts.replayDelivery(id));
  });

  app.openapi(testRoute, async (c) => {
    const { name } = c.req.valid("param");
    const alerts = alertStub(c.env);
    const problem = (await alerts.findWebhook(name)) === undefined ? WEBHOOK_UNKNOWN : undefined;
    const act = { duty: "webhook.test", resource: `webhook/${name}`, ...c.req.valid("json") } as const;
    const entered = await perform(c, problem === undefined ? act : { ...act, problem });
    if (!entered.ok) return refuse(c, entered.error);
    const event: NewEvent = {
      ...{ key: `webhook.test.${c.get("requestId")}`, type: "webhook.test", atMs: Date.now() },
      summary: `A test of the webhook ${name}.`,
      data: { webhook: name, by: c.get("principal").name, ...c.req.valid("json") },
    };
    return deliveryReply(c, await alerts.testWebhook(name, event));
  });

  app.openapi(secretRoute, async (c) => {
    const { name } = c.req.valid("param");
    const { secret: value, overlap = OVERLAP_MS_DEFAULT, compromised, reason: why } = c.req.valid("json");
    const alerts = alertStub(c.env);
    const problem = secretProblem(await alerts.findWebhook(name), value);
    const act = { duty: "webhook.secret", resource: `webhook/${name}`, reason: why } as const;
    const entered = await perform(c, problem === undefined ? act : { ...act, problem });
    if (!entered.ok) return refuse(c, entered.error);
    const overlapMs = compromised === true ? 0 : overlap;
    const set = await alerts.setWebhookSecret({ webhook: name, overlapMs, ...(value === undefined ? {} : { value }) });
    if (!set.ok) return refuse(c, set.error);
    const { secret, terms, made } = set.value;
    return reply(SecretAnswer, {
      webhook: name,
      secret,
      active: terms,
      ...(made === undefined ? {} : { value: made }),
    });
  });
}

type Delivered = Awaited<ReturnType<ReturnType<typeof alertStub>["replayDelivery"]>>;

function deliveryReply(c: AppContext, delivered: Delivered): Response {
  if (!delivered.ok) return refuse(c, delivered.error);
  const { number: _, ...delivery } = delivered.value satisfies Delivery;
  return reply(DeliverySchema, delivery);
}

const WEBHOOK_UNKNOWN: AdminRefusal = { code: "webhookUnknown", detail: "The fleet has no such Webhook." };
const DELIVERY_UNKNOWN: AdminRefusal = { code: "deliveryUnknown", detail: "There is no such delivery." };

/** What stands in a path may not lead anywhere else in it. */
const PATH_TOKEN_PATTERN = /^[A-Za-z0-9_~-][A-Za-z0-9._~/-]{7,199}$/;

/** Never repeats the value. */
function secretProblem(receiver: Receiver | undefined, value: string | undefined): AdminRefusal | undefined {
  if (receiver === undefined) return WEBHOOK_UNKNOWN;
  const invalid = (detail: string): AdminRefusal => ({
    ...{ code: "webhookSecretInvalid", detail },
    errors: [{ pointer: "/secret", detail, code: "webhook.secret" }],
  });
  if (receiver.format === "standard") {
    if (value === undefined || isSigningSecret(value)) return undefined;
    return invalid(
      "The secret of a standard webhook is `whsec_` and 24 to 64 bytes in base64; leave it out to have one made.",
    );
  }
  if (!receiver.url.includes(SECRET_PLACE))
    return invalid(`The address of ${receiver.name} has no place for a secret: write ${SECRET_PLACE} where it goes.`);
  if (value !== undefined && PATH_TOKEN_PATTERN.test(value) && !value.split("/").includes("..")) return undefined;
  return invalid(
    "The secret of a Slack webhook is the part of its address that is secret: letters, digits, slashes, 8 to 200 of them.",
  );
}
