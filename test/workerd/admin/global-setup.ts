/**
 * What the admin tests need from outside workerd: a fresh signing key, a real HTTP origin whose behaviour is chosen by
 * the path, so that probes meet real sockets, and the contract proxy, one for all files.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import type { TestProject } from "vitest/node";
import { type ContractDoor, openContractDoor } from "../../contract/contract-door.ts";
import { inFullRun } from "../../full-run.ts";
import { PRINCIPALS, tokenOf } from "./principals.ts";
import { answerAsReceiver } from "./webhook-receiver.ts";

declare module "vitest" {
  export interface ProvidedContext {
    adminBindings: Record<string, string>;
    contractUrl: string;
    /** Of the variables of this process, which workerd does not have: see test/full-run.ts, and FAIRLEAD_SEED. */
    fullRun: boolean;
    seed: number;
    originPort: number;
    signingPublicKey: string;
  }
}

/** Seen by the tests through `/seen`: what the last probe of a path looked like. */
const seen = new Map<string, Seen>();
type Seen = { method: string; headers: IncomingMessage["headers"]; body: string; count: number };

/** What dashboards were told, by name: `/grafana/<name>/api/annotations`, read at `/marks/<name>`. */
const marks = new Map<string, unknown[]>();

/**
 * By name, so that a test can turn its own origin around: `/switch/<name>/<status>`, or, for the probes of one vantage
 * only, `/switch/<name>/<status>/<vantage>`.
 */
const switched = new Map<string, number>();

/** 64 KB that unfold to 64 MB. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (answerAsReceiver(request, response)) return;
  const { pathname } = new URL(request.url ?? "/", "http://origin");
  const [, verb = "", name = "", value = "", vantage] = pathname.split("/");
  if (verb === "switch") {
    switched.set(vantage === undefined ? name : `${name} ${vantage}`, Number(value));
    response.end();
    return;
  }
  if (verb === "release") {
    release();
    response.end();
    return;
  }
  if (verb === "seen") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(seen.get(`/${name}/${value}`) ?? null));
    return;
  }
  const noted = note(pathname, request);
  switch (verb) {
    case "hang":
      return;
    case "reset":
      request.socket.destroy();
      return;
    case "redirect":
      response.writeHead(302, { location: insideOf(request, name) }).end();
      return;
    case "endless":
      response.writeHead(200);
      flood(endless("x".repeat(10_000)), response);
      return;
    case "bomb":
      explode(response);
      return;
    case "drip":
      drip(request);
      return;
    case "late":
      response.writeHead(200);
      response.write(" ".repeat(20_000));
      response.end("ready");
      return;
    case "held":
      held.add(response);
      return;
    case "json":
      response.writeHead(200, { "content-type": "application/json" });
      flood(endless(`{"ready":${"[".repeat(10_000)}`), response);
      return;
    case "partial":
      response.end(JSON.stringify({ partialSuccess: { rejectedDataPoints: name, errorMessage: "too old" } }));
      return;
    case "grafana":
      mark(name, { noted, request, response });
      return;
    case "marks":
      response.end(JSON.stringify(marks.get(name) ?? []));
      return;
    case ".well-known":
      report(request, response);
      return;
    case "switchable":
      response.writeHead(switched.get(`${name} ${vantageOf(request)}`) ?? switched.get(name) ?? 200).end("ready");
      return;
    default:
      response.writeHead(verb === "ok" ? 200 : Number(verb) || 404).end("body");
  }
}

/** Until somebody asks for `/release`. */
const held = new Set<ServerResponse>();

function release(): void {
  for (const response of held) response.end("ready");
  held.clear();
}

/** And there is no end of it. */
function explode(response: ServerResponse): void {
  response.writeHead(200, { "content-encoding": "gzip" });
  response.write(BOMB);
}

/** An address behind the firewall, as seen from there: this very server under another name. */
function insideOf({ headers }: IncomingMessage, name: string): string {
  return `http://${String(headers.host).replace("127.0.0.1", "localhost")}/ok/inside-${name}`;
}

/**
 * What a cluster says of itself, by what `/switch/status/...` was told: 200, as one that is `eu-west-blue`, whoever is
 * asked; and in hostile ways: 302 sends somewhere inside, 408 answers when it is released, 413 says far too much, 431 has headers
 * without end, 507 has no end, 508 is a bomb. Its clock is what `/switch/clock/...` says.
 */
function report(request: IncomingMessage, response: ServerResponse): void {
  const atMs = switched.get("clock") ?? Date.now();
  const text = JSON.stringify({ cluster: "eu-west-blue", atMs, version: "1.4.0" });
  const ways: Readonly<Record<number, () => void>> = {
    200: () => response.end(text),
    302: () => response.writeHead(302, { location: insideOf(request, "status") }).end(),
    408: () => void held.add(response),
    413: () => response.end(text.padEnd(200_000)),
    431: () => drip(request),
    507: () => flood(endless(" ".repeat(10_000)), response),
    508: () => explode(response),
  };
  const way = ways[switched.get("status") ?? 404];
  if (way === undefined) response.writeHead(404).end();
  else way();
}

/** Its body is there when the request has ended. */
function note(pathname: string, request: IncomingMessage): Seen {
  const count = (seen.get(pathname)?.count ?? 0) + 1;
  const noted: Seen = { method: request.method ?? "", headers: request.headers, body: "", count };
  seen.set(pathname, noted);
  request.setEncoding("utf8").on("data", (text: string) => {
    noted.body += text;
  });
  return noted;
}

type Marking = { readonly noted: Seen; readonly request: IncomingMessage; readonly response: ServerResponse };

/** Takes an annotation, or refuses it with the status that the name is switched to. */
function mark(name: string, { noted, request, response }: Marking): void {
  const status = switched.get(name) ?? 200;
  request.on("end", () => {
    const { method, url, headers } = request;
    const told = {
      method,
      url,
      authorization: headers.authorization,
      body: JSON.parse(noted.body),
    };
    if (status < 300) marks.set(name, [...(marks.get(name) ?? []), told]);
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  });
}

function vantageOf({ headers }: IncomingMessage): string {
  return String(headers["fairlead-vantage"]);
}

function endless(part: string): Readable {
  return Readable.from(
    (function* () {
      for (;;) yield part;
    })(),
  );
}

/** Until the other side has enough. */
function flood(source: Readable, response: ServerResponse): void {
  pipeline(source, response, () => undefined);
}

/** Headers that never end, a byte now and then. */
function drip({ socket }: IncomingMessage): void {
  socket.write("HTTP/1.1 200 OK\r\nx-drip: ");
  const timer = setInterval(() => socket.write("x"), 20);
  socket.on("close", () => clearInterval(timer));
}

const server = createServer(answer);
let contract: ContractDoor | undefined;

export async function setup(project: TestProject): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  contract = await openContractDoor();
  project.provide("contractUrl", contract.url);
  project.provide("fullRun", inFullRun({ slice: false, full: true }));
  project.provide("seed", Number(process.env.FAIRLEAD_SEED ?? 1));
  project.provide("originPort", (server.address() as AddressInfo).port); // listens on TCP, so it is an AddressInfo
  project.provide("signingPublicKey", x);
  project.provide("adminBindings", {
    ADMIN_TOKEN: "token-of-the-admin-tests",
    ADMIN_PRINCIPALS: JSON.stringify(PRINCIPALS.map((one) => ({ ...one, tokenDigest: digestOf(tokenOf(one.name)) }))),
    DEVELOPMENT: "true",
    SNAPSHOT_KEY_ID: "test",
    SNAPSHOT_SIGNING_KEY: JSON.stringify(privateKey.export({ format: "jwk" })),
  });
}

function digestOf(token: string): string {
  return `sha256:${createHash("sha256").update(token).digest("hex")}`;
}

export async function teardown(): Promise<void> {
  server.closeAllConnections();
  server.close();
  await contract?.dispose();
}
