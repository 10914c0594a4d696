/** Which of the ports that are wanted somebody else already has. */
import net from "node:net";

const HOST = "127.0.0.1";

/** The ones of `ports` that cannot be listened on, in their order. */
export async function busyPorts(ports: readonly number[]): Promise<number[]> {
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_, i) => free[i] === false);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}
