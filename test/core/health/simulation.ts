/**
 * Probers, the health object and the ways between them, in simulated time: the reasoning that really runs, with sockets
 * and storage replaced by what a test says of the world. A step is a quarter of a second.
 */
import { HEARTBEAT_MS } from "../../../admin/core/health/judge.ts";
import type { ProbeOutcome } from "../../../admin/core/health/outcome.ts";
import { type ProbeTask, Probing } from "../../../admin/core/health/probing.ts";
import type { ProbeTarget } from "../../../admin/core/health/targets.ts";
import type { Transition } from "../../../admin/core/health/transitions.ts";
import { HealthWatch, NOTHING_KEPT } from "../../../admin/core/health/watch.ts";
import type { HealthReport, HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";

export const STEP_MS = 250;

/** What one probe meets; `lost` is no answer within the timeout. */
export type Meets = "well" | "slow" | "failing" | "lost";

export type World = {
  readonly vantages: readonly Vantage[];
  readonly clusters: readonly string[];
  readonly meets: (vantage: Vantage, cluster: string, nowMs: number) => Meets;
  /** Whether the health object hears from this vantage. */
  readonly isHeard: (vantage: Vantage, nowMs: number) => boolean;
};

export type Settings = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly holdDownMs: number;
  /** For the jitter of each probe. */
  readonly draw: () => number;
};

export const SETTINGS: Settings = {
  ...{ intervalMs: 10_000, timeoutMs: 2_000, rise: 2, fall: 3, holdDownMs: 20_000 },
  draw: () => 0.5,
};

type Prober = {
  readonly vantage: Vantage;
  readonly probing: Probing;
  readonly running: Map<ProbeTask, { readonly endMs: number; readonly outcome: ProbeOutcome }>;
  sequence: number;
  held: number;
  tellAtMs: number;
};

export class Simulation {
  readonly #world: World;
  readonly #settings: Settings;
  readonly #probers: readonly Prober[];
  readonly watch = new HealthWatch(NOTHING_KEPT, 0);
  readonly transitions: Transition[] = [];
  /** How often the beacons had to hear of something, heartbeats aside. */
  news = 0;
  nowMs = 0;

  constructor(world: World, settings: Partial<Settings> = {}) {
    this.#world = world;
    this.#settings = { ...SETTINGS, ...settings };
    const { vantages, clusters } = world;
    this.watch.configure({
      ...{ revision: 1, digest: "one", vantages },
      clusters: clusters.map((cluster) => ({ cluster, probesPerMinute: 6 })),
    });
    this.#probers = vantages.map((vantage) => this.#proberOf(vantage));
  }

  /** Runs on until then; `each` hears every report that tells something new. */
  until(untilMs: number, each: (report: HealthReport) => void = () => undefined): this {
    for (; this.nowMs < untilMs; this.nowMs += STEP_MS) {
      const told = this.#probers.map((prober) => this.#step(prober)).some(Boolean);
      // Silence is looked at now and then, here each second.
      if (!told && this.nowMs % 1_000 !== 0) continue;
      const { changed, transitions } = this.watch.review(this.nowMs);
      this.transitions.push(...transitions);
      if (!changed) continue;
      this.news += 1;
      each(this.report());
    }
    return this;
  }

  report(): HealthReport {
    return this.watch.report(this.news, this.nowMs);
  }

  /** A letter for each cluster: healthy, degraded, x for down, ? for unknown. For all, or near one vantage. */
  letters(vantage?: Vantage): string {
    const report = this.report();
    const own = vantage === undefined ? {} : (report.vantages?.[vantage] ?? {});
    return this.#world.clusters
      .map((cluster) => LETTERS[statesOf(own).get(cluster) ?? statesOf(report.clusters).get(cluster) ?? "unknown"])
      .join("");
  }

  #proberOf(vantage: Vantage): Prober {
    const { clusters } = this.#world;
    const { intervalMs, timeoutMs, rise, fall, holdDownMs, draw } = this.#settings;
    const probing = new Probing(new Map());
    const targets = clusters.map((cluster): ProbeTarget => {
      const request = { url: `https://${cluster}.example.com/`, method: "GET" } as const;
      const check = { name: "c", role: "mustPass", ...request, intervalMs, timeoutMs, rise, fall } as const;
      return { cluster, holdDownMs, checks: [check] };
    });
    probing.configure({ targets, statuses: [], statusIntervalMs: 30_000 }, 0, draw);
    return { vantage, probing, running: new Map(), sequence: 1, held: -1, tellAtMs: 0 };
  }

  /** Whether the health object heard something. */
  #step(prober: Prober): boolean {
    const { nowMs } = this;
    for (const [task, { endMs, outcome }] of prober.running) {
      if (endMs > nowMs) continue;
      prober.running.delete(task);
      prober.probing.end(task, outcome.durationMs);
      if (prober.probing.observe(task.cluster, { check: "c", outcome }, nowMs) === undefined) continue;
      prober.sequence += 1;
      prober.tellAtMs = nowMs;
    }
    for (const task of prober.probing.begin(nowMs, this.#settings.draw)) {
      const outcome = this.#outcomeOf(prober.vantage, task);
      prober.running.set(task, { endMs: nowMs + outcome.durationMs, outcome });
    }
    return nowMs >= prober.tellAtMs && this.#tell(prober);
  }

  #tell(prober: Prober): boolean {
    const { vantage, sequence, held, probing } = prober;
    if (!this.#world.isHeard(vantage, this.nowMs)) return false; // It is tried again with the next step.
    const message = { vantage, sequence, ranIn: { kind: "unknown" }, behindMs: probing.behindMs(this.nowMs) } as const;
    const whole = held === sequence ? message : { ...message, clusters: probing.seen(this.nowMs) };
    prober.held = this.watch.accept(whole, this.nowMs) ?? -1;
    prober.tellAtMs = prober.held === sequence ? this.nowMs + HEARTBEAT_MS : this.nowMs;
    return true;
  }

  #outcomeOf(vantage: Vantage, task: ProbeTask): ProbeOutcome {
    switch (this.#world.meets(vantage, task.cluster, this.nowMs)) {
      case "well":
        return { kind: "success", status: 200, durationMs: 50 };
      case "slow":
        return { kind: "slow", status: 200, durationMs: 800 };
      case "failing":
        return { kind: "failure", because: "status", status: 503, durationMs: 50 };
      case "lost":
        return { kind: "failure", because: "timeout", durationMs: this.#settings.timeoutMs };
    }
  }
}

const LETTERS: Readonly<Record<HealthState, string>> = { healthy: "h", degraded: "d", unhealthy: "x", unknown: "?" };

function statesOf(record: Partial<Readonly<Record<string, HealthState>>>): ReadonlyMap<string, HealthState> {
  return new Map(Object.entries(record).flatMap(([cluster, state]) => (state === undefined ? [] : [[cluster, state]])));
}
