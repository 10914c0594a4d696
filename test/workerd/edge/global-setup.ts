/**
 * Real clusters for the edge tests: one HTTP server for each region, whose answer is chosen by the path. Everything that
 * a cluster was sent comes back as JSON, so a test reads what the edge did on the other side of real sockets.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { TestProject } from "vitest/node";

export type EdgeOrigins = { readonly europe: string; readonly america: string; readonly nobody: string };

/** What collectors have received, by the path that each was given: a test reads its own with GET. */
const collected = new Map<string, unknown[]>();

declare module "vitest" {
  export interface ProvidedContext {
    edgeOrigins: EdgeOrigins;
    collectorUrl: string;
  }
}

async function answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://origin");
  switch (pathname) {
    case "/redirect":
      response.writeHead(302, { location: "/elsewhere" }).end();
      return;
    case "/cookies":
      response
        .writeHead(
          200,
          [
            ["set-cookie", "a=1; Path=/"],
            ["set-cookie", "b=2, c"],
          ].flat(),
        )
        .end("two");
      return;
    case "/gzip":
      response.writeHead(200, { "content-encoding": "gzip", etag: '"strong"' }).end(gzipSync("squeezed ".repeat(100)));
      return;
    case "/hop":
      response.writeHead(200, {
        connection: "keep-alive, x-nominated",
        "x-nominated": "secret",
        "proxy-authenticate": "Basic",
        "x-end-to-end": "kept",
      });
      response.end("hop");
      return;
    case "/stream":
      response.writeHead(200, { "content-type": "text/plain" });
      for (const part of ["one ", "two ", "three"]) {
        response.write(part);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      response.end();
      return;
    case "/platform":
      response.writeHead(name === "europe" ? 522 : 200).end(name);
      return;
    case "/refused":
      response.writeHead(name === "europe" ? 521 : 200).end(name);
      return;
    case "/hang":
      if (name === "america") response.end(name);
      return;
    case "/reset":
      if (name === "america") response.end(name);
      else request.socket.destroy();
      return;
    default:
      await echo(name, request, response);
  }
}

async function echo(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const { method, url, headers, rawHeaders } = request;
  response.writeHead(Number(headers["x-status"] ?? 200), { "content-type": "application/json" });
  response.end(JSON.stringify({ name, method, url, headers, rawHeaders, body: Buffer.concat(parts).toString() }));
}

/** An OTLP/HTTP receiver that takes everything as it is. */
async function collect(_: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, collector = ""] = (request.url ?? "").split("/");
  const received = collected.get(collector) ?? [];
  if (request.method === "POST") {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    collected.set(collector, [...received, { url: request.url, headers: request.headers, body }]);
  }
  response.setHeader("content-type", "application/json");
  response.end(request.method === "POST" ? "{}" : JSON.stringify(received));
}

type Answer = (name: string, request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function start(name: string, by: Answer = answer): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => void by(name, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listens on TCP, so it is an AddressInfo
  return { server, url: `http://127.0.0.1:${port}` };
}

export default async function setup(project: TestProject): Promise<() => void> {
  const [europe, america, nobody] = await Promise.all([start("europe"), start("america"), start("nobody")]);
  const collector = await start("collector", collect);
  project.provide("collectorUrl", collector.url);
  // A port that was just given back: connections to it are refused.
  nobody.server.close();
  project.provide("edgeOrigins", { europe: europe.url, america: america.url, nobody: nobody.url });
  return () => {
    for (const { server } of [europe, america, collector]) {
      server.closeAllConnections();
      server.close();
    }
  };
}
