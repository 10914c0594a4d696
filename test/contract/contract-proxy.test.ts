/** The contract proxy sees what it is there for: in every operation, what keeps to the description and what does not. */
import { afterAll, describe, expect, test } from "vitest";
import { startContractProxy } from "./contract-proxy.ts";
import { loadDescription, type Operation, type Schema } from "./description.ts";
import { base64Of, examplesOf } from "./examples.ts";
import type { Exchange, ExchangeAnswer, ExchangeRequest } from "./exchange.ts";

const description = await loadDescription();
const proxy = await startContractProxy(description);
afterAll(() => proxy.dispose());

const examples = examplesOf(description);
const withJson = examples.filter(({ exchange }) => contentType(exchange.answer) === "application/json");
const withBody = examples.filter(({ exchange }) => contentType(exchange.request) === "application/json");
const exampleOf = (name: string) => examples.find((example) => example.name === name)?.exchange as Exchange; // see "every operation"

function contentType({ headers }: Pick<ExchangeAnswer, "headers">): string | undefined {
  return headers.find(([name]) => name === "content-type")?.[1];
}

/** The members that an answer of success must have. */
function requiredOf({ responses }: Operation): readonly string[] {
  const media = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    status === "200" ? Object.values(content) : [],
  );
  return media.flatMap(({ schema }) => requiredBy(schema));
}

function requiredBy({ $ref, required = [], allOf = [] }: Schema): readonly string[] {
  const named = Object.entries(description.components.schemas).flatMap(([name, schema]) =>
    $ref === `#/components/schemas/${name}` ? requiredBy(schema) : [],
  );
  return [...required, ...named, ...allOf.flatMap(requiredBy)];
}

function answering(exchange: Exchange, change: Partial<ExchangeAnswer>): Exchange {
  return { ...exchange, answer: { ...exchange.answer, ...change } };
}

function asking(exchange: Exchange, change: Partial<ExchangeRequest>): Exchange {
  return { ...exchange, request: { ...exchange.request, ...change } };
}

const bytes = (value: unknown) => ({ kind: "bytes" as const, base64: base64Of(value) });

/** A refusal as every operation may give it. */
const REFUSAL = {
  status: 400,
  headers: [
    ["content-type", "application/problem+json"],
    ["x-request-id", "6b1d3f0e-5c2a-4a7e-9d58-0f1e2d3c4b5a"],
  ],
  base64: base64Of({
    ...{ type: "/problems/parameterInvalid", title: "A parameter is wrong", status: 400, code: "parameterInvalid" },
    ...{ detail: "It is wrong.", instance: "6b1d3f0e-5c2a-4a7e-9d58-0f1e2d3c4b5a" },
  }),
} as const;

/** As those have it whose answers another protocol describes. */
const OFREP_REFUSAL = {
  ...REFUSAL,
  headers: [["content-type", "application/json"], ...REFUSAL.headers.slice(1)],
  base64: base64Of({ errorCode: "INVALID_CONTEXT", errorDetails: "It is wrong." }),
} as const;

const refusalOf = ({ request }: Exchange) => (request.target.startsWith("/ofrep/") ? OFREP_REFUSAL : REFUSAL);

/** Some ask Prism a dozen times, on machines that do other things meanwhile. */
const OPERATION_MS_MAX = 30_000;

describe("every operation", { timeout: OPERATION_MS_MAX }, () => {
  test("has an example", () => {
    expect(examples.length).toBeGreaterThan(15);
    expect(withJson.length).toBeGreaterThan(10);
    expect(withBody.length).toBeGreaterThan(5);
  });

  test.each(examples)("$name keeps the contract by its own examples", async ({ exchange }) => {
    expect(await proxy.check(exchange)).toEqual([]);
  });

  test.each(examples)("$name must not answer with a status that is not described", async ({ exchange }) => {
    expect(await proxy.check(answering(exchange, { status: 226 }))).toContainEqual(
      expect.stringContaining("status code"),
    );
  });

  test.each(examples)(
    "$name must not answer with another media type, or without its request id",
    async ({ exchange }) => {
      const type = answering(exchange, { headers: [...exchange.answer.headers, ["content-type", "image/png"]] });
      expect(await proxy.check(type)).toContainEqual(expect.stringContaining("media type"));
      const headers = exchange.answer.headers.filter(([name]) => name !== "x-request-id");
      expect(await proxy.check(answering(exchange, { headers }))).toEqual([expect.stringContaining("'x-request-id'")]);
    },
  );

  test.each(withJson)("$name must answer with all that the description requires", async ({ exchange, operation }) => {
    const body: Record<string, unknown> = JSON.parse(Buffer.from(exchange.answer.base64, "base64").toString());
    const missed = await Promise.all(
      Object.keys(body).map(async (name) => {
        const { [name]: _, ...rest } = body;
        const findings = await proxy.check(answering(exchange, { base64: base64Of(rest) }));
        return findings.some((finding) => finding.includes(`'${name}'`)) ? [name] : [];
      }),
    );
    const required = requiredOf(operation);
    expect(required.length).toBeGreaterThan(0);
    expect(missed.flat().sort()).toEqual([...required].sort());
  });

  test.each(examples)("$name must not refuse in a shape of its own", async ({ exchange }) => {
    const refusal = refusalOf(exchange);
    expect(await proxy.check({ ...exchange, answer: refusal })).toEqual([]);
    const shapeless = { ...refusal, base64: base64Of({ error: "no" }) };
    expect(await proxy.check({ ...exchange, answer: shapeless })).toContainEqual(
      expect.stringMatching(/'(?:code|errorCode)'/),
    );
  });

  test.each(withBody)(
    "$name may refuse a body that is not described, and must not take it",
    async ({ exchange, operation }) => {
      const none = operation.requestBody?.required === false ? [] : [{ kind: "none" as const }];
      for (const body of [bytes([]), bytes("{"), ...none]) {
        const asked = asking(exchange, { body });
        expect(await proxy.check(asked)).toContainEqual(expect.stringContaining("request"));
        expect(await proxy.check({ ...asked, answer: refusalOf(exchange) })).toEqual([]);
      }
    },
  );
});

describe("the answer is held to the contract even where Prism cannot read the request", () => {
  const bad = { ...REFUSAL, base64: base64Of({ error: "no" }) };
  const put = exampleOf("PUT /v1/fleet");
  test.each([
    ["a stream", { body: { kind: "stream" as const } }],
    ["no JSON", { body: bytes("{") }],
    ["an unknown coding", { headers: [...put.request.headers, ["content-encoding", "br"] as const] }],
    ["more wrong with it than fits a header", { body: bytes(manyKeys(1_000)) }],
  ])("%s", async (_, change) => {
    expect(await proxy.check({ ...asking(put, change), answer: REFUSAL })).toEqual([]);
    expect(await proxy.check({ ...asking(put, change), answer: bad })).toContainEqual(
      expect.stringContaining("'code'"),
    );
  });
});

function manyKeys(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, index]));
}

test.each([
  // body                                                                                    what is wrong with it
  [{ route: "web", rule: "europe", weights: { "eu-west": 1 }, reason: "why", raeson: "" }, "additional properties"],
  [{ route: "web", rule: "europe", weights: { "eu-west": 1 } }, "'reason'"],
  [{ route: "Web", rule: "europe", weights: { "eu-west": 1 }, reason: "why" }, "route must match pattern"],
  [{ route: "web", rule: "europe", weights: { "eu-west": -1 }, reason: "why" }, "must be >= 0"],
])("a shift of weights by %j must not be taken", async (body, sentence) => {
  const asked = asking(exampleOf("PATCH /v1/weights"), { body: bytes(body) });
  expect(await proxy.check(asked)).toEqual([expect.stringContaining(sentence)]);
});

describe("who asks", () => {
  test.each([
    // authorization     taken without an objection
    [undefined, false],
    ["Basic dTpw", false],
    ["Bearer token", true],
    ["bEARER token", true],
  ])("%j may be answered with 200: %s", async (authorization, allowed) => {
    const headers = authorization === undefined ? [] : [["authorization", authorization] as const];
    const findings = await proxy.check(asking(exampleOf("GET /v1/health"), { headers }));
    expect(findings.length === 0).toBe(allowed);
  });
});

test.each([
  ["HEAD", "/v1/fleet"],
  ["POST", "/v1/development/fail"],
])("%s %s is not held to the contract", async (method, target) => {
  expect(await proxy.check(answering(asking(exampleOf("GET /v1/fleet"), { method, target }), { status: 226 }))).toEqual(
    [],
  );
});

test("an address that is not described may be refused, and must not be answered", async () => {
  const elsewhere = asking(exampleOf("GET /v1/fleet"), { target: "/v1/fleets" });
  expect(await proxy.check({ ...elsewhere, answer: { ...REFUSAL, status: 404 } })).toEqual([]);
  expect(await proxy.check(elsewhere)).toEqual([expect.stringContaining("GET /v1/fleets answered 200: request: ")]);
});
