import { createExecutionContext, reset } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { createApp } from "../../../admin/app.ts";
import { ADMIN_PROBLEMS } from "../../../config/admin-problems.ts";
import { BODY_BYTES_MAX, BODY_DEPTH_MAX } from "../../../config/limits.ts";
import { type Answer, ask, env, get, send, smallFleet, TOKEN } from "./support.ts";

afterEach(() => reset());

/** Every problem has all of its members, and its status is the table's. */
function expectProblem(answer: Answer, code: keyof typeof ADMIN_PROBLEMS): void {
  expect(answer.body.code).toBe(code);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.status).toBe(ADMIN_PROBLEMS[code].status);
  expect(answer.body).toMatchObject({
    type: `/problems/${code}`,
    title: ADMIN_PROBLEMS[code].title,
    status: answer.status,
    detail: expect.any(String),
    instance: answer.headers.get("x-request-id"),
  });
  expect(JSON.stringify(answer.body)).not.toContain("    at ");
}

const bearer = { authorization: `Bearer ${TOKEN}` };
const json = { ...bearer, "content-type": "application/json" };

describe("the token", () => {
  test.each([
    [undefined],
    [""],
    ["Bearer"],
    ["Bearer "],
    ["Bearer wrong"],
    [`Bearer ${TOKEN}x`],
    [`Bearer ${TOKEN.slice(0, -1)}`],
    [`Basic ${btoa(`admin:${TOKEN}`)}`],
    [TOKEN],
  ])("%j does not open /v1", async (authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    for (const path of ["/v1/fleet", "/v1/does-not-exist"]) {
      const answer = await ask(path, { headers });
      expectProblem(answer, "unauthenticated");
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="fairlead"');
    }
  });

  test("the scheme may be written in any case", async () => {
    expect((await ask("/v1/fleet", { headers: { authorization: `bEARER ${TOKEN}` } })).status).toBe(200);
  });

  test.each([undefined, ""])("a Worker whose own token is %j lets nobody in", async (token) => {
    const app = createApp();
    const { ADMIN_TOKEN: _, ...rest } = env;
    const bindings = token === undefined ? rest : { ...rest, ADMIN_TOKEN: token };
    for (const authorization of ["Bearer ", "Bearer undefined", `Bearer ${TOKEN}`]) {
      const context = createExecutionContext();
      const init = { headers: { authorization } };
      expect((await app.request("http://admin/v1/fleet", init, bindings, context)).status).toBe(401);
    }
  });
});

describe("addresses and methods", () => {
  test.each([
    ["GET", "/nothing"],
    ["GET", "/v1"],
    ["GET", "/v1/"],
    ["GET", "/v1/fleet/"],
    ["GET", "/v1/fleets"],
    ["POST", "/v1/regions//drain"],
    ["POST", "/v1/regions/a/b/drain"],
    ["POST", "/v1/regions/a/drain/"],
    ["GET", "/v1/revisions/1/2"],
  ])("%s %s is not there", async (method, path) => {
    expectProblem(await ask(path, { method, headers: json }), "notFound");
  });

  test.each([
    ["DELETE", "/v1/fleet", "GET, HEAD, PUT"],
    ["POST", "/v1/weights", "PATCH"],
    ["GET", "/v1/regions/eu-west/drain", "POST"],
    ["PUT", "/v1/revisions/1", "GET, HEAD"],
    ["OPTIONS", "/v1/health", "GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
    ["POST", "/", "GET, HEAD"],
  ])("%s %s is answered with what it takes: %s", async (method, path, allow) => {
    const answer = await ask(path, { method, headers: bearer });
    expectProblem(answer, "methodNotAllowed");
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test("HEAD is GET without a body", async () => {
    const answer = await ask("/v1/fleet", { method: "HEAD", headers: bearer });
    expect(answer).toMatchObject({ status: 200, body: "" });
  });

  test.each([
    "/v1/fleet?x=1",
    "/v1/health?x=1",
    "/v1/revisions?limit=0",
    "/v1/revisions?limit=201",
    "/v1/revisions?cursor=x",
    "/v1/revisions/x",
    "/healthz?x",
  ])("%s has a parameter that does not belong there", async (path) => {
    expectProblem(await get(path), "parameterInvalid");
  });

  test("a misspelt dryRun is refused, not taken for a real change", async () => {
    expectProblem(await send("PUT", "/v1/fleet?dryrun=true", { documents: smallFleet() }), "parameterInvalid");
    expectProblem(await send("PUT", "/v1/fleet?dryRun=yes", { documents: smallFleet() }), "parameterInvalid");
    expect((await get("/v1/fleet")).body.revision).toBe(0);
  });
});

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("hostile and broken bodies", () => {
  test.each([
    // body                                                           code             item               pointer
    ["", "bodyMalformed", "json.syntax", ""],
    ["{", "bodyMalformed", "json.syntax", ""],
    ["undefined", "bodyMalformed", "json.syntax", ""],
    ["\ufeff{}", "bodyMalformed", "json.syntax", ""],
    [nested(BODY_DEPTH_MAX + 1), "bodyMalformed", "json.tooDeep", `${"/a".repeat(BODY_DEPTH_MAX)}`],
    ['{"documents":[],"documents":[]}', "bodyMalformed", "json.duplicateKey", "/documents"],
    ['{"documents":[],"__proto__":{"reason":"x"}}', "bodyMalformed", "json.forbiddenKey", "/__proto__"],
    ['{"documents":[{"a":1e400}]}', "bodyMalformed", "json.numberTooLarge", "/documents/0/a"],
    ['{"documents":["\\ud800"]}', "bodyMalformed", "json.loneSurrogate", "/documents/0"],
    ["null", "bodyInvalid", "schema.invalid_type", ""],
    ["[]", "bodyInvalid", "schema.invalid_type", ""],
    ["{}", "bodyInvalid", "schema.invalid_type", "/documents"],
    ['{"documents":{}}', "bodyInvalid", "schema.invalid_type", "/documents"],
    ['{"documents":[],"extra":1}', "bodyInvalid", "schema.unknownKey", "/extra"],
    ['{"documents":[],"constructor":1}', "bodyInvalid", "schema.unknownKey", "/constructor"],
    ['{"documents":[],"reason":null}', "bodyInvalid", "schema.invalid_type", "/reason"],
  ] as const)("%s is refused as %s", async (body, code, itemCode, pointer) => {
    const answer = await ask("/v1/fleet", { method: "PUT", headers: json, body });
    expectProblem(answer, code);
    expect(answer.body.errors[0]).toMatchObject({ code: itemCode, pointer });
    expect((await get("/v1/fleet")).body.revision).toBe(0);
    expect(Object.hasOwn(Object.prototype, "reason")).toBe(false);
  });

  test("bytes that are not UTF-8 are refused", async () => {
    const body = new Uint8Array([...new TextEncoder().encode('{"documents":["'), 0xc3, 0x28, 0x22, 0x5d, 0x7d]);
    const answer = await ask("/v1/fleet", { method: "PUT", headers: json, body });
    expectProblem(answer, "bodyMalformed");
    expect(answer.body.errors[0].code).toBe("json.encoding");
  });

  test.each([
    [undefined, undefined],
    ["text/plain", undefined],
    ["application/x-www-form-urlencoded", undefined],
    ["multipart/form-data; boundary=x", undefined],
    ["application/jsonp", undefined],
    ["application/json; charset=latin1", undefined],
    ["application/json", "gzip"],
  ])("a body of type %j with coding %j is refused", async (type, coding) => {
    const headers = {
      ...bearer,
      ...(type === undefined ? {} : { "content-type": type }),
      ...(coding === undefined ? {} : { "content-encoding": coding }),
    };
    const body = new TextEncoder().encode('{"documents":[]}');
    expectProblem(await ask("/v1/fleet", { method: "PUT", headers, body }), "contentTypeUnsupported");
  });

  test.each(["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'])(
    "a body of type %j is read",
    async (type) => {
      const headers = { ...bearer, "content-type": type, "if-match": "*" };
      expect((await ask("/v1/fleet", { method: "PUT", headers, body: '{"documents":[]}' })).status).toBe(200);
    },
  );

  test("a body one byte too large is refused, whatever its length was said to be", async () => {
    const fill = (length: number) => `{"documents":[]}${" ".repeat(length - 16)}`;
    const put = (body: BodyInit) => ask("/v1/fleet", { method: "PUT", headers: { ...json, "if-match": "*" }, body });
    expect((await put(fill(BODY_BYTES_MAX))).status).toBe(200);
    expectProblem(await put(fill(BODY_BYTES_MAX + 1)), "bodyTooLarge");
    expectProblem(await put(new Blob([fill(BODY_BYTES_MAX + 1)]).stream()), "bodyTooLarge");
  });

  test("an endless body is cut off at the limit", async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
      },
    });
    expectProblem(await ask("/v1/fleet", { method: "PUT", headers: json, body }), "bodyTooLarge");
    expect(pulled).toBeLessThan(20);
  });

  test("an answer to rubbish is not itself huge", async () => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key${index}`, index]));
    const answer = await send("PUT", "/v1/fleet", body);
    expectProblem(answer, "bodyInvalid");
    expect(answer.body.errors).toHaveLength(100);
  });

  test("nor is one to hundreds of unsound documents, which says how many errors there are", async () => {
    const documents = Array.from({ length: 300 }, (_, index) => ({ kind: `Regoin${index}` }));
    const answer = await send("PUT", "/v1/fleet", { documents });
    expectProblem(answer, "documentsInvalid");
    expect(answer.body.detail).toMatch(/^There are \d{3,} errors in the documents; the first 100 are listed\.$/);
    expect(answer.body.errors).toHaveLength(100);
  });
});

describe("every answer", () => {
  test("is not stored, not sniffed, not framed, and has its own id", async () => {
    const answers = [await ask("/healthz"), await get("/v1/fleet"), await get("/nothing"), await ask("/v1/fleet")];
    for (const { headers } of answers) {
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    }
    const ids = answers.map(({ headers }) => headers.get("x-request-id"));
    expect(new Set(ids).size).toBe(answers.length);
  });

  test("does not take the id that a client chose", async () => {
    const { headers } = await get("/v1/fleet", { "x-request-id": "mine" });
    expect(headers.get("x-request-id")).not.toBe("mine");
  });

  test("tells nothing of an unforeseen failure but its id", async () => {
    await send("POST", "/v1/development/fail", { object: "fleet", failing: true });
    const answer = await get("/v1/fleet");
    expectProblem(answer, "internal");
    expect(JSON.stringify(answer.body)).not.toContain("told to fail");
    await send("POST", "/v1/development/fail", { object: "fleet", failing: false });
    expect((await get("/v1/fleet")).status).toBe(200);
  });
});

describe("the development switch", () => {
  test("does not exist outside development", async () => {
    const app = createApp();
    for (const DEVELOPMENT of [undefined, "", "false", "TRUE", "1"]) {
      const { DEVELOPMENT: _, ...rest } = env;
      const bindings = DEVELOPMENT === undefined ? rest : { ...rest, DEVELOPMENT };
      for (const method of ["GET", "POST"]) {
        const body = method === "POST" ? { body: '{"object":"fleet","failing":true}' } : {};
        const init = { method, headers: json, ...body };
        expect((await createApp().request("http://admin/v1/development/fail", init, bindings)).status).toBe(404);
      }
    }
    expect((await app.request("http://admin/openapi.json", {}, env)).status).toBe(200);
  });

  test("makes the named object throw until it is switched back", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet() });
    await send("POST", "/v1/development/fail", { object: "beacon", failing: true });
    const beacon = env.BEACON.getByName("demo:weur");
    await expect(beacon.fetch("https://beacon/state")).rejects.toThrow("told to fail");
    expect((await get("/v1/fleet")).status).toBe(200);
    await send("POST", "/v1/development/fail", { object: "beacon", failing: false });
    expect((await beacon.fetch("https://beacon/state")).status).toBe(200);
  });

  test("knows its objects", async () => {
    expectProblem(await send("POST", "/v1/development/fail", { object: "kv", failing: true }), "bodyInvalid");
  });
});
