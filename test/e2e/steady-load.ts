/** Visitors who keep coming at a steady rate, whatever the answers take, and all that they were answered. */
import type { DemoClient, PlaceName, Visit } from "./client.ts";

/** Enough that a gap of a tenth of a second would show, and little for two shared cores. */
const INTERVAL_MS = 20;

export type TimedVisit = Visit & { readonly sentMs: number };

export type SteadyLoad = {
  readonly visits: readonly TimedVisit[];
  /** Waits for the answers under way. */
  readonly stop: () => Promise<readonly TimedVisit[]>;
};

/** Each visit comes from one of 250 addresses, so affinity is at work. */
export function startSteadyLoad(client: DemoClient, place: PlaceName, path: string): SteadyLoad {
  const visits: TimedVisit[] = [];
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    const sentMs = performance.now();
    const visit = client.visit(path, place, `198.19.0.${sent % 250}`).then((answer) => {
      visits.push({ ...answer, sentMs });
      underWay.delete(visit);
    });
    underWay.add(visit);
  }, INTERVAL_MS);
  return {
    visits,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      return visits;
    },
  };
}
