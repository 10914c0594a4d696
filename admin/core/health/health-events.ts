/** What of health is told outside: that a cluster is down and up again, and that no probe is believed any more. */
import type { NewEvent } from "../webhooks/event.ts";
import type { Transition } from "./transitions.ts";

export function healthEvents(transition: Transition): readonly NewEvent[] {
  const { atMs } = transition;
  if (transition.kind === "panic") {
    if (transition.to === "over") return [];
    const summary = "Every cluster seems to be down, so no probe is believed.";
    return [{ key: `health.panic.${atMs}`, type: "health.panic", atMs, summary, data: transition }];
  }
  if (transition.kind !== "cluster") return [];
  const { cluster, from, to } = transition;
  const down = to === "unhealthy";
  if (!down && from !== "unhealthy") return [];
  return [
    {
      ...{ key: `health.${cluster}.${to}.${atMs}`, type: down ? "cluster.unhealthy" : "cluster.recovered", atMs },
      summary: down ? `The cluster ${cluster} is unhealthy.` : `The cluster ${cluster} is ${to} again.`,
      data: transition,
    },
  ];
}
