/**
 * What the control plane costs: commits at a small and a large fleet with little and with much history, plans, and the
 * audit log. The history is made through the API, by the same kind of change that is measured. Little and much history
 * are two processes that take turns, so that what the machine does meanwhile falls on both alike.
 */
import type { Cleanup } from "../cleanup.ts";
import { median, pairRatios, rotate, type Summary, summarize } from "../statistics.ts";
import { type AuditFigures, measureAudit } from "./audit.ts";
import type { CommitFigures } from "./commits.ts";
import { type Environment, startEnvironment } from "./environment.ts";
import { weighedRules } from "./fleet.ts";
import { measurePlans, type PlanTimes } from "./plans.ts";

export const CONTROL_CLUSTERS = [10, 1_000] as const;

/** A pipeline that waits for each answer, and as many as ever change one environment at once. */
const CLIENTS = [1, 16] as const;

/** Until V8 has compiled what runs, and every rule has its shift: the first commits look dear. */
const REVISIONS_FEW = 1_000;

export type ControlOptions = {
  /** Of much history. */
  readonly revisions: number;
  readonly rounds: number;
  /** For each number of clients and each history in each round. */
  readonly seconds: number;
  readonly plans: number;
  readonly leaves: number;
};

export const CONTROL_FULL: ControlOptions = { revisions: 10_000, rounds: 4, seconds: 4, plans: 50, leaves: 100_000 };
export const CONTROL_QUICK: ControlOptions = { revisions: 2_000, rounds: 1, seconds: 2, plans: 10, leaves: 10_000 };

export const HISTORIES = ["few", "many"] as const;
export type HistorySize = (typeof HISTORIES)[number];

/** Medians over the rounds. */
export type MeasuredCommits = Omit<CommitFigures, "perSecond"> & {
  readonly perSecond: Summary;
  readonly history: HistorySize;
  /** Before the first of them. */
  readonly revisions: number;
};

export type Growth = { readonly ofMedians: number; readonly ofPairs: Summary };

export type ControlSize = {
  readonly clusters: number;
  readonly rules: number;
  readonly commits: readonly MeasuredCommits[];
  /** Of one client, much history to little: with more, how many share a publication changes, and with it what they cost. */
  readonly growth: { readonly cpu: Growth; readonly latency: Growth };
  readonly plans: PlanTimes;
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
  const wanted = { few: REVISIONS_FEW, many: options.revisions };
  const environments = {
    few: await startEnvironment(clusters, cleanup),
    many: await startEnvironment(clusters, cleanup),
  };
  for (const history of HISTORIES) {
    said(`making ${wanted[history]} revisions`);
    await environments[history].fillTo(wanted[history]);
  }
  const measured = await measureRounds(environments, options, said);
  await environments.few.stop();
  said("planning");
  const { admin, nextShift, timeRestart } = environments.many;
  const plans = await measurePlans(admin, nextShift, options.plans);
  return { clusters, rules: weighedRules(clusters).length, ...measured, plans, restartMs: await timeRestart() };
}

async function measureRounds(
  environments: Readonly<Record<HistorySize, Environment>>,
  { rounds, seconds }: ControlOptions,
  said: Tools["log"],
): Promise<Pick<ControlSize, "commits" | "growth">> {
  const runs = CLIENTS.flatMap((clients) => HISTORIES.map((history) => ({ clients, history })));
  const revisions = { few: await environments.few.admin.revision(), many: await environments.many.admin.revision() };
  const samples = runs.map((run) => ({ ...run, figures: [] as CommitFigures[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { clients, history, figures } of rotate(samples, round))
      figures.push(await environments[history].commits(clients, ({ elapsedMs }) => elapsedMs > 1_000 * seconds));
    const line = samples.map(({ figures, clients, history }) => {
      return `${clients} on ${history} ${figures.at(-1)?.perSecond.toFixed(0)}/s`;
    });
    said(`round ${round + 1} of ${rounds}: ${line.join(", ")}`);
  }
  const commits = samples.map(({ history, figures }) => ({
    history,
    revisions: revisions[history],
    ...mediansOf(figures),
  }));
  const ofOne = (wanted: HistorySize) =>
    samples.find((sample) => sample.clients === 1 && sample.history === wanted)?.figures ?? [];
  const growthIn = (figure: "cpuMs" | "latencyMsP50") =>
    growthOf(
      ofOne("few").map((one) => one[figure]),
      ofOne("many").map((one) => one[figure]),
    );
  return { commits, growth: { cpu: growthIn("cpuMs"), latency: growthIn("latencyMsP50") } };
}

function mediansOf(figures: readonly CommitFigures[]): Omit<MeasuredCommits, "history" | "revisions"> {
  const medianOf = (figure: keyof CommitFigures) => median(figures.map((one) => one[figure]));
  return {
    clients: medianOf("clients"),
    commits: figures.reduce((sum, { commits }) => sum + commits, 0),
    perSecond: summarize(figures.map(({ perSecond }) => perSecond)),
    latencyMsP50: medianOf("latencyMsP50"),
    latencyMsP99: medianOf("latencyMsP99"),
    cpuMs: medianOf("cpuMs"),
  };
}

function growthOf(few: readonly number[], many: readonly number[]): Growth {
  return { ofMedians: median(many) / median(few), ofPairs: summarize(pairRatios(many, few)) };
}
