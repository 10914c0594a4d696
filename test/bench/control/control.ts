/**
 * What the control plane costs: commits at a small and a large fleet with little and with much history, plans, and the
 * audit log. The history is made through the API, by the same kind of change that is measured.
 */
import { stopChild } from "../child.ts";
import type { Cleanup } from "../cleanup.ts";
import { prepareAdminWorker } from "./admin-worker.ts";
import { type AuditFigures, measureAudit } from "./audit.ts";
import { adminClient } from "./client.ts";
import { type CommitFigures, type CommitLoad, measureCommits, type Until } from "./commits.ts";
import { controlDocuments, shiftsOf, weighedRules } from "./fleet.ts";
import { measurePlans, type PlanTimes } from "./plans.ts";

export const CONTROL_CLUSTERS = [10, 1_000] as const;

/** A pipeline that waits for each answer, and as many people and pipelines as ever change one environment at once. */
const CLIENTS = [1, 16] as const;
const CLIENTS_MANY = 16;

export type ControlOptions = {
  /** Revisions before the last measurement. */
  readonly revisions: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly plans: number;
  readonly leaves: number;
};

export const CONTROL_FULL: ControlOptions = { revisions: 10_000, seconds: 10, plans: 50, leaves: 100_000 };
/** To see that everything runs, and roughly how; a tenth of the history and of the log. */
export const CONTROL_QUICK: ControlOptions = { revisions: 1_500, seconds: 3, plans: 10, leaves: 10_000 };

/** Until V8 has compiled what runs, and every rule has its shift: before, the first commits look dear. */
const WARM_UP_COMMITS = 1_000;

export type AtRevisions = {
  /** When the measurement began. */
  readonly revisions: number;
  readonly commits: readonly CommitFigures[];
};

export type ControlSize = {
  readonly clusters: number;
  readonly rules: number;
  readonly few: AtRevisions;
  readonly many: AtRevisions;
  /** CPU time of a commit of one client with much history to one with little. */
  readonly cpuGrowth: number;
  readonly latencyGrowth: number;
  readonly plans: PlanTimes;
  /** From the start of a process on all that history to its first plan: the object reads its fleet and compiles it. */
  readonly restartMs: number;
};

export type ControlResult = { readonly sizes: readonly ControlSize[]; readonly audit: AuditFigures };

type Tools = { readonly cleanup: Cleanup; readonly log: (line: string) => void };

export async function measureControl(options: ControlOptions, tools: Tools): Promise<ControlResult> {
  const sizes: ControlSize[] = [];
  for (const clusters of CONTROL_CLUSTERS) sizes.push(await measureSize(clusters, options, tools));
  tools.log(`control: the audit log, ${options.leaves} leaves`);
  return { sizes, audit: await measureAudit(options.leaves, tools.cleanup) };
}

async function measureSize(clusters: number, options: ControlOptions, { cleanup, log }: Tools): Promise<ControlSize> {
  const said = (line: string) => log(`control: ${clusters} clusters: ${line}`);
  const worker = await prepareAdminWorker(cleanup);
  const { child, pid, url } = await worker.start();
  const admin = adminClient(url, worker.token);
  await admin.change("PUT", "/v1/fleet", { documents: controlDocuments(clusters), reason: "bench" });
  const rules = weighedRules(clusters);
  const load: CommitLoad = { admin, pid, nextShift: shiftsOf(rules), clients: CLIENTS_MANY };

  const fillTo = async (revisions: number) => {
    const made = await admin.revision();
    if (made < revisions) await measureCommits(load, atLeast(revisions - made));
  };
  said("warming");
  await fillTo(Math.max(WARM_UP_COMMITS, rules.length));
  const few = await measureAt(load, options, said);
  said(`making ${options.revisions} revisions`);
  await fillTo(options.revisions);
  const many = await measureAt(load, options, said);
  said("planning");
  const plans = await measurePlans(admin, load.nextShift, options.plans);
  await stopChild(child);
  const restarted = await worker.start();
  const restartMs = await timeOfFirstPlan(restarted.url, worker.token, load);
  await stopChild(restarted.child);
  return { clusters, rules: rules.length, few, many, ...growthOf(few, many), plans, restartMs };
}

async function measureAt(load: CommitLoad, { seconds }: ControlOptions, said: Tools["log"]): Promise<AtRevisions> {
  const revisions = await load.admin.revision();
  const commits: CommitFigures[] = [];
  for (const clients of CLIENTS) {
    const figures = await measureCommits({ ...load, clients }, forSeconds(seconds));
    commits.push(figures);
    said(`${revisions} revisions, ${clients} clients: ${figures.perSecond.toFixed(0)} commits/s`);
  }
  return { revisions, commits };
}

/** Of one client: with more, how many commits share a publication changes from run to run, and with it their cost. */
function growthOf(few: AtRevisions, many: AtRevisions): Pick<ControlSize, "cpuGrowth" | "latencyGrowth"> {
  const [before] = few.commits;
  const [after] = many.commits;
  if (before === undefined || after === undefined) return { cpuGrowth: 1, latencyGrowth: 1 };
  return { cpuGrowth: after.cpuMs / before.cpuMs, latencyGrowth: after.latencyMsP50 / before.latencyMsP50 };
}

async function timeOfFirstPlan(url: string, token: string, { nextShift }: CommitLoad): Promise<number> {
  const startedAt = performance.now();
  await adminClient(url, token).change("PATCH", "/v1/weights?dryRun=true", { ...nextShift(), reason: "bench" });
  return performance.now() - startedAt;
}

function atLeast(wanted: number): Until {
  return ({ commits }) => commits >= wanted;
}

function forSeconds(seconds: number): Until {
  return ({ elapsedMs }) => elapsedMs >= 1_000 * seconds;
}
