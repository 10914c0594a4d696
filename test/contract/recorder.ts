/** An HTTP server that answers what it was told to: the upstream behind the contract proxy. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExchangeAnswer } from "./exchange.ts";

/** Names the answer in the request, and comes back with it: an answer without it is somebody else's. */
export const EXCHANGE_HEADER = "fairlead-exchange";

export type Recorder = {
  readonly url: string;
  /** Keeps the answer for one request; returns what to name it by. */
  readonly keep: (answer: ExchangeAnswer) => string;
  /** For requests that never came. */
  readonly drop: (id: string) => void;
  readonly dispose: () => Promise<void>;
};

export async function startRecorder(): Promise<Recorder> {
  const answers = new Map<string, ExchangeAnswer>();
  const server = createServer((request, response) => replay(answers, request, response));
  // Node closes a connection after five idle seconds, and Prism may be about to use it then. Closed at the end instead.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let count = 0;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // listens on TCP, so it is an AddressInfo
    keep: (answer) => {
      count += 1;
      answers.set(String(count), answer);
      return String(count);
    },
    drop: (id) => void answers.delete(id),
    dispose: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function replay(answers: Map<string, ExchangeAnswer>, request: IncomingMessage, response: ServerResponse): void {
  const id = String(request.headers[EXCHANGE_HEADER]);
  const answer = answers.get(id);
  if (answer === undefined) {
    response.writeHead(500).end("nothing is kept under this id");
    return;
  }
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.setHeader(EXCHANGE_HEADER, id);
  response.writeHead(answer.status).end(Buffer.from(answer.base64, "base64"));
}
