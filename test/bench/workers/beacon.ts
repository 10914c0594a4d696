/**
 * A beacon as the edge sees one (`config/beacon.ts`): the state with every cluster healthy, renewed as the control plane
 * renews it, and the one snapshot. The
 * admin Worker is left out on purpose: only what the edge process does on account of its requests is measured.
 */
import { DurableObject } from "cloudflare:workers";
import { BEACON_REPORT_PATH, BEACON_STATE_PATH, beaconSnapshotPath } from "../../../config/beacon.ts";

type Env = { readonly SNAPSHOT: string; readonly REVISION: string; readonly CLUSTERS: string };

/** A report that nobody renews is nothing to go by after a minute, and then the edge decides without one. */
const RENEWAL_MS = 5_000;

export class BeaconObject extends DurableObject<Env> {
  override fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === BEACON_REPORT_PATH) return new Response(null, { status: 204 });
    if (pathname === BEACON_STATE_PATH) return Response.json(this.#state());
    if (pathname === beaconSnapshotPath(Number(this.env.REVISION))) return new Response(this.env.SNAPSHOT);
    return new Response(null, { status: 404 });
  }

  #state() {
    const atMs = Date.now();
    const clusters = Object.fromEntries(this.env.CLUSTERS.split(",").map((name) => [name, "healthy"]));
    return {
      revision: Number(this.env.REVISION),
      health: { sequence: Math.floor(atMs / RENEWAL_MS), atMs, clusters, recoveredAtMs: {} },
    };
  }
}

/** Takes reports and does nothing with them: what becomes of them is the admin Worker's cost. */
export class TelemetryObject extends DurableObject {
  override async fetch(request: Request): Promise<Response> {
    await request.text();
    return new Response(null, { status: 204 });
  }
}

export default {
  fetch: () => new Response(null, { status: 404 }),
} satisfies ExportedHandler<Env>;
