/** A cluster that serves Socket.IO. Sessions live in its memory, so a request that lands elsewhere finds none. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";

export type SocketCluster = {
  readonly name: string;
  readonly url: string;
  /** Sessions that were opened here. */
  readonly sessions: () => number;
  /** Requests for sessions that are not here: what goes wrong without affinity. */
  readonly strays: () => number;
  readonly dispose: () => Promise<void>;
};

export async function startSocketCluster(name: string): Promise<SocketCluster> {
  let sessions = 0;
  let strays = 0;
  const server = http.createServer();
  const sockets = new Server(server);
  sockets.engine.on("connection_error", () => {
    strays += 1;
  });
  sockets.on("connection", (socket) => {
    sessions += 1;
    socket.on("say", (text: string, acknowledge: (answer: string) => void) => acknowledge(`${name}: ${text}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server that listens has an address with a port; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    sessions: () => sessions,
    strays: () => strays,
    dispose: async () => {
      server.closeAllConnections();
      await sockets.close();
    },
  };
}
