/** `/v1/explain`: where a request would go and why, decided by the code that the edge runs. */
import { createRoute, z } from "@hono/zod-openapi";
import { METHODS } from "../../config/documents/route.ts";
import { HEALTH_REPORT_EMPTY } from "../../config/health.ts";
import { PATH_LENGTH_MAX } from "../../config/limits.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { type ClusterEvidence, clustersOfService, explainHealth } from "../core/explain/evidence.ts";
import { type Explanation, explain } from "../core/explain/explain.ts";
import { type AdminEnv, fleetStub, healthStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "../objects/deadline.ts";
import { answers } from "./answers.ts";
import { REVISION } from "./examples.ts";
import { HealthState, PassiveSchema, VantageText } from "./health-schemas.ts";
import { AnyObject, HostText, NumberText } from "./schemas.ts";

/** The health object answers from memory. */
const HEALTH_MS_MAX = 2_000;

const degrees = (name: string, limit: number) =>
  z
    .string()
    .regex(/^-?[0-9]{1,3}(\.[0-9]{1,10})?$/, "must be degrees, as in 50.11")
    .refine((text) => Math.abs(Number(text)) <= limit, `must be between -${limit} and ${limit}`)
    .optional()
    .openapi({ description: `The client's ${name} in degrees.` });

const ExplainQuery = z
  .strictObject({
    host: HostText.openapi({ description: "The host that the client asks for; a port is left out." }),
    path: z
      .string()
      .max(PATH_LENGTH_MAX)
      .regex(/^\/[\x21-\x3e\x40-\x7e]*$/, "must start with / and hold no query")
      .default("/")
      .openapi({ description: "The path that it asks for, without a query." }),
    method: z.enum(METHODS).default("GET").openapi({ description: "The method that it asks with." }),
    country: z
      .string()
      .regex(/^[A-Z][A-Z0-9]$/, "must be an ISO 3166-1 alpha-2 code, or T1 for Tor")
      .optional()
      .openapi({ description: "Where the client is: ISO 3166-1 alpha-2, or `T1` for Tor.", example: "DE" }),
    subdivision: z
      .string()
      .regex(/^[A-Z0-9]{1,3}$/, "must be the part of an ISO 3166-2 code behind the hyphen")
      .optional()
      .openapi({ description: "The part of the ISO 3166-2 code behind the hyphen.", example: "BY" }),
    continent: z
      .enum(["AF", "AN", "AS", "EU", "NA", "OC", "SA"])
      .optional()
      .openapi({ description: "The client's continent." }),
    latitude: degrees("latitude", 90),
    longitude: degrees("longitude", 180),
    asn: z
      .string()
      .regex(/^[1-9][0-9]{0,9}$/, "must be a positive integer")
      .optional()
      .openapi({ description: "The number of the network that the client comes from." }),
    key: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .openapi({ description: "What keeps the client in place: its address, or the value of the affinity header." }),
    draw: z
      .string()
      .regex(/^[0-9]{1,10}$/, "must be an unsigned 32-bit integer")
      .refine((text) => Number(text) < 2 ** 32, "must be an unsigned 32-bit integer")
      .optional()
      .openapi({ description: "The random number for a client without a key; one is drawn when absent." }),
    revision: NumberText.optional().openapi({ description: "A past revision; the target when absent." }),
    vantage: VantageText.optional().openapi({
      description: "As edges near this vantage see health; the nearest to the client when absent.",
    }),
  })
  .refine(({ latitude, longitude }) => latitude === undefined || longitude !== undefined, {
    path: ["longitude"],
    message: "is missing: a latitude alone is no place",
  })
  .refine(({ latitude, longitude }) => longitude === undefined || latitude !== undefined, {
    path: ["latitude"],
    message: "is missing: a longitude alone is no place",
  });

const Known = { state: HealthState, passive: PassiveSchema.optional() };

const HealthBehind = z
  .object({
    view: z.enum(["local", "global"]).openapi({
      description: "`local`: the decision goes by what the vantage sees. `global`: by what most see.",
    }),
    vantage: VantageText.optional().openapi({
      description: "That was asked for, or the nearest to the client. Absent when nobody knows where that is.",
    }),
    clusters: z.array(
      z.object({
        cluster: z.string(),
        global: z.object(Known),
        local: z.object({ vantage: VantageText, ...Known }).optional(),
        sentences: z.array(z.string()),
      }),
    ),
  })
  .openapi("ExplainedHealth", {
    description:
      "What is behind the health of the service's clusters: of those that are attempted, and of those that are not healthy for everybody.",
  });

const ExplainAnswer = z
  .object({
    revision: z.int(),
    draw: z.int(),
    healthKnown: z
      .boolean()
      .openapi({ description: "`false`: the health object did not answer, so all health is unknown." }),
    health: HealthBehind,
    decision: AnyObject,
    reasons: z.array(AnyObject),
    sentences: z.array(z.string()),
  })
  .openapi("Explanation");

const HEALTH_EXAMPLE: z.input<typeof HealthBehind> = {
  ...{ view: "local", vantage: "weur" },
  clusters: [
    {
      cluster: "eu-west-blue",
      global: { state: "healthy" },
      local: { vantage: "weur", state: "degraded" },
      sentences: ["eu-west-blue is healthy for most vantages (global), and degraded for weur (local)."],
    },
  ],
};

const ATTEMPT = { cluster: "eu-west-blue", region: "eu-west", side: "stable", endpoint: "https://eu.fairlead.example" };

const EXAMPLE = {
  ...{ revision: REVISION, draw: 0, healthKnown: true, health: HEALTH_EXAMPLE },
  decision: {
    ...{ kind: "forward", route: "web", service: "web", first: ATTEMPT },
    ...{ firstByteMs: 5_000, totalMs: 15_000, attempts: [ATTEMPT] },
  },
  reasons: [
    { code: "route.matched", route: "web", service: "web", host: "shop.fairlead.example" },
    { code: "residency.none" },
    { code: "steer.rule", rule: "europe", weights: { "eu-west": 100 } },
    { code: "pick.region", region: "eu-west", by: "clientAddress" },
  ],
  sentences: [
    'The route "web" matches the host shop.fairlead.example and belongs to the service "web".',
    "The service has no residency rules, so every region may serve this client.",
    'The steering rule "europe" matches the client and gives eu-west 100 (100%).',
    "The region eu-west is picked by the hash of the client's address.",
    "The request goes to the cluster eu-west-blue in eu-west.",
  ],
};

const explainRoute = createRoute({
  method: "get",
  path: "/v1/explain",
  operationId: "explain",
  tags: ["explain"],
  summary: "Explain a request",
  description: "Where a request would go, and why, decided by the code that the edge runs.",
  request: { query: ExplainQuery },
  responses: answers(ExplainAnswer, {
    description: "The decision and its reasons.",
    example: EXAMPLE,
    codes: ["revisionUnknown"],
  }),
});

export function addExplainRoutes(app: App): void {
  app.openapi(explainRoute, async (c) => {
    const { host, path, method, key, revision, draw: drawText, subdivision, vantage, ...place } = c.req.valid("query");
    const snapshot = await fleetStub(c.env).snapshotAt(revision === undefined ? undefined : Number(revision));
    if (snapshot === undefined) return refuse(c, { code: "revisionUnknown", detail: "There is no such revision." });
    const report = await orUnknown(healthStub(c.env).readReport());
    const draw = drawText === undefined ? randomDraw() : Number(drawText);
    const explanation = explain({
      snapshot,
      question: {
        ...{ host, path, method, draw },
        geo: { ...place, ...(subdivision === undefined ? {} : { regionCode: subdivision }) },
        ...(key === undefined ? {} : { key }),
      },
      report: report ?? HEALTH_REPORT_EMPTY,
      ...(vantage === undefined ? {} : { vantage }),
      nowMs: Date.now(),
    });
    const { reasons, ...conclusion } = explanation.decision;
    return reply(ExplainAnswer, {
      revision: snapshot.revision,
      draw,
      healthKnown: report !== undefined,
      health: await behind(c.env, snapshot, explanation),
      decision: conclusion,
      reasons,
      sentences: explanation.sentences,
    });
  });
}

/** Routing goes on without health, and so does its explanation. */
async function orUnknown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await withinMs(HEALTH_MS_MAX, "health", asked);
  } catch (error) {
    logEvent("explain.withoutHealth", { error: errorText(error) });
    return undefined;
  }
}

async function behind(env: AdminEnv, snapshot: Snapshot, { decision, view, vantage }: Explanation) {
  const overview = await orUnknown(healthStub(env).read(clustersOfService(snapshot, decision)));
  const clusters: readonly ClusterEvidence[] = explainHealth(overview?.clusters ?? [], { decision, vantage });
  return { view, ...(vantage === undefined ? {} : { vantage }), clusters };
}

function randomDraw(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
