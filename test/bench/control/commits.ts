/**
 * Weight changes as fast as so many clients can have them one after the other: commits a second, how long one takes, and
 * the CPU time of the process for each. An answer comes when the change is committed and its publication was tried.
 */
import { invariant } from "../../../config/invariant.ts";
import { cpuNsOf } from "../process-cpu.ts";
import { percentile } from "../statistics.ts";
import type { AdminClient, Done } from "./client.ts";
import type { Shift } from "./fleet.ts";

export type CommitFigures = {
  readonly clients: number;
  readonly commits: number;
  readonly perSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** CPU time (user and system) of the workerd process. */
  readonly cpuMs: number;
};

export type CommitLoad = {
  readonly admin: AdminClient;
  /** Of the workerd process. */
  readonly pid: number;
  readonly nextShift: () => Shift;
  readonly clients: number;
};

export type Until = (progress: { readonly commits: number; readonly elapsedMs: number }) => boolean;

export async function measureCommits(
  { admin, pid, nextShift, clients }: CommitLoad,
  until: Until,
): Promise<CommitFigures> {
  const latenciesMs: number[] = [];
  const revisions = new Set<number>();
  const startedAt = performance.now();
  const beforeNs = cpuNsOf(pid);
  const client = async () => {
    while (!until({ commits: revisions.size, elapsedMs: performance.now() - startedAt })) {
      const askedAt = performance.now();
      const done = await shift(admin, nextShift());
      latenciesMs.push(performance.now() - askedAt);
      revisions.add(done.revision);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsedMs = performance.now() - startedAt;
  const cpuMs = (cpuNsOf(pid) - beforeNs) / 1e6;
  invariant(revisions.size === latenciesMs.length, "every commit makes a revision of its own");
  return {
    clients,
    commits: revisions.size,
    perSecond: (1_000 * revisions.size) / elapsedMs,
    latencyMsP50: percentile(latenciesMs, 50),
    latencyMsP99: percentile(latenciesMs, 99),
    cpuMs: cpuMs / revisions.size,
  };
}

async function shift(admin: AdminClient, { route, rule, weights }: Shift): Promise<Done> {
  const done = await admin.change("PATCH", "/v1/weights", { route, rule, weights, reason: "bench" });
  invariant(done.changed, "every shift is to other weights than before");
  return done;
}
