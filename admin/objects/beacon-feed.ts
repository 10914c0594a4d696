/**
 * Brings health reports to the beacons: each by itself, so that one that hangs holds up no other, one at a time, and
 * always the newest. A beacon that does not answer is tried again until it has what is newest.
 */
import type { HealthReport } from "../../config/health.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { EdgeEvidence } from "../core/health/evidence.ts";
import { type AdminEnv, beaconStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "./deadline.ts";

const BEACON_MS_MAX = 2_000;
const RETRY_MS = 1_000;

export type BeaconFeedDeps = {
  readonly env: AdminEnv;
  /** What the edges of a beacon have ejected comes back with each report. */
  readonly heard: (vantage: Vantage, evidence: EdgeEvidence) => void;
};

type Line = { sent: HealthReport | undefined; wanted: HealthReport; running: Promise<void> | undefined };

export class BeaconFeed {
  readonly #deps: BeaconFeedDeps;
  readonly #lines = new Map<Vantage, Line>();

  constructor(deps: BeaconFeedDeps) {
    this.#deps = deps;
  }

  /** Resolves when every one of the beacons has answered, or has failed once. */
  async tell(vantages: readonly Vantage[], report: HealthReport): Promise<void> {
    for (const vantage of this.#lines.keys()) if (!vantages.includes(vantage)) this.#lines.delete(vantage);
    await Promise.all(vantages.map((vantage) => this.#want(vantage, report)));
  }

  /** The same once more, for whoever has not got it. */
  async retry(): Promise<void> {
    await Promise.all(this.#behind().map(([vantage, { wanted }]) => this.#want(vantage, wanted)));
  }

  /** When that is due, or undefined. */
  retryMs(nowMs: number): number | undefined {
    return this.#behind().length > 0 ? nowMs + RETRY_MS : undefined;
  }

  #behind(): readonly (readonly [Vantage, Line])[] {
    return [...this.#lines].filter(([, { sent, wanted, running }]) => running === undefined && sent !== wanted);
  }

  #want(vantage: Vantage, report: HealthReport): Promise<void> {
    const line = this.#lines.get(vantage) ?? { sent: undefined, wanted: report, running: undefined };
    this.#lines.set(vantage, line);
    line.wanted = report;
    line.running ??= this.#send(vantage, line).finally(() => {
      line.running = undefined;
    });
    return line.running;
  }

  async #send(vantage: Vantage, line: Line): Promise<void> {
    while (line.sent !== line.wanted) {
      const report = line.wanted;
      try {
        const answer = await withinMs(BEACON_MS_MAX, vantage, beaconStub(this.#deps.env, vantage).acceptHealth(report));
        line.sent = report;
        this.#deps.heard(vantage, answer.evidence);
      } catch (error) {
        logEvent("beacon.notTold", { vantage, error: errorText(error) });
        return;
      }
    }
  }
}
