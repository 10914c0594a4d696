/** Preflight through the API: of documents, of the fleet in force, within plans, and in both forms. */
import { describe, expect, test } from "vitest";
import { PreflightSchema } from "../../../admin/routes/preflight-schema.ts";
import {
  DECLARED,
  declare,
  OTHER_IMAGE,
  report,
  reportingFleet,
  reportingPair,
  withDocuments,
} from "./status-support.ts";
import { type Answer, ask, cluster, env, get, POLICY, send, smallFleet, TOKEN } from "./support.ts";

const pair = reportingPair();

/** A report is held to its schema here: the contract proxy takes one form of the answer for the other. */
async function preflight(body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await send("POST", "/v1/preflight", body, headers);
  if (answer.headers.get("content-type") === "application/json") PreflightSchema.parse(answer.body);
  return answer;
}

const told = ({ body }: Answer): string[] =>
  body.findings.map(
    ({ code, severity, document }: { readonly code: string; readonly severity: string; readonly document?: string }) =>
      `${code}${severity === "warning" ? "?" : ""} ${document ?? "-"}`,
  );

/** The reporting fleet with every cluster's spec changed. Each has an endpoint of its own, both lead to the same server. */
async function fleetWith(fields: object = {}, reports: object = DECLARED): Promise<unknown[]> {
  const documents = await reportingFleet([pair.blue, pair.other], { reports });
  return documents.map((document) => {
    const { kind, metadata, spec } = document as typeof CLUSTER; // ours are documents, and those of the kind are like it
    if (kind !== "Cluster") return document;
    const host = metadata.name === "us-east-blue" ? "localhost" : "127.0.0.1";
    const endpoint = spec.endpoint.replace("127.0.0.1", host);
    return { ...(document as object), spec: { ...spec, endpoint, ...fields } };
  });
}
const CLUSTER = cluster("us-east-blue", "us-east");

describe("POST /v1/preflight", () => {
  test("an environment without anything has nothing to prove", async () => {
    const { status, body } = await preflight();
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, findings: [{ code: "fleet.empty", severity: "warning" }] });
  });

  test("the fleet in force, with everybody reporting what is declared, is fine", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other);
    const { body } = await preflight();
    expect(body).toEqual({
      ok: true,
      findings: [],
      summary: { errors: 0, warnings: 0, leftOut: 0, services: 1, clusters: 2, complete: true },
    });
  });

  test("documents are judged before anybody applies them, and nothing is changed", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other);
    const image = "registry.example/web:2.0";
    const answer = await preflight({ documents: await fleetWith({ image }) });
    expect(answer.body.ok).toBe(false);
    expect(told(answer)).toEqual([
      "image.notPinned Cluster/eu-west-blue",
      "image.notPinned Cluster/us-east-blue",
      "rollback.undeclared? Cluster/eu-west-blue",
    ]);
    expect(answer.body.findings[0].path).toMatch(/^\/documents\/\d+\/spec\/image$/);
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });

  test("documents that make no fleet are findings, not a refusal", async () => {
    const documents = withDocuments(smallFleet(), [{ ...POLICY, spec: { safety: { stepMaxBps: -1 } } }]);
    const { status, body } = await preflight({ documents });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, summary: { complete: false } });
    expect(body.findings[0]).toMatchObject({ path: "/documents/6/spec/safety/stepMaxBps", severity: "error" });
  });

  test("a changed image is found as drift, by its name", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other, { imageDigest: OTHER_IMAGE });
    const answer = await preflight();
    expect(answer.body.ok).toBe(false);
    expect(told(answer)).toEqual(["drift.imageDigest Cluster/us-east-blue"]);
    expect(answer.body.findings[0]).toMatchObject({ clusters: ["us-east-blue"], regions: ["us-east"] });
  });

  test("a secret that one region has not got yet is found with the region", async () => {
    await declare(await fleetWith());
    await report(pair.blue, { secrets: [{ name: "session-key", versions: ["v1", "v2"], active: "v1" }] });
    await report(pair.other);
    const secrets = [{ name: "session-key", version: "v2" }];
    const { body } = await preflight({ documents: await fleetWith({}, { ...DECLARED, secrets }) });
    expect(body.ok).toBe(false);
    expect(body.findings).toMatchObject([
      { code: "secrets.missing", clusters: ["us-east-blue"], regions: ["us-east"], document: "Cluster/us-east-blue" },
    ]);
  });

  test("the way back is proven as well", async () => {
    await declare(await fleetWith());
    await report(pair.blue, { compatibility: { schema: ">=42 <44" } });
    await report(pair.other, { compatibility: { schema: ">=42 <44" } });
    const fields = {
      requires: { schema: ">=43 <45" },
      rollback: { version: "1.3.0", imageDigest: OTHER_IMAGE, requires: { schema: "<43" } },
    };
    expect(told(await preflight({ documents: await fleetWith(fields) }))).toEqual([
      "schema.rollbackIncompatible Cluster/eu-west-blue",
      "schema.rollbackIncompatible Cluster/us-east-blue",
    ]);
  });

  test("clusters that have not reported are warned about, and no answer at all is an error", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    const silent = await preflight();
    expect([silent.body.ok, told(silent)]).toEqual([true, ["status.unknown? Cluster/us-east-blue"]]);
    await env.STATUS.getByName("demo").setFailing(true);
    const unasked = await preflight();
    expect([unasked.body.ok, told(unasked)]).toEqual([false, ["status.unavailable -"]]);
    await env.STATUS.getByName("demo").setFailing(false);
  });

  test("only what is asked about, and a filter that selects nothing is an error", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    expect((await preflight({ clusters: ["eu-west-blue"] })).body).toMatchObject({
      findings: [],
      summary: { clusters: 1 },
    });
    expect((await preflight({ services: ["web"] })).body.summary).toMatchObject({ services: 1, clusters: 2 });

    for (const body of [{ clusters: [] }, { services: [] }]) {
      const empty = await preflight(body);
      expect([empty.status, empty.body.code]).toEqual([422, "bodyInvalid"]);
    }
    const unknown = await preflight({ services: ["wbe"], clusters: ["eu-west-blue", "eu-wset-blue"] });
    expect([unknown.status, unknown.body.code]).toEqual([422, "preflightInvalid"]);
    expect(unknown.body.errors).toMatchObject([
      { pointer: "/services/0", code: "service.unknown", didYouMean: "web" },
      { pointer: "/clusters/1", code: "cluster.unknown", didYouMean: "eu-west-blue" },
    ]);
  });

  test("a freeze and a drain that are live count", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other);
    await send("POST", "/v1/freezes", { name: "sale", regions: ["us-east"], reason: "a sale" });
    expect(told(await preflight())).toEqual(["freeze.covers? -"]);
    const documents = await fleetWith({ weight: 7 });
    expect(told(await preflight({ documents }))).toEqual(["freeze.covers -"]);
  });

  test("asks for a token, and for JSON", async () => {
    expect((await ask("/v1/preflight", { method: "POST", body: "{}" })).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "text/plain" };
    expect((await ask("/v1/preflight", { method: "POST", body: "{}", headers })).status).toBe(415);
    expect((await preflight({ service: "web" })).body).toMatchObject({ code: "bodyInvalid" });
  });
});

describe("as SARIF", () => {
  test("each finding is a result of a rule with help", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other, { imageDigest: OTHER_IMAGE });
    const { status, headers, body } = await preflight({}, { accept: "application/sarif+json" });
    expect([status, headers.get("content-type")]).toEqual([200, "application/sarif+json"]);
    const [run] = body.runs;
    expect(body.version).toBe("2.1.0");
    expect(run.tool.driver.rules).toMatchObject([{ id: "drift.imageDigest", help: { text: expect.any(String) } }]);
    expect(run.results).toMatchObject([
      {
        ...{ ruleId: "drift.imageDigest", ruleIndex: 0, level: "error" },
        properties: { document: "Cluster/us-east-blue", regions: ["us-east"] },
      },
    ]);
    expect(run.invocations).toEqual([{ executionSuccessful: true, exitCode: 1 }]);
  });

  // biome-ignore format: a table reads in columns
  test.each([
    ["application/json",                               "application/json"],
    ["*/*",                                            "application/json"],
    ["application/sarif+json, application/json;q=0.5", "application/sarif+json"],
    ["application/sarif+json;q=0.5, application/json", "application/json"],
  ])("for Accept: %s the answer is %s", async (accept, type) => {
    expect((await preflight({}, { accept })).headers.get("content-type")).toBe(type);
  });

  test("a refusal is a problem in either form", async () => {
    const { status, headers } = await preflight({ clusters: ["x"] }, { accept: "application/sarif+json" });
    expect([status, headers.get("content-type")]).toEqual([422, "application/problem+json"]);
  });
});

describe("within a plan", () => {
  test("a dry run says what preflight finds in the state after the change, by the documents of the request", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other);
    const documents = [...(await fleetWith({ image: `registry.example/web@${OTHER_IMAGE}` }))].reverse();
    const { body } = await send("PUT", "/v1/fleet?dryRun=true", { documents });
    expect(body.plan.preflight).toMatchObject({ ok: false, summary: { errors: 2, complete: true } });
    expect(body.plan.preflight.findings.map(({ code }: { readonly code: string }) => code)).toEqual([
      ...["image.digestMismatch", "image.digestMismatch", "rollback.undeclared"],
    ]);
    for (const { document, path } of body.plan.preflight.findings) {
      const index = Number(path.split("/")[2]);
      expect(`Cluster/${(documents[index] as { metadata: { name: string } }).metadata.name}`).toBe(document);
    }
  });

  test("other changes are examined too, and what preflight finds stops no commit by itself", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other, { imageDigest: OTHER_IMAGE });
    const shift = { route: "web", rule: "europe", weights: { "eu-west": 80 }, reason: "a try" };
    const planned = await send("PATCH", "/v1/weights?dryRun=true", shift);
    expect(planned.body.plan.preflight).toMatchObject({ ok: false, findings: [{ code: "drift.imageDigest" }] });
    expect((await send("PATCH", "/v1/weights", shift)).status).toBe(200);
  });

  test("a simulation is examined by the documents that it is given", async () => {
    await declare(await fleetWith());
    await report(pair.blue);
    await report(pair.other);
    const documents = await fleetWith({ image: "registry.example/web:2.0" });
    const { body } = await send("POST", "/v1/simulate", { documents });
    expect(body.preflight.findings.map(({ code }: { readonly code: string }) => code)).toEqual([
      "image.notPinned",
      "image.notPinned",
      "rollback.undeclared",
    ]);
  });
});
