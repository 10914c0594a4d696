/** The origin of the HTTP part: keep-alive, one small JSON answer, always the same. */
import { createServer } from "node:http";
import { invariant } from "../../../config/invariant.ts";
import { type OriginReady, originBody } from "../protocol.ts";
import { endWithParent, tellParent } from "./parent.ts";

function serve(nonce: string): void {
  const body = Buffer.from(originBody(nonce));
  const headers = {
    "content-type": "application/json",
    "content-length": String(body.length),
    "cache-control": "private, max-age=0",
    etag: '"5f2c-bench"',
    vary: "accept-encoding",
  };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, headers).end(body);
  });
  // Longer than any pause between rounds: no Worker should pay for a connection that the origin has closed.
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    invariant(address !== null && typeof address === "object", "a TCP server has a port");
    tellParent({ port: address.port } satisfies OriginReady);
  });
}

const [nonce] = process.argv.slice(2);
invariant(nonce !== undefined, "the origin is started with a nonce");
endWithParent();
serve(nonce);
