/**
 * The reasoning of one prober, without its sockets: whom to ask now, and what an answer changes. Also when to fetch what
 * clusters report of themselves, which shares the places of the probes.
 */
import type { HealthState } from "../../../config/health.ts";
import { sortedBy } from "../../../config/order.ts";
import type { StatusTarget } from "../status/targets.ts";
import { type ClusterHealth, heldUntilMs, observe, type Probed, unknownHealth } from "./cluster-health.ts";
import { recentDowns } from "./flapping.ts";
import { type Draw, Schedule } from "./schedule.ts";
import type { ProbeCheck, ProbeTarget } from "./targets.ts";
import type { SeenCluster } from "./view.ts";

export type ProbeTask =
  | { readonly kind: "probe"; readonly key: string; readonly cluster: string; readonly check: ProbeCheck }
  | { readonly kind: "status"; readonly key: string; readonly cluster: string; readonly url: string };

export type ProbingConfig = {
  readonly targets: readonly ProbeTarget[];
  readonly statuses: readonly StatusTarget[];
  readonly statusIntervalMs: number;
};

export type StateChange = { readonly cluster: string; readonly from: HealthState; readonly to: ClusterHealth };

/** Over all checks of a cluster. */
export type ProbeTally = { readonly successes: number; readonly failures: number };

const NO_PROBES: ProbeTally = { successes: 0, failures: 0 };

export class Probing {
  readonly #schedule = new Schedule();
  readonly #health: Map<string, ClusterHealth>;
  readonly #tallies = new Map<string, ProbeTally>();
  #targets: ReadonlyMap<string, ProbeTarget> = new Map();
  #tasks: ReadonlyMap<string, ProbeTask> = new Map();

  /** `kept`: what was believed before a restart. */
  constructor(kept: ReadonlyMap<string, ClusterHealth>) {
    this.#health = new Map(kept);
  }

  configure(config: ProbingConfig, nowMs: number, draw: Draw): void {
    this.#targets = new Map(config.targets.map((target) => [target.cluster, target]));
    for (const kept of [this.#health, this.#tallies])
      for (const cluster of kept.keys()) if (!this.#targets.has(cluster)) kept.delete(cluster);
    const tasks = tasksOf(config);
    this.#tasks = new Map(tasks.map(({ task }) => [task.key, task]));
    const recurring = tasks.map(({ task: { key }, intervalMs }) => ({ key, intervalMs }));
    // Traffic may be waiting for the first word on a new cluster. What is known already comes back to its pace slowly:
    // after a restart everything would be asked at once.
    const spread = (key: string) => {
      const task = this.#tasks.get(key);
      return task?.kind === "status" || (task !== undefined && this.#health.has(task.cluster));
    };
    this.#schedule.replace(recurring, { nowMs, draw, spread });
  }

  begin(nowMs: number, draw: Draw): readonly ProbeTask[] {
    return this.#schedule.begin(nowMs, draw).flatMap((key) => this.#tasks.get(key) ?? []);
  }

  /** To be called once for each task that began. */
  end({ key }: ProbeTask, tookMs: number): void {
    this.#schedule.end(key, tookMs);
  }

  /** Undefined when the cluster's state is what it was, or nobody asks for it any more. */
  observe(cluster: string, probed: Probed, nowMs: number): StateChange | undefined {
    const target = this.#targets.get(cluster);
    if (target === undefined) return undefined;
    this.#count(cluster, probed);
    const before = this.#health.get(cluster) ?? unknownHealth(nowMs);
    const after = observe(before, probed, { target, nowMs });
    this.#health.set(cluster, after);
    return after.state === before.state ? undefined : { cluster, from: before.state, to: after };
  }

  #count(cluster: string, { outcome }: Probed): void {
    const { successes, failures } = this.#tallies.get(cluster) ?? NO_PROBES;
    const failed = outcome.kind === "failure" ? 1 : 0;
    this.#tallies.set(cluster, { successes: successes + 1 - failed, failures: failures + failed });
  }

  /** Of every target, in the order of their names, since this was made. */
  tallies(): readonly ({ readonly cluster: string } & ProbeTally)[] {
    return sortedBy(this.#targets.keys(), (cluster) => cluster).map((cluster) => ({
      cluster,
      ...(this.#tallies.get(cluster) ?? NO_PROBES),
    }));
  }

  /** When the next task can begin; undefined when there is none, or all places are taken. */
  nextMs(): number | undefined {
    return this.#schedule.nextMs();
  }

  behindMs(nowMs: number): number {
    return this.#schedule.behindMs(nowMs);
  }

  get isIdle(): boolean {
    return this.#tasks.size === 0;
  }

  healthOf(cluster: string): ClusterHealth | undefined {
    return this.#targets.has(cluster) ? this.#health.get(cluster) : undefined;
  }

  /** Of every target, for the health object. */
  seen(nowMs: number): Readonly<Record<string, SeenCluster>> {
    const entries = [...this.#targets.values()].map((target): [string, SeenCluster] => {
      const health = this.#health.get(target.cluster);
      return [target.cluster, health === undefined ? UNSEEN : seenOf(health, target, nowMs)];
    });
    return Object.fromEntries(entries);
  }
}

const UNSEEN: SeenCluster = { state: "unknown", sinceMs: 0, flaps: 0 };

function seenOf(health: ClusterHealth, target: ProbeTarget, nowMs: number): SeenCluster {
  const { state, sinceMs, because, recoveredAtMs, downsAtMs } = health;
  const untilMs = heldUntilMs(health, target);
  return {
    state,
    sinceMs,
    flaps: recentDowns(downsAtMs, nowMs).length,
    ...(because === undefined ? {} : { because }),
    ...(recoveredAtMs === undefined ? {} : { recoveredAtMs }),
    ...(state === "unhealthy" && untilMs > nowMs ? { heldUntilMs: untilMs } : {}),
  };
}

function tasksOf({ targets, statuses, statusIntervalMs }: ProbingConfig) {
  const probes = targets.flatMap(({ cluster, checks }) =>
    checks.map((check): { readonly task: ProbeTask; readonly intervalMs: number } => ({
      task: { kind: "probe", key: `${cluster}/${check.name}`, cluster, check },
      intervalMs: check.intervalMs,
    })),
  );
  const pulls = statuses.map(({ cluster, url }): { readonly task: ProbeTask; readonly intervalMs: number } => ({
    // No check has an empty name.
    task: { kind: "status", key: `${cluster}/`, cluster, url },
    intervalMs: statusIntervalMs,
  }));
  return [...probes, ...pulls];
}
