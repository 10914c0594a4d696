/** The clusters of a chaos run: small origins that say who they are, each behind a fault proxy, and what each has seen. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Snapshot } from "../../config/snapshot.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";
import { compactFleet } from "./fleet.ts";

/** Longer than any test: the edge decides when a connection ends. */
const KEEP_ALIVE_MS = 120_000;

export type ChaosCluster = {
  readonly name: string;
  readonly region: string;
  readonly proxy: FaultProxy;
  /** Uploads that ended before their time. */
  readonly cutUploads: () => number;
  readonly dispose: () => Promise<void>;
};

export type Clusters = {
  readonly all: readonly ChaosCluster[];
  readonly snapshot: Snapshot;
  readonly byName: (name: string) => ChaosCluster;
  /** Attempts that arrived anywhere since the start. Refused connections arrive nowhere. */
  readonly attempts: () => number;
  /** Breaks the named clusters and mends the others. */
  readonly breakOnly: (names: readonly string[], fault: Parameters<FaultProxy["setFault"]>[0]) => Promise<void>;
  readonly dispose: () => Promise<void>;
};

/** One cluster for each pair of region and name. */
export async function startClusters(
  places: readonly { readonly region: string; readonly name: string }[],
  seed: number,
): Promise<Clusters> {
  const all: ChaosCluster[] = [];
  for (const [i, place] of places.entries()) all.push(await startCluster(place, seed + i));
  return {
    all,
    snapshot: compactFleet(all.map(({ name, region, proxy }) => ({ name, region, endpoint: proxy.url }))),
    byName: (name) => {
      const found = all.find((cluster) => cluster.name === name);
      if (found === undefined) throw new Error(`no cluster ${name}`);
      return found;
    },
    attempts: () => all.reduce((sum, cluster) => sum + attemptsAt(cluster), 0),
    breakOnly: async (names, fault) => {
      for (const { name, proxy } of all) await proxy.setFault(names.includes(name) ? fault : { kind: "pass" });
    },
    dispose: async () => {
      for (const cluster of all) await cluster.dispose();
    },
  };
}

/**
 * A connection that is kept has several requests, and one that is reset at once has none: whichever count is larger is
 * the number of attempts.
 */
export function attemptsAt({ proxy }: ChaosCluster): number {
  const { connections, requests } = proxy.counts();
  return Math.max(connections, requests);
}

async function startCluster(
  { region, name }: { readonly region: string; readonly name: string },
  seed: number,
): Promise<ChaosCluster> {
  let cutUploads = 0;
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    request.on("error", () => {
      cutUploads += 1;
    });
    request.on("end", () => response.end(name)).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server that listens has an address with a port; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  const proxy = await startFaultProxy({ upstreamPort: port, seed });
  return {
    name,
    region,
    proxy,
    cutUploads: () => cutUploads,
    dispose: async () => {
      await proxy.dispose();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
