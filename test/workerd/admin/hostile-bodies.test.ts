/** Bodies that are meant to do harm, at every kind of write: a clear no, nothing stored but that, and life goes on. */
import { reset } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BODY_BYTES_MAX, BODY_DEPTH_MAX } from "../../../config/limits.ts";
import { leaves, storedRows } from "./fleet-object.ts";
import { ask, get, send, smallFleet, TOKEN } from "./support.ts";

beforeAll(async () => {
  vi.spyOn(console, "log").mockReturnValue();
  await send("PUT", "/v1/fleet", { documents: smallFleet() });
});

afterAll(async () => {
  vi.restoreAllMocks();
  await reset();
});

const utf8 = (text: string) => new TextEncoder().encode(text);
const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
/** As a stream, because it would take longer to check than to refuse. */
const streamed = (length: number) => new Blob([new Uint8Array(length).fill(0x20)]).stream();

type Hostile = readonly [what: string, body: () => BodyInit, code: string, type?: string | null];

// biome-ignore format: a table reads in columns
const HOSTILE: readonly Hostile[] = [
  ["nothing",                      () => "",                                                      "bodyMalformed"],
  ["half of something",            () => '{"reason":"x"',                                         "bodyMalformed"],
  ["two things",                   () => "{}{}",                                                  "bodyMalformed"],
  ["a byte order mark",            () => "\ufeff{}",                                              "bodyMalformed"],
  ["a control character",          () => '{"reason":"\u0000"}',                                   "bodyMalformed"],
  ["no number",                    () => '{"reason":NaN}',                                        "bodyMalformed"],
  ["a number beyond numbers",      () => '{"reason":1e400}',                                      "bodyMalformed"],
  ["one below them",               () => '{"reason":-1e400}',                                     "bodyMalformed"],
  ["half a character",             () => '{"reason":"\\ud83d"}',                                  "bodyMalformed"],
  ["objects without end",          () => nested('{"a":', "}", BODY_DEPTH_MAX + 1),                "bodyMalformed"],
  ["lists without end",            () => nested("[", "]", 100_000),                               "bodyMalformed"],
  ["the same name twice",          () => '{"reason":"a","reason":"b"}',                           "bodyMalformed"],
  ["the same name, escaped",       () => '{"reason":"a","\\u0072eason":"b"}',                     "bodyMalformed"],
  ["a prototype",                  () => '{"reason":"x","__proto__":{"polluted":true}}',          "bodyMalformed"],
  ["a prototype, escaped",         () => '{"\\u005f_proto__":{"polluted":true}}',                 "bodyMalformed"],
  ["a prototype far inside",       () => '{"mutations":[{"kind":{"__proto__":{"polluted":1}}}]}', "bodyMalformed"],
  ["a constructor",                () => '{"constructor":{"prototype":{"polluted":true}}}',       "bodyInvalid"],
  ["methods of objects",           () => '{"toString":1,"hasOwnProperty":1,"valueOf":1}',         "bodyInvalid"],
  ["a list",                       () => "[]",                                                    "bodyInvalid"],
  ["null",                         () => "null",                                                  "bodyInvalid"],
  ["bytes that are no text",       () => Uint8Array.of(0x22, 0xc3, 0x28, 0x22),                   "bodyMalformed"],
  ["an overlong slash",            () => Uint8Array.of(0x22, 0xc0, 0xaf, 0x22),                   "bodyMalformed"],
  ["UTF-16",                       () => Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00),       "bodyMalformed"],
  ["a byte too much",              () => streamed(BODY_BYTES_MAX + 1),                            "bodyTooLarge"],
  ["no type",                      () => utf8("{}"),                                              "contentTypeUnsupported", null],
  ["a form",                       () => "reason=x",                                              "contentTypeUnsupported", "application/x-www-form-urlencoded"],
  ["another character set",        () => "{}",                                                    "contentTypeUnsupported", "application/json; charset=utf-16"],
  ["a type that only looks right", () => "{}",                                                    "contentTypeUnsupported", "application/json-patch+json"],
];

const WRITES = [
  ...["PUT /v1/fleet", "PATCH /v1/weights", "POST /v1/regions/eu-west/drain", "POST /v1/flags/beta/switch"],
  ...["POST /v1/freezes", "POST /v1/overrides/x/lift", "POST /v1/revisions/1/restore", "POST /v1/batch"],
  ...["POST /v1/simulate", "POST /v1/approvals/x/approve", "POST /v1/incidents", "POST /v1/debug-tokens"],
];

/** Some thirty requests each. */
const WRITE_MS_MAX = 30_000;

test.each(WRITES)("%s takes none of them", { timeout: WRITE_MS_MAX }, async (request) => {
  const [method = "", path = ""] = request.split(" ");
  const before = await storedRows();
  for (const [what, body, code, type = "application/json"] of HOSTILE) {
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      "if-match": "*",
      ...(type === null ? {} : { "content-type": type }),
    };
    const answer = await ask(path, { method, headers, body: body() });
    expect([what, answer.body.code], answer.body.detail).toEqual([what, code]);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body.detail.length).toBeLessThan(300);
  }
  expect(await storedRows()).toEqual(before);
  const said = (await leaves(HOSTILE.length)).map(
    ({ problem, resource }: Record<string, string>) => `${resource} ${problem}`,
  );
  expect(said.toReversed()).toEqual(HOSTILE.map(([, , code]) => `${request} ${code}`));
  expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect((await get("/v1/fleet")).body).toMatchObject({ revision: 1, documents: { length: 7 } });
});

describe("names that objects have anyway", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    ["POST /v1/regions/constructor/drain",       {},                                                                404, "regionUnknown"],
    ["POST /v1/clusters/__proto__/undrain",      {},                                                                404, "clusterUnknown"],
    ["POST /v1/flags/constructor/switch",        { state: "ENABLED" },                                              404, "flagUnknown"],
    ["POST /v1/freezes/__proto__/lift",          {},                                                                404, "freezeUnknown"],
    ["POST /v1/approvals/__proto__/approve",     {},                                                                404, "approvalUnknown"],
    ["POST /v1/incidents/constructor/close",     {},                                                                404, "incidentUnknown"],
    ["PATCH /v1/weights",                        { route: "constructor", rule: "europe", weights: { a: 1 } },       422, "bodyInvalid"],
    ["PATCH /v1/weights",                        { route: "web", rule: "constructor", weights: { "eu-west": 1 } },  422, "bodyInvalid"],
    ["PATCH /v1/weights",                        { route: "web", rule: "europe", weights: { constructor: 1 } },     422, "bodyInvalid"],
    ["POST /v1/freezes",                         { name: "x", regions: ["constructor"] },                           422, "bodyInvalid"],
    ["POST /v1/overrides",                       { name: "x", rules: ["constructor", "__proto__"] },                422, "overrideInvalid"],
    ["POST /v1/revisions/1/restore",             { only: ["Region/constructor", "__proto__"] },                     422, "restoreInvalid"],
    ["PUT /v1/fleet",                            { documents: smallFleet(), clear: ["__proto__"] },                 422, "clearInvalid"],
    ["PUT /v1/fleet",                            { documents: [{ kind: "constructor" }, { kind: "__proto__" }] },   422, "documentsInvalid"],
    ["POST /v1/batch",                           { mutations: [{ kind: "constructor" }] },                          422, "bodyInvalid"],
  ])("%s with %j: %i %s", async (request, body, status, code) => {
    const [method = "", path = ""] = request.split(" ");
    const answer = await send(method, path, path === "/v1/fleet" ? body : { reason: "test", ...body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });
});

describe("a content length that lies", () => {
  test.each(["0", "5", "99999999", "-1", "much"])("says %s, and the body is what arrives", async (length) => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", "if-match": "*" };
    const put = (body: BodyInit) =>
      ask("/v1/regions/eu-west/drain?dryRun=true", {
        method: "POST",
        headers: { ...headers, "content-length": length },
        body,
      });
    expect((await put('{"reason":"test"}')).status).toBe(200);
    expect((await put('{"reason":')).body.code).toBe("bodyMalformed");
    expect((await put(streamed(BODY_BYTES_MAX + 1))).body.code).toBe("bodyTooLarge");
  });
});
