/** `/v1/drift`: where clusters differ from what is declared, and from each other. */
import { createRoute, z } from "@hono/zod-openapi";
import { driftGate } from "../core/drift/gate.ts";
import { statusStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { AT_MS } from "./examples.ts";
import { NameText } from "./schemas.ts";

/** As many as a person reads; the filters are for the rest. */
const LISTED_MAX = 500;

const FIELDS = ["version", "imageDigest", "configDigest", "secrets", "keyIds", "compliance", "status"] as const;

const DriftAnswer = z
  .object({
    total: z.int().openapi({ description: `How many there are; the first ${LISTED_MAX} are listed.` }),
    drift: z.array(
      z.object({
        key: z.string().openapi({ description: "The same for as long as the difference lasts." }),
        kind: z.enum(["declared", "between", "unknown"]).openapi({
          description:
            "`declared`: a cluster reports something other than its document says. `between`: clusters of a service that must be alike are not. `unknown`: what must be reported is not.",
        }),
        field: z.enum(FIELDS).openapi({ description: "`status`: the cluster does not report at all." }),
        secret: z.string().optional(),
        service: z.string(),
        clusters: z.array(z.string()),
        declared: z.string().optional(),
        reported: z.record(z.string(), z.string()).openapi({ description: "By cluster." }),
        severity: z
          .enum(["error", "warning"])
          .openapi({ description: "Errors stop releases; the Policy says which are." }),
        sentence: z.string(),
        firstSeenMs: z.int(),
        ageMs: z.int(),
      }),
    ),
    gate: z
      .object({
        verdict: z.enum(["pass", "fail", "inconclusive"]).openapi({
          description:
            "`fail`: an error, or a difference that has lasted longer than the Policy allows. `inconclusive`: nothing is known to be wrong, but not everything is known.",
        }),
        drift: z.array(z.string()).openapi({ description: "Keys of what it is for." }),
      })
      .openapi({ description: "Whether a release may go on; of the service that was asked about, else of all." }),
  })
  .openapi("DriftList");

const driftRoute = createRoute({
  method: "get",
  path: "/v1/drift",
  operationId: "listDrift",
  tags: ["drift"],
  summary: "List drift",
  description: "What clusters report and should not, or should and do not, with since when. Gravest and oldest first.",
  request: {
    query: z.strictObject({
      service: NameText.optional().openapi({ description: "Of this service only.", example: "web" }),
      cluster: NameText.optional().openapi({ description: "Of this cluster only.", example: "eu-west-blue" }),
    }),
  },
  responses: answers(DriftAnswer, {
    description: "The differences.",
    example: {
      total: 1,
      drift: [
        {
          ...{ key: "declared/eu-west-blue/imageDigest", kind: "declared", field: "imageDigest", service: "web" },
          ...{ clusters: ["eu-west-blue"], declared: `sha256:${"4e".repeat(32)}`, severity: "error" },
          reported: { "eu-west-blue": `sha256:${"99".repeat(32)}` },
          sentence: "eu-west-blue reports the image digest sha256:999999999999; declared is sha256:4e4e4e4e4e4e.",
          ...{ firstSeenMs: AT_MS - 90_000, ageMs: 90_000 },
        },
      ],
      gate: { verdict: "fail", drift: ["declared/eu-west-blue/imageDigest"] },
    },
  }),
});

export function addDriftRoutes(app: App): void {
  app.openapi(driftRoute, async (c) => {
    const { service, cluster } = c.req.valid("query");
    const { tracked, policy } = await statusStub(c.env).readDrift();
    const nowMs = Date.now();
    const wanted = tracked
      .filter((one) => service === undefined || one.service === service)
      .filter(({ clusters }) => cluster === undefined || clusters.includes(cluster))
      .sort((a, b) => weight(b) - weight(a) || a.firstSeenMs - b.firstSeenMs);
    const drift = wanted.slice(0, LISTED_MAX).map((one) => ({ ...one, ageMs: Math.max(0, nowMs - one.firstSeenMs) }));
    const services = service === undefined ? {} : { services: [service] };
    const gate = driftGate({ tracked, policy, nowMs, ...services });
    const keys = gate.verdict === "pass" ? [] : gate.because.slice(0, LISTED_MAX).map(({ key }) => key);
    return reply(DriftAnswer, { total: wanted.length, drift, gate: { verdict: gate.verdict, drift: keys } });
  });
}

function weight({ severity }: { readonly severity: "error" | "warning" }): number {
  return severity === "error" ? 1 : 0;
}
