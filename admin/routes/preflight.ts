/** `/v1/preflight`: whether documents, or the fleet as it is, can go out and come back. For pipelines also as SARIF. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { CLUSTERS_MAX, SERVICES_MAX } from "../../config/limits.ts";
import { VERSION } from "../../config/release-version.ts";
import { sarifOf } from "../core/preflight/sarif.ts";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES, headerRefs } from "./answers.ts";
import { Documents } from "./mutation-bodies.ts";
import { PREFLIGHT_EXAMPLE, PreflightSchema, SARIF_EXAMPLE, SarifSchema } from "./preflight-schema.ts";
import { jsonRequest, NameText, NoQuery, withoutUndefined } from "./schemas.ts";

const JSON_TYPE = "application/json";
const SARIF_TYPE = "application/sarif+json";

const NOT_EMPTY = "must not be empty: leave it out to ask about everything";

const DESCRIPTION =
  "Looks at the documents sent, or at the fleet in force: schema and references; images pinned and equal within a wave; versions of schema, configuration and peers, for the declared version and for the way back; secrets, compliance markers and platform as clusters report them; residency on every path; capacity, freezes, drift. It refuses nothing itself: `ok` is `false` when a finding is an error. With `Accept: application/sarif+json` the answer is SARIF 2.1.0.";

/** One answer in two forms. */
const RESPONSES: RouteConfig["responses"] = {
  ...answers(PreflightSchema, {
    description: "What was found.",
    example: PREFLIGHT_EXAMPLE,
    codes: [...BODY_CODES, "preflightInvalid"],
  }),
  200: {
    description: "What was found.",
    headers: headerRefs([]),
    content: {
      // First, because the contract proxy takes `x+json` for a kind of `json`, and the first that fits.
      [SARIF_TYPE]: { schema: SarifSchema, example: SARIF_EXAMPLE },
      [JSON_TYPE]: { schema: PreflightSchema, example: PREFLIGHT_EXAMPLE },
    },
  },
};

const preflightRoute = createRoute({
  method: "post",
  path: "/v1/preflight",
  operationId: "preflight",
  tags: ["plans"],
  summary: "Check before going there",
  description: DESCRIPTION,
  request: {
    query: NoQuery,
    body: jsonRequest(
      z.strictObject({
        documents: Documents.optional(),
        services: z
          .array(NameText)
          .min(1, NOT_EMPTY)
          .max(SERVICES_MAX)
          .optional()
          .openapi({ description: "Only clusters of these services.", example: ["web"] }),
        clusters: z
          .array(NameText)
          .min(1, NOT_EMPTY)
          .max(CLUSTERS_MAX)
          .optional()
          .openapi({ description: "Only these clusters.", example: ["us-east-blue"] }),
      }),
      { services: ["web"] },
    ),
  },
  responses: RESPONSES,
});

export function addPreflightRoutes(app: App): void {
  app.openapi(preflightRoute, async (c) => {
    const report = await fleetStub(c.env).preflight(withoutUndefined(c.req.valid("json")));
    // It changes nothing, so it is a question and not a write that the audit log would hear of.
    markRecorded(c);
    if (!report.ok) return refuse(c, report.error);
    const type = accepts(c, { header: "Accept", supports: [JSON_TYPE, SARIF_TYPE], default: JSON_TYPE });
    if (type !== SARIF_TYPE) return reply(PreflightSchema, report.value);
    const log = sarifOf(report.value, { toolVersion: VERSION });
    return new Response(JSON.stringify(log), { headers: { "content-type": SARIF_TYPE } });
  });
}
