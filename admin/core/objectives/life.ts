/**
 * The next moment of one alert that there is: it waits, fires, goes on, clears or ends. Whether there should be another
 * one instead is `review.ts`'s.
 */
import { type Alert, type AlertEnd, alertRegion } from "./alert.ts";
import type { ObjectiveReport } from "./judge.ts";
import { forgottenAfterMs, type Standing, standingOf } from "./reading.ts";

/** Two looks: regions with a common cause do not cross a threshold in the same second, and one page is enough. */
export const GROUP_WAIT_MS = 20_000;
/** Errors that come in bursts are one trouble, and not one for each burst. */
export const RESOLVE_MS = 120_000;

export type AlertNotice = { readonly kind: "firing" | "changed" | "resolved"; readonly alert: Alert };

export type Step = {
  /** Undefined: over, and nobody was ever told. */
  readonly alert: Alert | undefined;
  readonly notice?: AlertNotice["kind"];
};

/** `joining`: regions that burn and belong to it from now on. */
export function nextOf(
  alert: Alert,
  reports: ReadonlyMap<string, ObjectiveReport>,
  { joining = [], nowMs }: { readonly joining?: readonly ObjectiveReport[]; readonly nowMs: number },
): Step {
  const { severity } = alert;
  const standings = alert.regions.map((region) => standingOf(region, reports.get(region.region), severity));
  if (standings.includes("burning") || joining.length > 0) return goOn(alert, { reports, joining, nowMs });
  if (standings.every((standing) => standing === "removed")) return end(alert, "removed", nowMs);
  if (standings.includes("unknown")) return wait(alert, standings, nowMs);
  return clear(alert, nowMs);
}

type Burning = {
  readonly reports: ReadonlyMap<string, ObjectiveReport>;
  readonly joining: readonly ObjectiveReport[];
  readonly nowMs: number;
};

function goOn(alert: Alert, { reports, joining, nowMs }: Burning): Step {
  const { clearSinceMs: _, ...rest } = alert;
  const { severity } = alert;
  const regions = [
    ...alert.regions.map((before) => {
      const report = reports.get(before.region);
      return report !== undefined && standingOf(before, report, severity) === "burning"
        ? alertRegion(report, severity, before)
        : before;
    }),
    ...joining.map((report) => alertRegion(report, severity)),
  ];
  const next: Alert = { ...rest, regions, knownAtMs: nowMs };
  if (alert.state === "pending" && nowMs - alert.sinceMs >= GROUP_WAIT_MS)
    return { alert: { ...next, state: "firing", firedAtMs: nowMs }, notice: "firing" };
  return alert.state === "firing" && joining.length > 0 ? { alert: next, notice: "changed" } : { alert: next };
}

/** Nobody can say whether it is over, so it is not, until nothing of what raised it could be seen any more. */
function wait(alert: Alert, standings: readonly Standing[], nowMs: number): Step {
  const unknown = alert.regions.filter((_, index) => standings[index] === "unknown");
  const forgottenMs = Math.max(...unknown.map(forgottenAfterMs));
  if (nowMs - alert.knownAtMs >= forgottenMs) return end(alert, "noData", nowMs);
  const { clearSinceMs: _, ...rest } = alert;
  return { alert: rest };
}

function clear(alert: Alert, nowMs: number): Step {
  const { clearSinceMs = nowMs } = alert;
  if (alert.state === "pending" || nowMs - clearSinceMs >= RESOLVE_MS) return end(alert, "recovered", nowMs);
  return { alert: { ...alert, clearSinceMs, knownAtMs: nowMs } };
}

export function end(alert: Alert, because: AlertEnd, nowMs: number): Step {
  if (alert.state === "pending") return { alert: undefined };
  return { alert: { ...alert, state: "resolved", resolvedAtMs: nowMs, because }, notice: "resolved" };
}
