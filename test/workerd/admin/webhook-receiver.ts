/**
 * Somebody's receiver of webhooks, as their own server would have it: real HTTP, and the public `standardwebhooks` library
 * to say whether a message is good. Told over `/receiver/<name>` what it knows and how it is; asked there what it got.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";

export type Received = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** `secret`: refuses with 401 what it does not verify. `status`: answers that. `hang`: does not answer. */
export type Behaviour = {
  readonly secret?: string;
  readonly status?: number;
  readonly retryAfter?: string;
  readonly location?: string;
  readonly hang?: true;
  readonly endless?: true;
};

const behaviours = new Map<string, Behaviour>();
const received = new Map<string, Received[]>();

/** Whether the request was for it: `/hooks/<name>/...`, or `/receiver/<name>`. */
export function answerAsReceiver(request: IncomingMessage, response: ServerResponse): boolean {
  const [, verb, name = ""] = new URL(request.url ?? "/", "http://origin").pathname.split("/");
  if (verb !== "hooks" && verb !== "receiver") return false;
  void readBody(request).then((body) => {
    if (verb === "receiver") tell(name, { request, response, body });
    else take(name, { request, response, body });
  });
  return true;
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly body: string };

function tell(name: string, { request, response, body }: Exchange): void {
  if (request.method === "POST") {
    behaviours.set(name, JSON.parse(body));
    received.set(name, []);
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(received.get(name) ?? []));
}

function take(name: string, { request, response, body }: Exchange): void {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
  received.set(name, [...(received.get(name) ?? []), { path: request.url ?? "", headers, body }]);
  const { secret, status = 200, retryAfter, location, hang, endless } = behaviours.get(name) ?? {};
  if (hang) return;
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  if (location !== undefined) response.setHeader("location", location);
  response.writeHead(secret === undefined || isGood(secret, body, headers) ? status : 401);
  if (endless) response.write("x".repeat(1_000_000));
  else response.end("thank you");
}

function isGood(secret: string, body: string, headers: Readonly<Record<string, string>>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
