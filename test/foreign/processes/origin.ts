/**
 * The origin of http-cache-tests as a process of its own, because its handlers keep their state in their modules and
 * write to the console. The package's own server would also serve the files of its folder and write its process id into
 * the working directory, so its handlers are called from a server of ours. Prints its port, and ends with its parent.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import handleConfig from "http-cache-tests/server/handle-config.mjs";
import handleState from "http-cache-tests/server/handle-state.mjs";
import handleTest from "http-cache-tests/server/handle-test.mjs";

type Handle = (path: string[], request: IncomingMessage, response: ServerResponse) => void;

const HANDLERS: Readonly<Record<string, Handle>> = { config: handleConfig, state: handleState, test: handleTest };

const server = http.createServer((request, response) => {
  const [, first = "", ...rest] = new URL(request.url ?? "/", "http://origin.example").pathname.split("/");
  const handler = HANDLERS[first];
  if (handler === undefined) response.writeHead(404).end();
  else handler(rest, request, response);
});
server.listen(0, "127.0.0.1", () => {
  // A TCP server that listens has an address with a port; only pipes have a string.
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on("disconnect", () => process.exit());
