/** What the control part found, as lines for people and as the values that its goals are about. */
import type { ControlResult, ControlSize, Growth } from "./control.ts";
import type { PlanFigures } from "./plans.ts";

export type ControlGoalName = "controlCommitsPerSecond" | "controlHistoryGrowth" | "controlPlanMs" | "auditVerifyMs";

/** About the largest fleet with much history; growth is that of the size where it is worst. */
export function controlValues({ sizes, audit }: ControlResult): Partial<Record<ControlGoalName, number>> {
  const largest = sizes.at(-1);
  return {
    ...(largest === undefined
      ? {}
      : {
          controlCommitsPerSecond: Math.max(...withMuchHistory(largest).map(({ perSecond }) => perSecond.median)),
          controlHistoryGrowth: Math.max(...sizes.map(({ growth }) => growth.cpu.ofMedians)),
          controlPlanMs: Math.max(largest.plans.shift.latencyMsP50, largest.plans.drain.latencyMsP50),
        }),
    auditVerifyMs: audit.verifyMs,
  };
}

export function controlLines({ sizes, audit }: ControlResult): string[] {
  const { leaves, appendUs, verifyMs, bytes } = audit;
  return [
    "control plane, PATCH /v1/weights (If-Match: *)",
    row(["clusters", "rules", "revisions", "clients"], "commits/s (by rounds)", ["p50 ms", "p99 ms", "CPU ms"]),
    ...sizes.flatMap(commitRows),
    ...sizes.flatMap(sizeLines),
    `audit log of ${leaves} leaves: append ${appendUs.first.toFixed(0)} us a leaf, at its end ${appendUs.last.toFixed(0)} us; ` +
      `verify ${(verifyMs / 1_000).toFixed(2)} s (${(bytes / 2 ** 20).toFixed(0)} MiB)`,
  ];
}

function withMuchHistory({ commits }: ControlSize) {
  return commits.filter(({ history }) => history === "many");
}

function commitRows({ clusters, rules, commits }: ControlSize): string[] {
  return commits.map(({ clients, revisions, perSecond: { median, min, max }, latencyMsP50, latencyMsP99, cpuMs }) =>
    row(
      [clusters, rules, revisions, clients].map(String),
      `${median.toFixed(0)} (${min.toFixed(0)}-${max.toFixed(0)})`,
      [latencyMsP50, latencyMsP99, cpuMs].map((value) => value.toFixed(1)),
    ),
  );
}

function sizeLines({ clusters, growth, plans, restartMs }: ControlSize): string[] {
  return [
    `${clusters} clusters, one client, much history to little: CPU ${growthText(growth.cpu)}, time ${growthText(growth.latency)}`,
    `  plan of a shift ${timesText(plans.shift)}, of a drain ${timesText(plans.drain)}; ` +
      `first plan of a fresh process ${restartMs.toFixed(0)} ms`,
  ];
}

function growthText({ ofMedians, ofPairs }: Growth): string {
  return `${ofMedians.toFixed(2)} (by rounds ${ofPairs.min.toFixed(2)}-${ofPairs.max.toFixed(2)})`;
}

function timesText({ latencyMsP50, latencyMsP99 }: PlanFigures): string {
  return `${latencyMsP50.toFixed(0)} ms (p99 ${latencyMsP99.toFixed(0)})`;
}

function row(before: readonly string[], rate: string, after: readonly string[]): string {
  const narrow = (cell: string) => cell.padStart(10);
  return [...before.map(narrow), rate.padStart(23), ...after.map(narrow)].join("");
}
