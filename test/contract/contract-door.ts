/** Where tests inside workerd hand in their exchanges: JSON in, the list of what is wrong with it out. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { startContractProxy } from "./contract-proxy.ts";
import { loadDescription } from "./description.ts";
import type { Exchange } from "./exchange.ts";

export type ContractDoor = { readonly url: string; readonly dispose: () => Promise<void> };

export async function openContractDoor(): Promise<ContractDoor> {
  const proxy = await startContractProxy(await loadDescription());
  const server = createServer(async (request, response) => {
    try {
      const findings = await proxy.check(await readExchange(request));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(findings));
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.stack : String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // listens on TCP, so it is an AddressInfo
    dispose: async () => {
      server.close();
      server.closeAllConnections();
      await proxy.dispose();
    },
  };
}

async function readExchange(request: IncomingMessage): Promise<Exchange> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set, so they are bytes
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as Exchange; // from support.ts, which has the type
}
