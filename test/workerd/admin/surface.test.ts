/** What is public changes only where a reviewer sees it: addresses, operations and error codes are listed here. */
import { describe, expect, test } from "vitest";
import { createApp } from "../../../admin/app.ts";
import { ADMIN_PROBLEMS } from "../../../config/admin-problems.ts";
import { ask } from "./support.ts";

const OPERATIONS = [
  "GET /",
  "GET /healthz",
  "GET /metrics",
  "GET /openapi.json",
  "GET /problems/{code}",
  "GET /v1/alerts",
  "GET /v1/alerts/history",
  "GET /v1/approvals",
  "GET /v1/approvals/{id}",
  "GET /v1/audit",
  "GET /v1/audit/checkpoint",
  "GET /v1/audit/consistency",
  "GET /v1/audit/export",
  "GET /v1/audit/{index}",
  "GET /v1/audit/{index}/proof",
  "GET /v1/backup",
  "GET /v1/clusters/{name}/status",
  "GET /v1/debug-tokens",
  "GET /v1/deleted",
  "GET /v1/delivery",
  "GET /v1/drift",
  "GET /v1/events",
  "GET /v1/explain",
  "GET /v1/flags",
  "GET /v1/fleet",
  "GET /v1/freezes",
  "GET /v1/health",
  "GET /v1/health/clusters/{name}",
  "GET /v1/health/transitions",
  "GET /v1/incidents",
  "GET /v1/metrics/demand",
  "GET /v1/metrics/distribution",
  "GET /v1/metrics/query",
  "GET /v1/objectives",
  "GET /v1/overrides",
  "GET /v1/propagation",
  "GET /v1/revisions",
  "GET /v1/revisions/{revision}",
  "GET /v1/revisions/{revision}/diff",
  "GET /v1/secrets",
  "GET /v1/timeline",
  "GET /v1/webhooks",
  "GET /v1/webhooks/deliveries",
  "GET /version",
  "PATCH /v1/weights",
  "POST /ofrep/v1/evaluate/flags",
  "POST /ofrep/v1/evaluate/flags/{key}",
  "POST /v1/alerts/{id}/acknowledge",
  "POST /v1/approvals/{id}/approve",
  "POST /v1/approvals/{id}/reject",
  "POST /v1/audit/subjects/{subject}/erase",
  "POST /v1/backup/restore",
  "POST /v1/batch",
  "POST /v1/clusters/{name}/drain",
  "POST /v1/clusters/{name}/undrain",
  "POST /v1/debug-tokens",
  "POST /v1/flags/{name}/release",
  "POST /v1/flags/{name}/switch",
  "POST /v1/freezes",
  "POST /v1/freezes/{name}/lift",
  "POST /v1/incidents",
  "POST /v1/incidents/{id}/close",
  "POST /v1/overrides",
  "POST /v1/overrides/{name}/lift",
  "POST /v1/preflight",
  "POST /v1/regions/{name}/drain",
  "POST /v1/regions/{name}/undrain",
  "POST /v1/revisions/{revision}/restore",
  "POST /v1/secrets/{name}/compromised",
  "POST /v1/secrets/{name}/revoke",
  "POST /v1/secrets/{name}/rotate",
  "POST /v1/simulate",
  "POST /v1/webhooks/deliveries/{id}/replay",
  "POST /v1/webhooks/{name}/secret",
  "POST /v1/webhooks/{name}/test",
  "PUT /v1/clusters/{name}/status",
  "PUT /v1/fleet",
];

/** Operations that write and ask for no `If-Match`: they change neither routing nor the rules of changing it by themselves. */
const UNCONDITIONAL = [
  "POST /v1/alerts/{id}/acknowledge",
  "POST /v1/approvals/{id}/approve",
  "POST /v1/approvals/{id}/reject",
  "POST /v1/audit/subjects/{subject}/erase",
  "POST /v1/backup/restore",
  "POST /v1/debug-tokens",
  "POST /v1/incidents",
  "POST /v1/incidents/{id}/close",
  "POST /v1/preflight",
  "POST /v1/simulate",
  "POST /v1/webhooks/deliveries/{id}/replay",
  "POST /v1/webhooks/{name}/secret",
  "POST /v1/webhooks/{name}/test",
  "POST /ofrep/v1/evaluate/flags",
  "POST /ofrep/v1/evaluate/flags/{key}",
  "PUT /v1/clusters/{name}/status",
];

/** Those of another protocol, which says how its answers look. */
const FOREIGN = OPERATIONS.filter((name) => name.includes(" /ofrep/"));

/** Operations under /v1 that another proof than a token opens: a cluster's own signature. */
const SIGNED = ["PUT /v1/clusters/{name}/status"];

type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: unknown[];
  readonly parameters?: { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>;
};

async function operations(): Promise<readonly [string, Operation][]> {
  const { body } = await ask("/openapi.json");
  return Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

describe("/openapi.json", () => {
  test("is OpenAPI 3.1 with all that the standard requires", async () => {
    const { status, body } = await ask("/openapi.json");
    expect(status).toBe(200);
    expect(body.openapi).toMatch(/^3\.1\.\d+$/);
    expect(body.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(body.components.securitySchemes.bearer).toEqual({ type: "http", scheme: "bearer" });
    expect(JSON.stringify(body)).not.toContain('"nullable"'); // a word of 3.0
    for (const reference of JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = (reference[1] ?? "").split("/").reduce((value, key) => value?.[key], body);
      expect(found, reference[1]).toBeDefined();
    }
  });

  test("lists exactly the operations that exist", async () => {
    const listed = (await operations()).map(([name]) => name).sort();
    expect(listed).toEqual(OPERATIONS);
    const served = createApp()
      .routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:([a-z]+)/g, "{$1}")}`);
    expect([...new Set(served)].sort()).toEqual([...OPERATIONS, "POST /v1/development/fail"].sort());
  });

  test("every operation has a unique id, a summary, and says how it can fail", async () => {
    const all = await operations();
    expect(new Set(all.map(([, { operationId }]) => operationId)).size).toBe(all.length);
    for (const [name, operation] of all) {
      expect(operation.summary, name).not.toBe("");
      if (FOREIGN.includes(name)) {
        expect(operation.security, name).toEqual([{ bearer: [] }, { apiKey: [] }]);
        expect(Object.keys(operation.responses), name).toEqual(
          expect.arrayContaining(["200", "400", "401", "403", "429", "500"]),
        );
        continue;
      }
      const open = !name.includes(" /v1/") && name !== "GET /metrics";
      const signed = SIGNED.includes(name) ? [{ clusterSignature: [] }] : undefined;
      expect(operation.security, name).toEqual(open ? [] : signed);
      if (open) continue;
      expect(Object.keys(operation.responses), name).toEqual(expect.arrayContaining(["200", "400", "401", "500"]));
      for (const [status, { content }] of Object.entries(operation.responses))
        if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(["application/problem+json"]);
    }
  });

  test("every change asks for If-Match, and may carry an idempotency key and the digest of a plan", async () => {
    const changes = (await operations()).filter(([name]) => !name.startsWith("GET ") && !UNCONDITIONAL.includes(name));
    expect(changes.length).toBeGreaterThan(5);
    for (const [name, { parameters = [], responses }] of changes) {
      const headers = parameters.filter((parameter) => parameter.in === "header");
      expect(
        headers.map((header) => `${header.name}${header.required ? "" : "?"}`),
        name,
      ).toEqual(["if-match", "idempotency-key?", "fairlead-plan?"]);
      expect(Object.keys(responses), name).toEqual(expect.arrayContaining(["200", "202", "409", "412", "428"]));
    }
  });

  test("says of each body what must be in it, and its patterns are patterns", async () => {
    const { body } = await ask("/openapi.json");
    const schemaOf = (path: string, method: string) =>
      body.paths[path][method].requestBody.content["application/json"].schema;
    expect(schemaOf("/v1/fleet", "put").required).toEqual(["documents"]);
    expect(schemaOf("/v1/weights", "patch").required).toEqual(["route", "rule", "weights", "reason"]);
    expect(schemaOf("/v1/regions/{name}/drain", "post").required).toEqual(["reason"]);
    expect(schemaOf("/v1/clusters/{name}/undrain", "post").required).toEqual(["reason"]);
    for (const [, pattern] of JSON.stringify(body).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)) {
      const text = String(JSON.parse(pattern ?? '""'));
      expect(() => new RegExp(text)).not.toThrow();
      expect(text).toMatch(/\$$/);
    }
  });

  test("every parameter of a path is declared", async () => {
    const { body } = await ask("/openapi.json");
    for (const [path, methods] of Object.entries<Record<string, { parameters?: { name: string; in: string }[] }>>(
      body.paths,
    ))
      for (const { parameters = [] } of Object.values(methods)) {
        const declared = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
        expect(declared).toEqual([...path.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1]));
      }
  });
});

test("the codes of problems", () => {
  expect(Object.entries(ADMIN_PROBLEMS).map(([code, { status }]) => `${status} ${code}`)).toEqual([
    "401 unauthenticated",
    "401 signatureInvalid",
    "403 forbidden",
    "404 notFound",
    "404 regionUnknown",
    "404 clusterUnknown",
    "404 revisionUnknown",
    "404 flagUnknown",
    "404 freezeUnknown",
    "404 overrideUnknown",
    "404 secretUnknown",
    "404 approvalUnknown",
    "404 incidentUnknown",
    "404 alertUnknown",
    "404 webhookUnknown",
    "404 deliveryUnknown",
    "404 auditUnknown",
    "405 methodNotAllowed",
    "415 contentTypeUnsupported",
    "413 bodyTooLarge",
    "408 bodyTimeout",
    "400 bodyMalformed",
    "400 parameterInvalid",
    "422 bodyInvalid",
    "422 documentsInvalid",
    "422 weightsInvalid",
    "422 drainInvalid",
    "422 expiryInvalid",
    "422 clearInvalid",
    "422 freezeInvalid",
    "422 overrideInvalid",
    "422 secretInvalid",
    "422 webhookSecretInvalid",
    "422 statusInvalid",
    "422 preflightInvalid",
    "422 restoreInvalid",
    "422 backupInvalid",
    "409 ruleDenied",
    "409 managedByOther",
    "409 planStale",
    "409 approvalClosed",
    "403 approvalOwn",
    "409 statusReplayed",
    "409 incidentClosed",
    "409 environmentNotEmpty",
    "409 idempotencyRunning",
    "422 idempotencyMismatch",
    "412 preconditionFailed",
    "429 rateLimited",
    "428 preconditionRequired",
    "500 internal",
    "503 unavailable",
  ]);
});
