/**
 * What the bench found, for programs (one JSON document) and for people (a table), with the goals beside the figures.
 * A part that did not run is left out of both.
 */
import type { ControlResult } from "./control/control.ts";
import { type ControlGoalName, controlLines, controlValues } from "./control/report.ts";
import type { DecideResult } from "./decide.ts";
import type { FlagsResult } from "./flags.ts";
import type { Comparison, HttpResult } from "./http.ts";
import type { SnapshotResult } from "./snapshot.ts";
import type { Summary } from "./statistics.ts";
import { VARIANTS } from "./variants.ts";

/** Smaller is better, but where `atLeast` says that more is. `stretch` is what would be better still. */
export const GOALS = {
  edgeToBareCpu: { goal: 1.3, stretch: 1.2 },
  edgeToReflareCpu: { goal: 0.9, stretch: 0.8 },
  telemetryCpu: { goal: 1.03 },
  decideNs: { goal: 1_500 },
  decideRatio: { goal: 1.5 },
  snapshotTakeInMs: { goal: 30 },
  controlCommitsPerSecond: { goal: 100, atLeast: true },
  controlHistoryGrowth: { goal: 1.1 },
  controlPlanMs: { goal: 150 },
  auditVerifyMs: { goal: 3_000 },
} as const satisfies Record<string, Goal> & Record<ControlGoalName, Goal>;

type Goal = { readonly goal: number; readonly stretch?: number; readonly atLeast?: true };

export type GoalName = keyof typeof GOALS;
export type Verdict = Goal & { readonly value: number; readonly pass: boolean };

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly loadAverage: number;
  readonly node: string;
  readonly workerd: string;
};

export type Found = {
  readonly machine: Machine;
  readonly http?: HttpResult;
  readonly decide?: DecideResult;
  /** The second shape: every cluster behind one service. For information; no goal is set for it. */
  readonly decideOneService?: DecideResult;
  /** The first shape on a day on which a part of the fleet is down. For information. */
  readonly decideTroubled?: DecideResult;
  /** Beside each other in one run; only their ratios mean anything. */
  readonly flags?: FlagsResult;
  readonly snapshot?: SnapshotResult;
  readonly control?: ControlResult;
};

/** A goal is on the worst of the sizes: a decision has to be cheap in every fleet. */
export function judge({ http, decide, snapshot, control }: Found): Partial<Record<GoalName, Verdict>> {
  const values: Partial<Record<GoalName, number>> = {
    ...(http === undefined
      ? {}
      : {
          ...{ edgeToBareCpu: http.edgeToBare.ofMeans, edgeToReflareCpu: http.edgeToReflare.ofMeans },
          telemetryCpu: http.edgeToUncounted.ofMeans,
        }),
    ...(decide === undefined
      ? {}
      : { decideNs: Math.max(...Object.values(decide.ns).map(({ median }) => median)), decideRatio: decide.ratio }),
    ...(snapshot === undefined ? {} : { snapshotTakeInMs: snapshot.workerdColdMs }),
    ...(control === undefined ? {} : controlValues(control)),
  };
  return Object.fromEntries(
    Object.entries<Goal>(GOALS).flatMap(([name, goal]) => {
      // Object.entries loses the key type; the names come from GOALS itself.
      const value = values[name as GoalName];
      return value === undefined ? [] : [[name, { value, ...goal, pass: isMet(value, goal) }]];
    }),
  );
}

function isMet(value: number, { goal, atLeast }: Goal): boolean {
  return atLeast === true ? value >= goal : value <= goal;
}

export function toJson(found: Found): string {
  const { http, decide, decideOneService, decideTroubled, flags, snapshot, control, machine } = found;
  const document = {
    ...(http === undefined
      ? {}
      : {
          ...{ edgeToBareCpu: http.edgeToBare.ofMeans, edgeToReflareCpu: http.edgeToReflare.ofMeans },
          telemetryCpu: http.edgeToUncounted.ofMeans,
        }),
    ...(decide === undefined ? {} : { decideNs: decideFigures(decide) }),
    ...(decideOneService === undefined ? {} : { decideOneServiceNs: decideFigures(decideOneService) }),
    ...(decideTroubled === undefined ? {} : { decideTroubledNs: decideFigures(decideTroubled) }),
    ...(flags === undefined ? {} : { decideFlagsNs: flagFigures(flags) }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(control === undefined ? {} : { control }),
    ...(http === undefined ? {} : { http }),
    machine,
    goals: judge(found),
  };
  return JSON.stringify(document, undefined, 2);
}

function decideFigures({ ns, ratio }: DecideResult) {
  return { ...Object.fromEntries(Object.entries(ns).map(([size, { median }]) => [size, median])), ratio };
}

export function toText(found: Found): string {
  const { machine, http, decide, decideOneService, decideTroubled, flags, snapshot, control } = found;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, load ${machine.loadAverage.toFixed(1)}, Node ${machine.node}, workerd ${machine.workerd}`,
  ];
  if (http !== undefined) lines.push("", ...httpLines(http));
  if (decide !== undefined)
    lines.push("", "decide(), ns a decision by clusters", ...decideLines("services x 3 regions", decide));
  if (decideTroubled !== undefined) lines.push(...decideLines("the same, troubled", decideTroubled));
  if (decideOneService !== undefined) lines.push(...decideLines("one service", decideOneService));
  if (flags !== undefined) lines.push(...flagLines(flags));
  if (snapshot !== undefined) lines.push("", ...snapshotLines(snapshot));
  if (control !== undefined) lines.push("", ...controlLines(control));
  lines.push("", ...goalLines(judge(found)));
  return `${lines.join("\n")}\n`;
}

function httpLines(http: HttpResult): string[] {
  const rows = VARIANTS.map((variant) => {
    const { cpuUs, requestsPerSecond, latencyMsP50, requests, bad } = http.variants[variant];
    return [
      variant.padEnd(13),
      `${cpuUs.median.toFixed(1)} (${cpuUs.min.toFixed(1)}-${cpuUs.max.toFixed(1)})`.padStart(22),
      requestsPerSecond.median.toFixed(0).padStart(8),
      latencyMsP50.toFixed(1).padStart(8),
      String(requests).padStart(10),
      String(bad).padStart(6),
    ].join(" ");
  });
  const ratio = (name: string, { ofMeans, ofPairs, starts }: Comparison) =>
    `${name.padEnd(18)} ${ofMeans.toFixed(3)}   by starts ${starts.map((value) => value.toFixed(3)).join(" ")}   by rounds ${spread(ofPairs)}`;
  return [
    `${"Worker".padEnd(13)} ${"CPU us/request".padStart(22)} ${"req/s".padStart(8)} ${"p50 ms".padStart(8)} ${"requests".padStart(10)} ${"bad".padStart(6)}`,
    ...rows,
    ratio("edge to bare", http.edgeToBare),
    ratio("edge to reflare", http.edgeToReflare),
    ratio("with telemetry", http.edgeToUncounted),
    ratio("floor to bare", http.floorToBare),
    ratio("reflare to bare", http.reflareToBare),
  ];
}

function spread({ median, min, max }: Summary): string {
  return `${median.toFixed(3)} (${min.toFixed(3)}-${max.toFixed(3)})`;
}

function flagFigures({ ns }: FlagsResult) {
  return { none: ns.none.median, settled: ns.settled.median, asked: ns.asked.median };
}

function flagLines({ ns }: FlagsResult): string[] {
  const ratio = (median: number) => (median / ns.none.median).toFixed(2);
  const { none, settled, asked } = flagFigures({ ns });
  return [
    `  a rule by a flag  without ${none.toFixed(0)}, settled ${settled.toFixed(0)} (${ratio(settled)}), asked ${asked.toFixed(0)} (${ratio(asked)})`,
  ];
}

function decideLines(shape: string, { ns, ratio }: DecideResult): string[] {
  const sizes = Object.entries(ns).map(([size, { median }]) => `${size}: ${median.toFixed(0)}`);
  return [`  ${shape.padEnd(22)} ${sizes.join("   ")}   ratio ${ratio.toFixed(2)}`];
}

function snapshotLines(snapshot: SnapshotResult): string[] {
  const { clusters, bytes, gzipBytes, compileMs, verifyMs, parseMs, loadMs, workerdColdMs, workerdWarmMs } = snapshot;
  const kib = (count: number) => `${(count / 1_024).toFixed(0)} KiB`;
  const ms = (time: number) => `${time.toFixed(1)} ms`;
  return [
    `snapshot of ${clusters} clusters: ${kib(bytes)}, gzip ${kib(gzipBytes)}; compile ${ms(compileMs)}`,
    `  in Node, warm: verify ${ms(verifyMs)} + parse ${ms(parseMs)} + load ${ms(loadMs)}`,
    `  in workerd, all three: ${ms(workerdColdMs)} the first time, ${ms(workerdWarmMs)} warm`,
  ];
}

function goalLines(verdicts: Partial<Record<GoalName, Verdict>>): string[] {
  return Object.entries(verdicts).map(([name, { value, goal, stretch, atLeast, pass }]) => {
    const bound = `${atLeast === true ? ">=" : "<="} ${goal}`;
    const aim = stretch === undefined ? bound : `${bound} (stretch ${stretch})`;
    const digits = value < 100 ? 3 : 0;
    return `${pass ? "pass" : "MISS"}  ${name.padEnd(23)} ${value.toFixed(digits).padStart(8)}  ${aim}`;
  });
}
