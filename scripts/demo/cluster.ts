/**
 * One cluster of the demo fleet: a real HTTP server on loopback that says who it is, and beside it a control port
 * that breaks and mends it and changes what it says of itself. What it answers when well is in `answers.ts`, what it
 * reports in `reported.ts`; what can be wrong with it in `fault.ts`.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { STATUS_PATH, STATUS_SIGNATURE_HEADER } from "../../config/cluster-status.ts";
import { invariant, unreachable } from "../../config/invariant.ts";
import type { Result } from "../../config/result.ts";
import { VANTAGE_HEADER } from "../../config/vantage.ts";
import { answer, type ClusterIdentity, requestUrl, sendJson } from "./answers.ts";
import { RequestCounters } from "./counters.ts";
import { type Fault, faultFor, isGone, NO_FAULT, parseFault } from "./fault.ts";
import { mergeReport, type Report, statusOf } from "./reported.ts";
import type { StatusKey } from "./status-key.ts";
import { serveWebSocketEcho } from "./websocket-echo.ts";

const HOST = "127.0.0.1";

/** Longer than any proxy keeps an idle connection: the side that closes first must be the one that sends requests. */
const KEEP_ALIVE_MS = 120_000;

/** The largest fault fits fifty times over. */
const CONTROL_BODY_BYTES_MAX = 4_096;

export type DemoClusterOptions = ClusterIdentity & {
  /** What it says that it runs; nothing but its version when absent. */
  readonly report?: Report;
  /** Signs the status that it would send; nobody signs when absent. */
  readonly statusKey?: StatusKey;
  /** 0 takes any free port. */
  readonly port: number;
  readonly controlPort: number;
};

export type DemoCluster = {
  readonly name: string;
  readonly region: string;
  readonly url: string;
  readonly control: string;
  readonly stop: () => Promise<void>;
};

export async function startDemoCluster(options: DemoClusterOptions): Promise<DemoCluster> {
  const cluster = new ClusterServer(options);
  const port = await cluster.listen(options.port);
  const control = http.createServer((request, response) => {
    serveControl(cluster, request, response).catch((cause: unknown) =>
      sendJson(response, 500, { error: String(cause) }),
    );
  });
  try {
    const controlPort = await listen(control, options.controlPort);
    return {
      name: options.name,
      region: options.region,
      url: `http://${HOST}:${port}`,
      control: `http://${HOST}:${controlPort}`,
      stop: async () => {
        await Promise.all([cluster.close(), close(control)]);
      },
    };
  } catch (cause) {
    await cluster.close();
    throw cause;
  }
}

/** The data port and its fault. It is a class because the listening socket comes and goes with the fault. */
class ClusterServer {
  readonly identity: ClusterIdentity;
  readonly counters = new RequestCounters();
  #fault: Fault = NO_FAULT;
  #report: Report;
  readonly #statusKey: StatusKey | undefined;
  #server: http.Server | undefined;
  #port = 0;
  /** `server.close` leaves connections that were upgraded; they are closed by hand. */
  readonly #upgraded = new Set<Duplex>();

  constructor({ name, region, version, report, statusKey }: DemoClusterOptions) {
    this.identity = { name, region, version };
    this.#report = report ?? { version };
    this.#statusKey = statusKey;
  }

  get fault(): Fault {
    return this.#fault;
  }

  async listen(port: number): Promise<number> {
    const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.#serve(request, response);
    });
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#port = await listen(server, port);
    this.#server = server;
    return this.#port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#upgraded) socket.destroy();
    if (server !== undefined) await close(server);
  }

  async setFault(fault: Fault): Promise<void> {
    this.#fault = fault;
    if (isGone(fault)) await this.close();
    else if (this.#server === undefined) await this.listen(this.#port);
  }

  /** What it would send to the control plane right now, and the header that goes with it. */
  status(): { readonly body: string; readonly signature: string | undefined } {
    const body = JSON.stringify(statusOf(this.identity.name, this.#report, Date.now()));
    return { body, signature: this.#statusKey?.signatureOf(body) };
  }

  changeReport(text: string): Result<Report, string> {
    const merged = mergeReport(this.#report, text);
    if (merged.ok) this.#report = merged.value;
    return merged;
  }

  #begin(request: IncomingMessage): () => void {
    const host = request.headers.host ?? "";
    return this.counters.begin({ path: requestUrl(request).pathname, host, nowMs: Date.now() });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const end = this.#begin(request);
    response.on("close", end);
    this.#withFault(request, {
      well: () => {
        if (requestUrl(request).pathname === STATUS_PATH) sendStatus(this, request, response);
        else answer(this.identity, request, response).catch(() => response.destroy());
      },
      failing: (status) => {
        request.resume();
        sendJson(response, status, { error: `${this.identity.name} is told to fail` });
      },
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const end = this.#begin(request);
    this.#upgraded.add(socket);
    socket.on("error", () => socket.destroy()); // a client that is gone is no news
    socket.on("close", () => {
      this.#upgraded.delete(socket);
      end();
    });
    this.#withFault(request, {
      well: () => {
        if (requestUrl(request).pathname === "/ws") serveWebSocketEcho(request, socket, head);
        else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      },
      failing: (status) => {
        socket.end(`HTTP/1.1 ${status} Told To Fail\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      },
    });
  }

  /** Answers well, badly, late or not at all. */
  #withFault(request: IncomingMessage, paths: FaultPaths): void {
    const { socket, headers } = request;
    // Only probers say it: the edge lets no client send a header of this family.
    const fault = faultFor(this.#fault, headers[VANTAGE_HEADER]?.toString());
    switch (fault.kind) {
      case "none":
        paths.well();
        return;
      case "slow":
        setTimeout(() => {
          if (!socket.destroyed) paths.well();
        }, fault.delayMs).unref();
        return;
      case "failing":
        paths.failing(fault.status);
        return;
      case "hanging":
        return;
      case "resetting":
      // A request that was under way when the cluster went down ends the same way, and so do those of some vantages only.
      case "down":
        socket.resetAndDestroy();
        return;
      default:
        unreachable(fault);
    }
  }
}

type FaultPaths = { readonly well: () => void; readonly failing: (status: number) => void };

async function serveControl(cluster: ClusterServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = `${request.method} ${requestUrl(request).pathname}`;
  if (route === "GET /") {
    return sendJson(response, 200, { ...cluster.identity, fault: cluster.fault, counters: cluster.counters.report() });
  }
  if (route === "POST /reset-counters") {
    request.resume();
    cluster.counters.reset();
    return sendJson(response, 200, { counters: cluster.counters.report() });
  }
  if (route === "POST /fault") {
    const body = await readText(request);
    if (body === undefined) return sendJson(response, 413, { error: `more than ${CONTROL_BODY_BYTES_MAX} bytes` });
    const fault = parseFault(body);
    if (!fault.ok) return sendJson(response, 400, { error: fault.error });
    await cluster.setFault(fault.value);
    return sendJson(response, 200, { fault: fault.value });
  }
  if (route === "GET /status") return sendStatus(cluster, request, response);
  if (route === "POST /status") {
    const body = await readText(request);
    if (body === undefined) return sendJson(response, 413, { error: `more than ${CONTROL_BODY_BYTES_MAX} bytes` });
    const report = cluster.changeReport(body);
    return report.ok ? sendJson(response, 200, report.value) : sendJson(response, 400, { error: report.error });
  }
  request.resume();
  const routes = "GET /, POST /fault, GET /status, POST /status and POST /reset-counters";
  sendJson(response, 404, { error: `there is ${routes}` });
}

/** Byte for byte what is signed, so that it can be sent on as it is. */
function sendStatus(cluster: ClusterServer, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const { body, signature } = cluster.status();
  const signed = signature === undefined ? {} : { [STATUS_SIGNATURE_HEADER]: signature };
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store", ...signed });
  response.end(body);
}

/** The body, or undefined when it is too long. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    invariant(chunk instanceof Buffer, "a request without an encoding gives buffers");
    bytes += chunk.length;
    if (bytes <= CONTROL_BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes <= CONTROL_BODY_BYTES_MAX ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function listen(server: http.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      // A TCP server that listens has an address with a port; only pipes have a string.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
