/**
 * What the commit path and plans reckon with besides the state: health as most vantages see it, demand as edges reported
 * it, what clusters report, what was changed within the last hour, open incidents. And the compiled and projected forms
 * of states, each made once. Asking others may fail or take long; then less is known, and the rules say so.
 */
import type { HealthState } from "../../config/health.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { RequestedMutation } from "../core/changes/mutation.ts";
import type { FleetState } from "../core/changes/state.ts";
import type { Compiler, Considered, World } from "../core/commit/consider.ts";
import type { StoredState } from "../core/commit/next-state.ts";
import { demandOf } from "../core/plan/demand.ts";
import type { Plan } from "../core/plan/plan.ts";
import { planChange, planDigest } from "../core/plan/plan-change.ts";
import { capacitiesOf, type ProjectionState, project, projectAgain, settledHealth } from "../core/plan/project.ts";
import type { Projection } from "../core/plan/projection.ts";
import type { ReplayRequest } from "../core/plan/replay.ts";
import { preflightChange } from "../core/preflight/proposed.ts";
import { mergeDemand, type RecordedTraffic } from "../core/propagation/demand.ts";
import { type AdminEnv, alertStub, beaconStub, healthStub, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { recentChangesOf } from "../store/control-history.ts";
import { openIncidents } from "../store/incidents.ts";
import { withinMs } from "./deadline.ts";
import { StatusReader } from "./status-reader.ts";
import { snapshotOf, type Target } from "./target.ts";
import { HISTORY_KEPT_MS } from "./upkeep.ts";

/** A drain at night must not wait for a prober or a beacon that is in trouble too. */
const ASK_MS_MAX = 250;
/** Health changes at most every probe interval, and a burst of commits need not ask for each. */
const HEALTH_KEPT_MS = 1_000;
/** Demand is a mean of the last minutes; edges report every ten seconds. */
const DEMAND_KEPT_MS = 15_000;

/** As often as objectives are looked at. */
const BUDGETS_KEPT_MS = 10_000;

type Kept<T> = { readonly value: T; readonly askedAtMs: number };

export type PlanInput = {
  readonly mutation: RequestedMutation;
  /** What was asked for, as plain JSON, where it is not the mutation: a digest is of that and of nothing else. */
  readonly asked?: unknown;
  readonly considered: Considered;
  readonly base: StoredState;
  readonly world: World;
  /** Decided before and after; what edges have sampled when absent. */
  readonly requests?: readonly ReplayRequest[];
};

export class Reckoning implements Compiler {
  readonly #env: AdminEnv;
  readonly #sql: SqlStorage;
  readonly #target: Target;
  readonly #statuses: StatusReader;
  #health: Kept<World["health"]> | undefined;
  #budgets: Kept<World["budgets"]> | undefined;
  #traffic: Kept<RecordedTraffic | undefined> | undefined;
  /** A plan asks four times for the projections of two states. */
  readonly #projected = new WeakMap<FleetState, ProjectionState>();
  /** Of the state that was projected last: a new one mostly differs in one rule. */
  #last: ProjectionState | undefined;

  constructor({ env, sql, target }: { readonly env: AdminEnv; readonly sql: SqlStorage; readonly target: Target }) {
    this.#env = env;
    this.#sql = sql;
    this.#target = target;
    this.#statuses = new StatusReader(env);
  }

  /** As things are now. The only part that waits, and not for long. */
  async world(): Promise<World> {
    const [health, traffic, reports, budgets] = await Promise.all([
      this.#askHealth(),
      this.#askTraffic(),
      this.#statuses.read(ASK_MS_MAX),
      this.#askBudgets(),
    ]);
    const nowMs = Date.now();
    return {
      nowMs,
      health,
      recentChanges: (controls) => recentChangesOf(this.#sql, controls, nowMs - HISTORY_KEPT_MS),
      incidents: openIncidents(this.#sql),
      statuses: reports?.statuses,
      budgets,
      lagMs: reports?.lagMs,
      demand: demandOf({ recorded: traffic?.demand, policy: this.#target.state.fleet.policy?.spec }),
    };
  }

  snapshotOf(state: FleetState): Snapshot {
    return snapshotOf(state);
  }

  projectionOf(state: FleetState, world: World): Projection {
    return this.#project(state, world).projection;
  }

  planDigest({ mutation, considered, base }: Pick<PlanInput, "mutation" | "considered" | "base">): string {
    const { verdicts, approvals, safety } = considered;
    return planDigest({ baseDigest: base.digest, mutation, verdicts, approvals, after: safety.projections.after });
  }

  plan({ mutation, asked = mutation, considered, base, world, requests }: PlanInput): Plan {
    const { safety, verdicts, approvals } = considered;
    const given = requests === undefined ? undefined : ({ source: "given", requests } as const);
    const sampled = { source: "recorded", requests: this.#traffic?.value?.samples ?? [] } as const;
    return planChange({
      base,
      mutation: asked,
      before: { state: safety.before, projected: this.#project(safety.before, world) },
      after: { state: safety.after, projected: this.#project(safety.after, world) },
      verdicts,
      approvals,
      replay: given ?? sampled,
      preflight: preflightChange({
        ...{ mutation, before: safety.before, after: safety.after },
        ...{ world, compiler: this, development: isDevelopment(this.#env) },
      }),
      ...(world.lagMs === undefined ? {} : { lagMs: world.lagMs }),
      nowMs: world.nowMs,
    });
  }

  #project(state: FleetState, { demand, health }: World): ProjectionState {
    const input = {
      snapshot: snapshotOf(state),
      demand,
      health: settledHealth(health),
      capacities: capacitiesOf(state.fleet),
    };
    const nearest = this.#projected.get(state) ?? this.#last;
    this.#last = nearest === undefined ? project(input) : projectAgain(nearest, input);
    this.#projected.set(state, this.#last);
    return this.#last;
  }

  async #askHealth(): Promise<World["health"]> {
    const nowMs = Date.now();
    if (this.#health !== undefined && nowMs - this.#health.askedAtMs < HEALTH_KEPT_MS) return this.#health.value;
    try {
      const report = await withinMs(ASK_MS_MAX, "health", healthStub(this.#env).readReport());
      const states = new Map<string, HealthState>(Object.entries(report.clusters));
      // The same object while nothing has changed, so that projections by it stay good.
      const value = sameStates(this.#health?.value, states) ? this.#health?.value : states;
      this.#health = { value, askedAtMs: nowMs };
      return value;
    } catch (error) {
      logEvent("reckoning.withoutHealth", { error: errorText(error) });
      this.#health = { value: undefined, askedAtMs: nowMs };
      return undefined;
    }
  }

  /** Only where a rule goes by them. */
  async #askBudgets(): Promise<World["budgets"]> {
    const { errorBudgetMinPercent: min } = this.#target.state.fleet.policy?.spec.safety ?? {};
    if (min === undefined || min === "off") return undefined;
    const nowMs = Date.now();
    if (this.#budgets !== undefined && nowMs - this.#budgets.askedAtMs < BUDGETS_KEPT_MS) return this.#budgets.value;
    try {
      const value = await withinMs(ASK_MS_MAX, "budgets", alertStub(this.#env).readBudgets());
      this.#budgets = { value, askedAtMs: nowMs };
    } catch (error) {
      logEvent("reckoning.withoutBudgets", { error: errorText(error) });
      this.#budgets = { value: undefined, askedAtMs: nowMs };
    }
    return this.#budgets.value;
  }

  async #askTraffic(): Promise<RecordedTraffic | undefined> {
    const nowMs = Date.now();
    if (this.#traffic !== undefined && nowMs - this.#traffic.askedAtMs < DEMAND_KEPT_MS) return this.#traffic.value;
    const vantages = [...new Set(this.#target.state.fleet.regions.map(({ spec }) => spec.vantage))];
    const answers = await Promise.allSettled(
      vantages.map((vantage) => withinMs(ASK_MS_MAX, vantage, beaconStub(this.#env, vantage).readDemand())),
    );
    const heard = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    const value = mergeDemand(heard);
    this.#traffic = { value, askedAtMs: nowMs };
    return value;
  }
}

function sameStates(a: World["health"], b: ReadonlyMap<string, HealthState>): boolean {
  return a !== undefined && a.size === b.size && [...a].every(([cluster, state]) => b.get(cluster) === state);
}
