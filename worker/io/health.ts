/** The health view of this isolate: replaced as a whole when a newer report arrives, never changed in place. */
import type { HealthReport } from "../../config/health.ts";
import { HEALTH_UNKNOWN, type HealthView } from "../routing/health-view.ts";

export class HealthStore {
  #sequence = -1;
  #view: HealthView = HEALTH_UNKNOWN;

  view(): HealthView {
    return this.#view;
  }

  /** A report that is not newer changes nothing: answers may overtake each other. */
  accept(report: HealthReport): void {
    if (report.sequence <= this.#sequence) return;
    this.#sequence = report.sequence;
    this.#view = { ...this.#view, states: new Map(Object.entries(report.clusters)) };
  }
}
