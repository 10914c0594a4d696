/** `/v1/explain`: where a request would go and why, decided by the code that the edge runs. */
import { createRoute, z } from "@hono/zod-openapi";
import { METHODS } from "../../config/documents.ts";
import { HEALTH_REPORT_EMPTY, type HealthReport } from "../../config/health.ts";
import { PATH_LENGTH_MAX } from "../../config/limits.ts";
import { explain } from "../core/explain/explain.ts";
import { type AdminEnv, fleetStub, proberStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { errorText, logEvent } from "../log.ts";
import { answers, HostText, NumberText } from "./schemas.ts";

const degrees = (limit: number) =>
  z
    .string()
    .regex(/^-?[0-9]{1,3}(\.[0-9]{1,10})?$/, "must be degrees, as in 50.11")
    .refine((text) => Math.abs(Number(text)) <= limit, `must be between -${limit} and ${limit}`)
    .optional();

const ExplainQuery = z
  .strictObject({
    host: HostText,
    path: z
      .string()
      .max(PATH_LENGTH_MAX)
      .regex(/^\/[\x21-\x3e\x40-\x7e]*$/, "must start with / and hold no query")
      .default("/"),
    method: z.enum(METHODS).default("GET"),
    country: z
      .string()
      .regex(/^[A-Z][A-Z0-9]$/, "must be an ISO 3166-1 alpha-2 code, or T1 for Tor")
      .optional()
      .openapi({ example: "DE" }),
    subdivision: z
      .string()
      .regex(/^[A-Z0-9]{1,3}$/, "must be the part of an ISO 3166-2 code behind the hyphen")
      .optional(),
    continent: z.enum(["AF", "AN", "AS", "EU", "NA", "OC", "SA"]).optional(),
    latitude: degrees(90),
    longitude: degrees(180),
    asn: z
      .string()
      .regex(/^[1-9][0-9]{0,9}$/, "must be a positive integer")
      .optional(),
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
  })
  .refine(({ latitude, longitude }) => latitude === undefined || longitude !== undefined, {
    path: ["longitude"],
    message: "is missing: a latitude alone is no place",
  })
  .refine(({ latitude, longitude }) => longitude === undefined || latitude !== undefined, {
    path: ["latitude"],
    message: "is missing: a longitude alone is no place",
  });

const ExplainAnswer = z
  .object({
    revision: z.int(),
    draw: z.int(),
    healthKnown: z.boolean().openapi({ description: "`false`: the prober did not answer, so all health is unknown." }),
    decision: z.unknown().openapi({ type: "object" }),
    reasons: z.array(z.unknown()).openapi({ type: "array", items: { type: "object" } }),
    sentences: z.array(z.string()),
  })
  .openapi("Explanation");

const explainRoute = createRoute({
  method: "get",
  path: "/v1/explain",
  operationId: "explain",
  summary: "Where a request would go, and why",
  request: { query: ExplainQuery },
  responses: answers(ExplainAnswer, "The decision and its reasons.", ["revisionUnknown"]),
});

export function addExplainRoutes(app: App): void {
  app.openapi(explainRoute, async (c) => {
    const { host, path, method, key, revision, draw: drawText, subdivision, ...place } = c.req.valid("query");
    const snapshot = await fleetStub(c.env).snapshotAt(revision === undefined ? undefined : Number(revision));
    if (snapshot === undefined) return refuse(c, { code: "revisionUnknown", detail: "There is no such revision." });
    const report = await readHealth(c.env);
    const draw = drawText === undefined ? randomDraw() : Number(drawText);
    const { decision, sentences } = explain({
      snapshot,
      question: {
        ...{ host, path, method, draw },
        geo: { ...place, ...(subdivision === undefined ? {} : { regionCode: subdivision }) },
        ...(key === undefined ? {} : { key }),
      },
      report: report ?? HEALTH_REPORT_EMPTY,
      nowMs: Date.now(),
    });
    const { reasons, ...conclusion } = decision;
    return reply(ExplainAnswer, {
      revision: snapshot.revision,
      draw,
      healthKnown: report !== undefined,
      decision: conclusion,
      reasons,
      sentences,
    });
  });
}

/** Routing goes on without health, and so does its explanation. */
async function readHealth(env: AdminEnv): Promise<HealthReport | undefined> {
  try {
    return (await proberStub(env).read()).report;
  } catch (error) {
    logEvent("explain.withoutHealth", { error: errorText(error) });
    return undefined;
  }
}

function randomDraw(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
