/** How the command asks a control plane, and what it makes of answers that are none. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { askPreflight, type PreflightQuestion } from "../../../scripts/lib/preflight/ask.ts";

const REPORT = {
  ok: true,
  findings: [],
  summary: { errors: 0, warnings: 0, leftOut: 0, services: 1, clusters: 2, complete: true },
};

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers everything alike, and what it was asked. */
async function serve(answer: (response: ServerResponse) => void) {
  const asked: { readonly request: IncomingMessage; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set, so they are buffers
    asked.push({ request, body: Buffer.concat(chunks).toString() });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo; // it listens on a port
  const question: PreflightQuestion = {
    ...{ admin: `http://127.0.0.1:${port}`, token: "the-token" },
    body: { documents: [{ kind: "Region" }], services: ["web"] },
  };
  return { question, asked };
}

const json = (status: number, value: unknown) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
};

test("one request with the documents and the token, and the report comes back", async () => {
  const { question, asked } = await serve(json(200, { ...REPORT, added: "by a newer control plane" }));
  expect(await askPreflight(question)).toEqual({ kind: "report", report: REPORT });
  expect(asked).toHaveLength(1);
  const [{ request, body } = { request: undefined, body: "" }] = asked;
  expect([request?.method, request?.url]).toEqual(["POST", "/v1/preflight"]);
  expect(request?.headers).toMatchObject({ authorization: "Bearer the-token", accept: "application/json" });
  expect(JSON.parse(body)).toEqual({ documents: [{ kind: "Region" }], services: ["web"] });
});

const PROBLEM = {
  title: "It cannot be",
  detail: "It is not.",
  errors: [{ detail: "This is wrong.", didYouMean: "that" }],
};

// biome-ignore format: a table reads in columns
test.each<[string, (response: ServerResponse) => void, object]>([
  ["a refusal",              json(422, PROBLEM), { kind: "refused", status: 422, because: 'It cannot be: It is not. This is wrong. Did you mean "that"?' }],
  ["an unknown token",       json(401, PROBLEM), { kind: "refused", status: 401 }],
  ["trouble",                json(503, PROBLEM), { kind: "unreachable", because: expect.stringContaining("(status 503)") }],
  ["a report of no form",    json(200, { ok: "yes" }), { kind: "unreachable" }],
  ["a page",                 (response) => response.end("<html>"), { kind: "unreachable", because: expect.stringContaining("does not answer like a control plane") }],
  ["a 404 of a stranger",    (response) => response.writeHead(404).end("no"), { kind: "unreachable" }],
  ["a broken connection",    (response) => response.destroy(), { kind: "unreachable" }],
])("%s", async (_, answer, expected) => {
  const { question } = await serve(answer);
  expect(await askPreflight(question)).toMatchObject(expected);
});

test("a redirect is not followed: the token stays with who was asked", async () => {
  const other = await serve(json(200, REPORT));
  const { question } = await serve((response) =>
    response.writeHead(307, { location: `${other.question.admin}/v1/preflight` }).end(),
  );
  expect(await askPreflight(question)).toMatchObject({ kind: "unreachable" });
  expect(other.asked).toEqual([]);
});
