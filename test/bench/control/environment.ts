/** One environment under measurement: a control plane in its own process, with a fleet and as much history as is asked for. */
import { stopChild } from "../child.ts";
import type { Cleanup } from "../cleanup.ts";
import { prepareAdminWorker } from "./admin-worker.ts";
import { type AdminClient, adminClient } from "./client.ts";
import { type CommitFigures, measureCommits, type Until } from "./commits.ts";
import { controlDocuments, type Shift, shiftsOf, weighedRules } from "./fleet.ts";

/** A history that takes longer to make is measured as far as it has got. */
const FILL_MS_MAX = 600_000;
const FILL_CLIENTS = 16;

export type Environment = {
  readonly admin: AdminClient;
  readonly nextShift: () => Shift;
  readonly commits: (clients: number, until: Until) => Promise<CommitFigures>;
  /** Commits until there are so many revisions. */
  readonly fillTo: (revisions: number) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** The time that the first plan takes in a new process: the object reads its fleet, compiles and projects it. */
  readonly timeRestart: () => Promise<number>;
};

export async function startEnvironment(clusters: number, cleanup: Cleanup): Promise<Environment> {
  const worker = await prepareAdminWorker(cleanup);
  const { child, pid, url } = await worker.start();
  const admin = adminClient(url, worker.token);
  await admin.change("PUT", "/v1/fleet", { documents: controlDocuments(clusters), reason: "bench" });
  const nextShift = shiftsOf(weighedRules(clusters));
  const commits = (clients: number, until: Until) => measureCommits({ admin, pid, nextShift, clients }, until);
  return {
    admin,
    nextShift,
    commits,
    fillTo: async (revisions) => {
      const missing = revisions - (await admin.revision());
      if (missing > 0)
        await commits(FILL_CLIENTS, ({ commits: made, elapsedMs }) => made >= missing || elapsedMs > FILL_MS_MAX);
    },
    stop: () => stopChild(child),
    timeRestart: async () => {
      await stopChild(child);
      const restarted = await worker.start();
      const startedAt = performance.now();
      const change = { ...nextShift(), reason: "bench" };
      await adminClient(restarted.url, worker.token).change("PATCH", "/v1/weights?dryRun=true", change);
      const elapsedMs = performance.now() - startedAt;
      await stopChild(restarted.child);
      return elapsedMs;
    },
  };
}
