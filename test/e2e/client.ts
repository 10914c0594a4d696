/** The demo as its users see it: visitors at the edge, operators at the control plane, and the clusters' own counters. */
import * as z from "zod/mini";
import { STATUS_SIGNATURE_HEADER } from "../../config/cluster-status.ts";
import type { CounterReport } from "../../scripts/demo/counters.ts";
import type { DevState } from "../../scripts/lib/dev-state.ts";
import type { DemoProcess } from "./demo.ts";

const ClusterAnswer = z.looseObject({
  cluster: z.string(),
  region: z.string(),
  version: z.string(),
  request: z.looseObject({ method: z.string(), path: z.string(), headers: z.record(z.string(), z.string()) }),
});

export type Visit = { readonly status: number; readonly cluster?: string; readonly region?: string };

/** Enough of `request.cf` to be routed by; the control plane's explain takes the same fields. */
export const PLACES = {
  DE: { country: "DE", continent: "EU", isEUCountry: "1" },
  US: { country: "US", continent: "NA" },
  IN: { country: "IN", continent: "AS" },
} as const;
export type PlaceName = keyof typeof PLACES;

export function geoHeader(place: PlaceName, clientAddress?: string): { readonly "fairlead-geo": string } {
  return {
    "fairlead-geo": JSON.stringify({ ...PLACES[place], ...(clientAddress === undefined ? {} : { clientAddress }) }),
  };
}

export function useClient(demo: () => DemoProcess): () => DemoClient {
  return () => new DemoClient(demo().state);
}

export class DemoClient {
  readonly #state: DevState;

  constructor(state: DevState) {
    this.#state = state;
  }

  /** One GET through the edge; a failure of the connection counts as status 0. */
  async visit(path: string, place: PlaceName, clientAddress?: string): Promise<Visit> {
    try {
      const response = await fetch(this.#state.edge + path, { headers: geoHeader(place, clientAddress) });
      const body: unknown = await response.json();
      const answer = ClusterAnswer.safeParse(body);
      if (!answer.success) return { status: response.status };
      return { status: response.status, cluster: answer.data.cluster, region: answer.data.region };
    } catch {
      return { status: 0 };
    }
  }

  async regionOf(place: PlaceName, path = "/"): Promise<string | undefined> {
    return (await this.visit(path, place)).region;
  }

  /** One call of the admin API; `body` makes it a JSON request. */
  async admin(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(this.#state.admin + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#state.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json", "if-match": "*" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: z.record(z.string(), z.unknown()).parse(await response.json()) };
  }

  async breakCluster(name: string, fault: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`${this.#control(name)}/fault`, { method: "POST", body: JSON.stringify(fault) });
    if (!response.ok) throw new Error(`the control port answers ${response.status}`);
  }

  /** Has a cluster say other things of itself, field by field; it is asked when its prober comes to it. */
  async changeReport(name: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`${this.#control(name)}/status`, { method: "POST", body: JSON.stringify(fields) });
    if (!response.ok) throw new Error(`the control port answers ${response.status}`);
  }

  /** What a cluster says of itself, as it would send it: the bytes, and the header that signs them. */
  async pushStatus(name: string): Promise<void> {
    const status = await fetch(`${this.#control(name)}/status`);
    const signature = status.headers.get(STATUS_SIGNATURE_HEADER) ?? "";
    const pushed = await fetch(`${this.#state.admin}/v1/clusters/${name}/status`, {
      method: "PUT",
      headers: { "content-type": "application/json", [STATUS_SIGNATURE_HEADER]: signature },
      body: await status.text(),
    });
    if (!pushed.ok) throw new Error(`the status of ${name} is answered with ${pushed.status}`);
  }

  async counters(name: string): Promise<CounterReport> {
    const answer = await (await fetch(this.#control(name))).json();
    // Written by `counters.ts` of the same tree, in the process that this test has started.
    return (answer as { counters: CounterReport }).counters;
  }

  /** How many requests for `path` the clusters of a region have seen, by their own count. */
  async seenBy(region: string, path: string): Promise<number> {
    const names = Object.keys(this.#state.clusters).filter((name) => name.startsWith(`${region}-`));
    const counts = await Promise.all(names.map(async (name) => (await this.counters(name)).byPath[path] ?? 0));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #control(name: string): string {
    const cluster = this.#state.clusters[name];
    if (cluster === undefined) throw new Error(`no cluster ${name}`);
    return cluster.control;
  }
}
