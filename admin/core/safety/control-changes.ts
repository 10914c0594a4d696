/**
 * Which switches a change turns, and by how much it shifts the weights of which rules. What documents declare counts
 * like what people shift and drain by hand. A thing that a change brings is turned on by it, one that it takes away is
 * turned off; the first documents of an environment turn nothing, because nothing can have been turned before.
 */
import { compile } from "../../../config/compile.ts";
import { DEFAULT_RULE } from "../../../config/documents/route.ts";
import { Revision } from "../../../config/ids.ts";
import { sortedBy } from "../../../config/order.ts";
import type { Snapshot, SnapshotRoute } from "../../../config/snapshot.ts";
import { weightLines } from "../changes/shares.ts";
import type { FleetState } from "../changes/state.ts";
import type { ControlChange } from "./control-change.ts";
import { type Compiled, flagsOn, isClusterOn, regionsOn } from "./switches.ts";

export function controlChanges(before: FleetState, after: FleetState, atMs: number): readonly ControlChange[] {
  return controlChangesBetween(compiled(before), compiled(after), atMs);
}

/** The same for who has compiled both states already. In the order of the controls. */
export function controlChangesBetween(before: Compiled, after: Compiled, atMs: number): readonly ControlChange[] {
  if (before.state.revision === 0) return [];
  const changes = [
    ...turned("region", regionsOn(before.snapshot), regionsOn(after.snapshot)),
    ...turnedClusters(before.snapshot, after.snapshot),
    ...turned("flag", flagsOn(before.state), flagsOn(after.state)),
    ...shifted(before.snapshot, after.snapshot),
  ];
  return sortedBy(changes, ({ control }) => control).map((change) => ({ ...change, atMs }));
}

/** The revision does not matter here: the snapshot is only looked at. */
function compiled(state: FleetState): Compiled {
  const { fleet, overlays, environment } = state;
  return { state, snapshot: compile({ fleet, overlays, environment, revision: Revision.parse(0) }) };
}

type Change = Omit<ControlChange, "atMs">;

function turned(kind: string, before: ReadonlySet<string>, after: ReadonlySet<string>): readonly Change[] {
  const change = (name: string, direction: "on" | "off"): Change => ({
    control: `${kind}/${name}`,
    direction,
    deltasBps: {},
  });
  return [
    ...[...after].filter((name) => !before.has(name)).map((name) => change(name, "on")),
    ...[...before].filter((name) => !after.has(name)).map((name) => change(name, "off")),
  ];
}

function turnedClusters({ clusters: before }: Snapshot, { clusters: after }: Snapshot): readonly Change[] {
  return before === after ? [] : turned("cluster", namesOn(before), namesOn(after));
}

function namesOn(clusters: Snapshot["clusters"]): ReadonlySet<string> {
  return new Set(clusters.filter(isClusterOn).map(({ name }) => name));
}

/**
 * Rules that are there before and after, by name. One that came or went has no share to compare with. Most changes leave
 * most routes the very objects that they were.
 */
function shifted(before: Snapshot, after: Snapshot): readonly Change[] {
  const others = after.routes.filter((route, at) => route !== before.routes[at]);
  if (others.length === 0) return [];
  const routes = new Map(before.routes.map((route) => [route.name, route]));
  return others.flatMap((route) => {
    const old = routes.get(route.name);
    if (old === undefined) return [];
    const weights = weightsByRule(old);
    return [...weightsByRule(route)].flatMap(([rule, next]) => {
      const deltasBps = shareDeltas(weights.get(rule) ?? next, next);
      if (Object.keys(deltasBps).length === 0) return [];
      return [{ control: `weights/${route.name}/${rule}`, direction: "shift" as const, deltasBps }];
    });
  });
}

type Weights = Readonly<Record<string, number>>;

function weightsByRule({ steering, default: otherwise }: SnapshotRoute): ReadonlyMap<string, Weights> {
  const rules = steering.map(({ name, weights }): [string, Weights] => [name, weights]);
  return new Map(otherwise.by === "weights" ? [...rules, [DEFAULT_RULE, otherwise.weights]] : rules);
}

/** Regions whose share does not change are left out, so the rest sums to 0 as the whole does. */
function shareDeltas(before: Weights, after: Weights): Readonly<Record<string, number>> {
  if (before === after) return {};
  const deltas = new Map(weightLines(after).map(({ region, shareBps }) => [region, shareBps]));
  for (const { region, shareBps } of weightLines(before)) deltas.set(region, (deltas.get(region) ?? 0) - shareBps);
  return Object.fromEntries(sortedBy(deltas, ([region]) => region).filter(([, delta]) => delta !== 0));
}

/** `web/europe` of `weights/web/europe`, for sentences. */
export function ruleOfControl(control: string): string {
  return control.replace(/^weights\//, "");
}
