/**
 * The demo's visitors: open-loop requests through the edge at a steady rate, whatever the answers take, as real
 * visitors do not wait for each other. What they saw goes into a `TrafficWindow`.
 */
import { randomBytes } from "node:crypto";
import * as z from "zod/mini";
import { pickVisitor, type Visitor } from "./country-mix.ts";
import type { Observation, TrafficWindow } from "./traffic-window.ts";

/** A visible stream in the table, and a few percent of one core. */
const REQUESTS_PER_SECOND = 40;

/** Open loop has to stop somewhere: beyond this the machine is the bottleneck and requests count as `notSent`. */
const IN_FLIGHT_MAX = 400;

/** Above the total timeout of the demo's services: the edge answers first. */
const GIVE_UP_MS = 20_000;

const ClusterAnswer = z.looseObject({ cluster: z.string(), region: z.string() });

export type Traffic = { readonly stop: () => Promise<void> };

export function startTraffic({ edge, window }: { readonly edge: string; readonly window: TrafficWindow }): Traffic {
  const inFlight = new Set<Promise<void>>();
  const stopped = new AbortController();
  const send = (): void => {
    const visitor = pickVisitor(randomUint32(), randomUint32());
    if (inFlight.size >= IN_FLIGHT_MAX) {
      window.record({ country: visitor.country, outcome: { kind: "failed", error: "notSent" } }, Date.now());
      return;
    }
    const visit = request({ edge, visitor, signal: stopped.signal })
      .then((outcome) => {
        if (!stopped.signal.aborted) window.record({ country: visitor.country, outcome }, Date.now());
      })
      .finally(() => inFlight.delete(visit));
    inFlight.add(visit);
  };
  const startedMs = performance.now();
  let sent = 0;
  // Timers come late; what is due by the clock is sent, so that the rate holds.
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * REQUESTS_PER_SECOND);
    for (; sent < due; sent++) send();
  }, 1_000 / REQUESTS_PER_SECOND);
  return {
    stop: async () => {
      clearInterval(timer);
      stopped.abort();
      await Promise.all(inFlight);
    },
  };
}

async function request(visit: {
  readonly edge: string;
  readonly visitor: Visitor;
  readonly signal: AbortSignal;
}): Promise<Observation["outcome"]> {
  try {
    const response = await fetch(`${visit.edge}/shop`, {
      headers: { "fairlead-geo": JSON.stringify(visit.visitor) },
      signal: AbortSignal.any([visit.signal, AbortSignal.timeout(GIVE_UP_MS)]),
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) return { kind: "failed", error: String(response.status) };
    const answer = ClusterAnswer.safeParse(body);
    if (!answer.success) return { kind: "failed", error: "notACluster" };
    return { kind: "served", region: answer.data.region, cluster: answer.data.cluster, revision: revisionOf(response) };
  } catch (cause) {
    // The edge itself is gone or silent; its own failures are answers.
    return { kind: "failed", error: cause instanceof Error && cause.name === "TimeoutError" ? "timeout" : "network" };
  }
}

/** In development the edge says by what it decided: route, region, cluster and revision. */
function revisionOf(response: Response): string {
  return response.headers.get("fairlead-decision")?.split(";").at(-1) ?? "unknown";
}

function randomUint32(): number {
  return randomBytes(4).readUInt32BE();
}
