/**
 * A TCP proxy on loopback that stands in front of a real upstream and breaks what passes through it, in one of the ways
 * of `fault.ts`. It works on sockets and not in the kernel, because network emulation is rarely there where tests run.
 *
 * A fault belongs to a connection: it is the one that was set when the connection was made. Setting another breaks the
 * connections that are open, so that no kept connection goes on in the old way.
 */
import net from "node:net";
import { unreachable } from "../../config/invariant.ts";
import { type AnswerFault, type Fault, garbage, shapeAnswer } from "./fault.ts";
import { listen } from "./listener.ts";
import { MessageReader } from "./message-reader.ts";
import { type Random, randomInteger, seededRandom } from "./random.ts";
import { play } from "./steps.ts";

/** Since the proxy started. */
export type ProxyCounts = {
  readonly connections: number;
  /** Requests whose head arrived here, whatever became of them. */
  readonly requests: number;
  /** Requests whose head was passed on: the upstream has them and may act on them. */
  readonly requestsToUpstream: number;
  readonly bytesFromClients: number;
  readonly bytesToClients: number;
};

export type FaultProxy = {
  readonly port: number;
  readonly url: string;
  readonly setFault: (fault: Fault) => Promise<void>;
  readonly counts: () => ProxyCounts;
  /** Breaks what is open and leaves the fault as it is: what a kept connection is when its cluster restarts. */
  readonly resetConnections: () => void;
  readonly dispose: () => Promise<void>;
};

export type FaultProxyOptions = {
  readonly upstreamPort: number;
  readonly seed: number;
  readonly fault?: Fault;
};

type Counts = { -readonly [K in keyof ProxyCounts]: ProxyCounts[K] };

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const random = seededRandom(options.seed);
  let fault: Fault = options.fault ?? { kind: "pass" };
  const counts: Counts = {
    connections: 0,
    requests: 0,
    requestsToUpstream: 0,
    bytesFromClients: 0,
    bytesToClients: 0,
  };
  const upstreams = new Set<net.Socket>();
  const connectUpstream = () => {
    const upstream = net.connect({ port: options.upstreamPort, host: "127.0.0.1", allowHalfOpen: true });
    upstream.setNoDelay(true);
    upstreams.add(upstream);
    upstream.once("close", () => upstreams.delete(upstream));
    return upstream;
  };

  const listener = await listen((client) => {
    counts.connections += 1;
    watchRequests(client, fault, counts);
    // Each connection has chance of its own, so that bytes that arrive in other portions change nothing elsewhere.
    const seed = randomInteger(random, { min: 0, max: 2 ** 32 - 1 });
    serve(client, { fault, random: seededRandom(seed), connectUpstream });
  });
  if (fault.kind === "refuse") await listener.close();

  return {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    setFault: async (next) => {
      fault = next;
      listener.resetConnections();
      if (next.kind === "refuse") await listener.close();
      else await listener.reopen();
    },
    counts: () => ({ ...counts, bytesToClients: listener.bytesWritten() }),
    resetConnections: listener.resetConnections,
    dispose: async () => {
      await listener.dispose();
      for (const upstream of upstreams) upstream.destroy();
    },
  };
}

const WITHOUT_UPSTREAM: ReadonlySet<Fault["kind"]> = new Set(["refuse", "blackhole", "resetAtOnce", "garbage"]);

/** Reads along with what the client sends. */
function watchRequests(client: net.Socket, fault: Fault, counts: Counts): void {
  const reader = new MessageReader({ kind: "request" });
  client.on("data", (bytes: Buffer) => {
    counts.bytesFromClients += bytes.length;
    for (const { kind } of reader.push(bytes)) {
      if (kind === "head") counts.requests += 1;
      if (kind === "head" && !WITHOUT_UPSTREAM.has(fault.kind)) counts.requestsToUpstream += 1;
    }
  });
}

type Service = { readonly fault: Fault; readonly random: Random; readonly connectUpstream: () => net.Socket };

function serve(client: net.Socket, { fault, random, connectUpstream }: Service): void {
  switch (fault.kind) {
    case "refuse":
    case "resetAtOnce":
      // With `refuse`, the kernel had accepted this one in the moment before the socket stopped listening.
      client.resetAndDestroy();
      return;
    case "blackhole":
      client.once("end", () => client.end());
      return;
    case "garbage":
      client.once("data", () => void play(client, garbage(random)));
      client.once("end", () => client.end());
      return;
    case "halfClose":
      pipeRequests(client, connectUpstream()).on("data", () => client.end());
      return;
    case "pass":
    case "resetMidAnswer":
    case "slowHeaders":
    case "slowBody":
    case "truncate":
    case "delay":
      relay(client, fault, pipeRequests(client, connectUpstream()), random);
      return;
    default:
      unreachable(fault);
  }
}

/** The answer's bytes as the fault shapes them; an upstream that breaks the connection breaks it for the client. */
function relay(client: net.Socket, fault: AnswerFault, upstream: net.Socket, random: Random): void {
  play(client, shapeAnswer(upstream, fault, random)).catch(() => client.resetAndDestroy());
}

/** The way to the upstream is never changed: what the client sends, ends or breaks off, it sees. */
function pipeRequests(client: net.Socket, upstream: net.Socket): net.Socket {
  client.pipe(upstream);
  let broken = false;
  client.once("error", () => {
    broken = true;
  });
  client.once("close", () => {
    if (broken) upstream.resetAndDestroy();
    else upstream.destroy();
  });
  upstream.once("error", () => client.resetAndDestroy());
  return upstream;
}
