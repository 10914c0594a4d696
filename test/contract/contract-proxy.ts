/**
 * Prism as a real proxy on the loopback interface, with the description of the API as its contract. The API's tests run
 * inside workerd and call the Worker there, where nothing can stand in between; so each exchange is replayed: the same
 * request goes through Prism to a recorder, which gives the Worker's own answer.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { createLogger } from "@stoplight/prism-core";
import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { createServer } from "@stoplight/prism-http-server";
import * as z from "zod/mini";
import type { Exchange, ExchangeRequest } from "./exchange.ts";
import { isBypassed, judge, type Replay } from "./judge.ts";
import { EXCHANGE_HEADER, type Recorder, startRecorder } from "./recorder.ts";

export type ContractProxy = {
  /** What is wrong with the exchange, in sentences. */
  readonly check: (exchange: Exchange) => Promise<readonly string[]>;
  readonly dispose: () => Promise<void>;
};

type Parts = { readonly prismUrl: string; readonly recorder: Recorder; readonly agent: Agent };

export async function startContractProxy(description: object): Promise<ContractProxy> {
  const recorder = await startRecorder();
  const prism = createServer(await getHttpOperationsFromSpec(description), {
    cors: false,
    config: {
      ...{ checkSecurity: true, validateRequest: true, validateResponse: true },
      // Violations are told in a header, beside the answer of the upstream and not in its place.
      errors: false,
      ...{ isProxy: true, upstream: new URL(recorder.url), upstreamProxy: undefined, mock: { dynamic: false } },
    },
    components: { logger: createLogger("contract", { level: "silent" }) },
  });
  const parts = { recorder, prismUrl: await prism.listen(0, "127.0.0.1"), agent: new Agent({ keepAlive: true }) };
  return {
    check: (exchange) => check(parts, exchange),
    dispose: async () => {
      parts.agent.destroy();
      await Promise.all([prism.close(), recorder.dispose()]);
    },
  };
}

async function check(parts: Parts, exchange: Exchange): Promise<readonly string[]> {
  if (isBypassed(exchange.request)) return [];
  const whole = await replay(parts, exchange);
  // When Prism cannot read the request it has not seen the answer. A request that it can read shows it the answer.
  const seen = whole.relayed ? whole : await replay(parts, { ...exchange, request: standIn(exchange.request) });
  return judge(exchange, whole, seen);
}

/** For the same operation, with nothing in it that could be hard to read. */
function standIn({ method, target }: ExchangeRequest): ExchangeRequest {
  const bare = { method, target: target.replace(/\?.*/, ""), headers: [["accept", "*/*"]] as const };
  if (method === "GET") return { ...bare, body: { kind: "none" } };
  const base64 = Buffer.from("{}").toString("base64");
  return { ...bare, headers: [["content-type", "application/json"]], body: { kind: "bytes", base64 } };
}

async function replay({ prismUrl, recorder, agent }: Parts, { request, answer }: Exchange): Promise<Replay> {
  if (request.body.kind === "stream") return { relayed: false, answer, violations: [] };
  const id = recorder.keep(answer);
  const headers = [...request.headers.filter(([name]) => name !== "content-length"), [EXCHANGE_HEADER, id] as const];
  const body = request.body.kind === "bytes" ? Buffer.from(request.body.base64, "base64") : undefined;
  try {
    const { method, target } = request;
    const response = await send(`${prismUrl}${target}`, { method, headers: Object.fromEntries(headers), agent }, body);
    return replayOf(response, id);
  } finally {
    recorder.drop(id);
  }
}

type Received = { readonly message: IncomingMessage; readonly body: Buffer };

function send(url: string, options: object, body: Buffer | undefined): Promise<Received> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, options, (message) => {
      const chunks: Buffer[] = [];
      message.on("data", (chunk: Buffer) => chunks.push(chunk));
      message.on("end", () => resolve({ message, body: Buffer.concat(chunks) }));
      message.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function replayOf({ message, body }: Received, id: string): Replay {
  const { [EXCHANGE_HEADER]: echoed, "sl-violations": violations, ...headers } = message.headers;
  const values = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(",")] as const);
  // Prism cuts long lists off in the middle, and says so first.
  const cut = String(violations).startsWith("Too many violations!");
  return {
    relayed: echoed === id && !cut,
    answer: { status: message.statusCode ?? 0, headers: values, base64: body.toString("base64") },
    violations: violations === undefined || cut ? [] : Violations.parse(JSON.parse(String(violations))),
  };
}

const Violations = z.array(
  z.object({
    location: z.array(z.string()),
    message: z.string(),
    code: z.optional(z.union([z.string(), z.number()])),
  }),
);
