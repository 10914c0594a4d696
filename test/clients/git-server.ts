/** A git server as a cluster would run it: `git http-backend`, called the CGI way (RFC 3875) from a small HTTP server. */
import { spawn } from "node:child_process";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type GitRequest = {
  readonly method: string;
  readonly url: string;
  readonly contentEncoding: string | undefined;
  readonly transferEncoding: string | undefined;
};

export type GitServer = {
  readonly url: string;
  readonly requests: () => readonly GitRequest[];
  readonly dispose: () => Promise<void>;
};

/** Serves every repository in the folder, for reading and writing. */
export async function startGitServer(folder: string): Promise<GitServer> {
  const requests: GitRequest[] = [];
  const server = http.createServer((request, response) => {
    requests.push({
      method: request.method ?? "",
      url: request.url ?? "",
      contentEncoding: request.headers["content-encoding"],
      transferEncoding: request.headers["transfer-encoding"],
    });
    runBackend(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server that listens has an address with a port; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    dispose: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function runBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const backend = spawn("git", ["http-backend"], {
    env: cgiVariables(folder, request),
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may have read enough before the client has sent everything.
  backend.stdin.on("error", () => undefined);
  request.pipe(backend.stdin);
  const reading = new CgiReading(response);
  backend.stdout.on("data", (bytes: Buffer) => reading.push(bytes));
  backend.on("close", () => response.end());
}

function cgiVariables(folder: string, request: IncomingMessage): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(request.url ?? "/", "http://git.example");
  const { headers } = request;
  return {
    PATH: process.env.PATH,
    GIT_PROJECT_ROOT: folder,
    GIT_HTTP_EXPORT_ALL: "1",
    REMOTE_USER: "pusher", // who is known may push
    REMOTE_ADDR: "127.0.0.1",
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: headers["content-type"],
    CONTENT_LENGTH: headers["content-length"],
    HTTP_CONTENT_ENCODING: headers["content-encoding"],
    GIT_PROTOCOL: headers["git-protocol"]?.toString(),
  };
}

const HEAD_END = "\r\n\r\n";

/** Turns the head that a CGI program writes into that of an answer, and passes on what follows. */
class CgiReading {
  readonly #response: ServerResponse;
  #head: Buffer = Buffer.alloc(0);

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  push(bytes: Buffer): void {
    if (this.#response.headersSent) {
      this.#response.write(bytes);
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    for (const line of this.#head.subarray(0, end).toString("latin1").split("\r\n")) this.#addLine(line);
    this.#response.flushHeaders();
    const rest = this.#head.subarray(end + HEAD_END.length);
    if (rest.length > 0) this.#response.write(rest);
  }

  #addLine(line: string): void {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === "status") this.#response.statusCode = Number.parseInt(value, 10);
    else this.#response.setHeader(name, value);
  }
}
