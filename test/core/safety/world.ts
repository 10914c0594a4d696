/**
 * A fleet of three regions and what can happen to it, for tables of safety cases: `web` runs in `eu`, `us` and `ap`, its
 * route has a rule `europe` and a default by weights. Each test changes one thing of it.
 */
import * as z from "zod/mini";
import type { DrainTarget } from "../../../admin/core/changes/mutation.ts";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import type { Projection, RegionProjection } from "../../../admin/core/plan/projection.ts";
import { type ExaminedChange, examine } from "../../../admin/core/safety/examine.ts";
import type { SafetyInput } from "../../../admin/core/safety/safety-input.ts";
import type { Verdict } from "../../../admin/core/safety/verdict.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { Overlay } from "../../../config/overlays.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { cluster, flag, fleetOf, policy, region, route, service } from "../config/fixtures.ts";

export { cluster, flag, policy, region, route, service };

export type Json = { readonly [key: string]: unknown };

export const NOW_MS = 10_000_000;
const PROVENANCE = { author: "someone", reason: "a reason", createdAtMs: 0 };
const HOUR_MS = 3_600_000;

export const WORLD: readonly Json[] = [
  region("eu"),
  region("us", { jurisdictions: ["us"], vantage: "enam" }),
  region("ap", { jurisdictions: ["in"], vantage: "apac" }),
  service("web"),
  cluster("eu-web"),
  cluster("us-web", { region: "us" }),
  cluster("ap-web", { region: "ap" }),
  web({ eu: 100 }, { eu: 1, us: 1, ap: 2 }),
];

/** The route `web` with the weights of its rule `europe` and of its default. */
export function web(europe: object, otherwise: object = { eu: 1, us: 1, ap: 2 }, fields: object = {}): Json {
  const steering = [{ name: "europe", when: { eu: true }, weights: europe }];
  return route("web", { steering, default: { weights: otherwise }, ...fields });
}

/** `WORLD` with documents of the same kind and name replaced, and others added. */
export function worldBut(...changes: readonly Json[]): readonly Json[] {
  const changed = new Map(changes.map((change) => [idOf(change), change]));
  const kept = WORLD.map((document) => changed.get(idOf(document)) ?? document);
  return [...kept, ...changes.filter((change) => !kept.includes(change))];
}

/** `WORLD`, or another list, without some documents by their ids: `Cluster/eu-web`. */
export function worldWithout(ids: readonly string[], documents: readonly Json[] = WORLD): readonly Json[] {
  return documents.filter((document) => !ids.includes(idOf(document)));
}

/** Every document of the fixtures has a name. */
function idOf({ kind, metadata }: Json): string {
  return `${String(kind)}/${(metadata as { readonly name: string }).name}`;
}

export const drain = (kind: DrainTarget["kind"], name: string, fields: object = {}): Json => ({
  kind: `${kind}Drain`,
  [kind]: name,
  mode: "immediate",
  expiresAtMs: NOW_MS + HOUR_MS,
  ...fields,
});
export const drainRegion = (name: string, fields: object = {}) => drain("region", name, fields);
export const drainCluster = (name: string, fields: object = {}) => drain("cluster", name, fields);
export const returned = (name: string, returnedAtMs: number): Json => ({
  kind: "regionReturn",
  region: name,
  returnedAtMs,
});
export const shift = (rule: string, weights: object): Json => ({ kind: "weightShift", route: "web", rule, weights });
export const switched = (name: string, state: "ENABLED" | "DISABLED"): Json => ({
  kind: "flagSwitch",
  flag: name,
  state,
});
export const frozen = (fields: object = {}): Json => ({
  kind: "freeze",
  name: "sale",
  expiresAtMs: NOW_MS + HOUR_MS,
  ...fields,
});
export const rotation = (fields: object = {}): Json => ({
  kind: "secretRotation",
  secret: "db",
  from: "v1",
  to: "v2",
  stage: "introduced",
  ...fields,
});
export const override = (rules: readonly string[], fields: object = {}): Json => ({
  kind: "ruleOverride",
  name: "fire",
  rules,
  expiresAtMs: NOW_MS + HOUR_MS,
  ...fields,
});

export function stateOf(
  documents: readonly Json[] = WORLD,
  overlays: readonly Json[] = [],
  revision: number = 7,
): FleetState {
  return {
    environment: "production",
    revision,
    ...fleetOf(documents),
    overlays: overlays.map((overlay) => z.parse(Overlay, { ...PROVENANCE, ...overlay })),
  };
}

export function snapshotOf({ fleet, overlays, environment }: FleetState): Snapshot {
  return compile({ fleet, overlays, environment, revision: Revision.parse(0) });
}

export type Known = Partial<
  Pick<SafetyInput, "budgets" | "direction" | "health" | "history" | "incidents" | "projections" | "statuses" | "lagMs">
>;

/** Of `known` only what is named there, so that a whole input may be given to make another like it. */
export function inputOf(before: FleetState, after: FleetState, known: Known = {}): SafetyInput {
  const nothing = projectionOf({});
  return {
    direction: known.direction ?? "change",
    before,
    after,
    snapshots: { before: snapshotOf(before), after: snapshotOf(after) },
    projections: known.projections ?? { before: nothing, after: nothing },
    health: known.health,
    history: known.history ?? [],
    incidents: known.incidents ?? [],
    statuses: known.statuses,
    lagMs: known.lagMs,
    budgets: known.budgets,
    nowMs: NOW_MS,
  };
}

export function examined(before: FleetState, after: FleetState, known: Known = {}): ExaminedChange {
  return examine(inputOf(before, after, known)).change;
}

type Load = { readonly share?: number; readonly rate?: number; readonly capacity?: number };

/** Shares in basis points, rates and capacities in requests/s; a rate for one region is a rate for all. */
export function projectionOf(loads: Readonly<Record<string, Load>>): Projection {
  const regions = Object.entries(loads).map(([name, { share = 0, rate, capacity = 100 }]): RegionProjection => {
    const load = rate === undefined ? {} : { requestsPerSecond: rate, utilizationBps: (rate / capacity) * 10_000 };
    return { region: name, shareBps: share, capacityRequestsPerSecond: capacity, ...load };
  });
  const rates = regions.flatMap(({ requestsPerSecond }) => requestsPerSecond ?? []);
  const rate = rates.length === 0 ? {} : { requestsPerSecond: rates.reduce((sum, one) => sum + one, 0) };
  return { demand: { source: "policy", ...rate }, regions, clusters: [], countries: [], unservedBps: 0 };
}

/** What one verdict comes to in a table. */
export function told({ rule, outcome, retryAfterMs }: Verdict): string {
  return `${rule} ${outcome}${retryAfterMs === undefined ? "" : ` ${retryAfterMs}`}`;
}
