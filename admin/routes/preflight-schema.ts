/** A preflight report as the API answers it; the type, with what each part means, is in admin/core/preflight/finding.ts. */
import { z } from "@hono/zod-openapi";

const FindingSchema = z
  .object({
    code: z.string().openapi({ description: "Stable: `image.notPinned`, `secrets.missing`, `reference.unknown`." }),
    severity: z.enum(["error", "warning"]),
    path: z.string().openapi({
      description: "RFC 6901, into the body of the request, or into the answer of `GET /v1/fleet`.",
    }),
    document: z.string().optional().openapi({ description: "Kind and name of the document." }),
    sentence: z.string(),
    fix: z.string(),
    clusters: z.array(z.string()).optional(),
    regions: z.array(z.string()).optional(),
  })
  .openapi("PreflightFinding");

export const PreflightSchema = z
  .object({
    ok: z.boolean().openapi({ description: "No finding is an error." }),
    findings: z.array(FindingSchema).openapi({ description: "Errors first." }),
    summary: z.object({
      errors: z.int(),
      warnings: z.int(),
      leftOut: z.int().openapi({ description: "How many findings there are beyond those listed." }),
      services: z.int(),
      clusters: z.int(),
      complete: z.boolean().openapi({
        description: "`false`: the documents have errors, so nothing beyond them was looked at.",
      }),
    }),
  })
  .openapi("Preflight");

export const PREFLIGHT_EXAMPLE: z.input<typeof PreflightSchema> = {
  ok: false,
  findings: [
    {
      ...{ code: "secrets.missing", severity: "error", document: "Cluster/us-east-blue" },
      path: "/documents/4/spec/reports/secrets/0",
      sentence:
        "us-east-blue (us-east) cannot read version v3 of the secret db, which is declared for it: it reports v2.",
      fix: "Give the secret to the cluster first, wait until it reports the version, and run preflight again.",
      ...{ clusters: ["us-east-blue"], regions: ["us-east"] },
    },
  ],
  summary: { errors: 1, warnings: 0, leftOut: 0, services: 2, clusters: 9, complete: true },
};

/** What SARIF is, is for its standard to say; `$schema` in the answer leads there. */
export const SarifSchema = z.looseObject({}).openapi("Sarif", { description: "SARIF 2.1.0, an OASIS standard." });

export const SARIF_EXAMPLE: z.input<typeof SarifSchema> = {
  $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  version: "2.1.0",
  runs: [
    {
      tool: { driver: { name: "Fairlead preflight", rules: [{ id: "secrets.missing" }] } },
      results: PREFLIGHT_EXAMPLE.findings.map(({ code, severity, sentence, path }) => ({
        ...{ ruleId: code, ruleIndex: 0, level: severity, message: { text: sentence } },
        locations: [{ logicalLocations: [{ fullyQualifiedName: path, kind: "value" }] }],
      })),
    },
  ],
};
