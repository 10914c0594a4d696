/**
 * From what several vantages see to one state. More than half of those that know something decide. A tie changes
 * nothing: half of the vantages must not move the clients of the other half. What edges have ejected counts like one
 * vantage more that sees the cluster down, but never alone: without a vantage that agrees it makes a cluster second
 * choice and no worse, because edges near the trouble have left it already, and those elsewhere may be fine.
 */
import type { HealthState } from "../../../config/health.ts";

/** How many vantages see what. Those that know nothing are not in it. */
export type Tally = { readonly healthy: number; readonly degraded: number; readonly unhealthy: number };

/** `nobody`: no vantage knows anything that counts. */
export type Rule = "majority" | "tie" | "passive" | "nobody";

export type Ruling = { readonly state: HealthState; readonly rule: Rule };

export function rule(tally: Tally, { passive, before }: { passive: boolean; before: HealthState }): Ruling {
  const vantages = tally.healthy + tally.degraded + tally.unhealthy;
  if (vantages === 0) return { state: "unknown", rule: "nobody" };
  const edges = passive && tally.unhealthy > 0 ? 1 : 0;
  const voters = vantages + edges;
  const down = 2 * (tally.unhealthy + edges) - voters;
  if (down > 0) return { state: "unhealthy", rule: "majority" };
  if (down === 0 && before === "unhealthy") return { state: "unhealthy", rule: "tie" };
  const impaired = 2 * (tally.unhealthy + edges + tally.degraded) - voters;
  if (impaired > 0) return { state: "degraded", rule: "majority" };
  if (impaired === 0 && before !== "healthy") return { state: "degraded", rule: "tie" };
  if (passive) return { state: "degraded", rule: "passive" };
  return { state: "healthy", rule: impaired === 0 ? "tie" : "majority" };
}
