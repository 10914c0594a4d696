/** A listening socket on loopback that knows its connections: it can stop listening, start again, and leave nothing open. */
import net from "node:net";

const HOST = "127.0.0.1";

export type Listener = {
  readonly port: number;
  /** Connections made so far. */
  readonly connections: () => number;
  /** On all of them together. */
  readonly bytesWritten: () => number;
  /** From now on connections are refused; those that are open stay. */
  readonly close: () => Promise<void>;
  /** Listens again, on the same port. */
  readonly reopen: () => Promise<void>;
  /** Breaks every open connection. */
  readonly resetConnections: () => void;
  readonly dispose: () => Promise<void>;
};

export async function listen(onConnection: (socket: net.Socket) => void): Promise<Listener> {
  const open = new Set<net.Socket>();
  let connections = 0;
  let bytesWrittenByClosed = 0;
  // Half-open, so that a peer that ends its side is not answered with our FIN before we want it.
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections += 1;
    open.add(socket);
    // A broken connection is what these tests are about; what follows from it is seen through `close`.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      open.delete(socket);
      bytesWrittenByClosed += socket.bytesWritten;
    });
    onConnection(socket);
  });
  const start = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, HOST, () => {
        server.off("error", reject);
        resolve();
      });
    });
  const resetConnections = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  // `close` calls back only when the last connection has ended; that the port is free is known at once.
  const close = async () => {
    if (server.listening) server.close();
  };

  await start(0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server listens on a port");
  const { port } = address;
  return {
    port,
    connections: () => connections,
    bytesWritten: () => [...open].reduce((sum, socket) => sum + socket.bytesWritten, bytesWrittenByClosed),
    close,
    reopen: async () => {
      if (!server.listening) await start(port);
    },
    resetConnections,
    dispose: async () => {
      const closed = new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
      });
      resetConnections();
      await closed;
    },
  };
}
