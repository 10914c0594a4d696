/** One large file with a validator, served in parts to those who ask for parts (RFC 9110 §14). */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type DownloadRequest = {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly status: number;
};

export type DownloadServer = {
  readonly port: number;
  readonly requests: () => readonly DownloadRequest[];
  readonly dispose: () => Promise<void>;
};

export const ETAG = '"v1"';

export async function startDownloadServer(content: Buffer): Promise<DownloadServer> {
  const requests: DownloadRequest[] = [];
  const server = http.createServer((request, response) => {
    const status = serve(content, request, response);
    const { range, "if-range": ifRange } = request.headers;
    requests.push({ range, ifRange: ifRange?.toString(), status });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    // A TCP server that listens has an address with a port; only pipes have a string.
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    dispose: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Only "from here to the end", and "from here to there", are understood: what clients that resume ask for. */
function serve(content: Buffer, request: IncomingMessage, response: ServerResponse): number {
  const common = { "accept-ranges": "bytes", etag: ETAG, "content-type": "application/octet-stream" };
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const stillValid = (request.headers["if-range"] ?? ETAG) === ETAG;
  if (match === null || !stillValid) {
    response.writeHead(200, { ...common, "content-length": content.length }).end(content);
    return 200;
  }
  const first = Number(match[1]);
  const last = match[2] === "" ? content.length - 1 : Math.min(Number(match[2]), content.length - 1);
  if (first > last) {
    response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    return 416;
  }
  const range = `bytes ${first}-${last}/${content.length}`;
  response
    .writeHead(206, { ...common, "content-range": range, "content-length": last - first + 1 })
    .end(content.subarray(first, last + 1));
  return 206;
}
