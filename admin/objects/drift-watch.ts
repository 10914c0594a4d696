/**
 * Keeps what differs up to date, with since when, and tells the fleet object once of what has differed for too long.
 * Looking is not free in a large fleet, so it is done when somebody asks and something has changed, and on the alarm.
 */
import { driftAlarm, driftIncident, type NewIncident } from "../core/commit/incidents.ts";
import type { Declared } from "../core/drift/declared.ts";
import { findDrift } from "../core/drift/find-drift.ts";
import { driftAgeMsMax } from "../core/drift/severities.ts";
import { firstSeenAfter, overdue, type TrackedDrift, trackDrift } from "../core/drift/track.ts";
import type { DriftAlarm } from "../core/events/event.ts";
import type { Statuses } from "../core/status/statuses.ts";
import { logEvent } from "../log.ts";
import { loadDrift, markInIncident, saveDrift } from "../store/status-store.ts";

/** Who hears of drift that has become too old: people by the incident, and whoever listens or has a webhook for it. */
export type Told = {
  readonly openIncident: (incident: NewIncident) => Promise<unknown>;
  /** Lost when it fails: the incident is what has to be looked after. */
  readonly alarm: (alarm: DriftAlarm) => Promise<unknown>;
};

export class DriftWatch {
  readonly #storage: DurableObjectStorage;
  #firstSeen: ReadonlyMap<string, number>;
  #inIncidents: ReadonlySet<string>;
  #tracked: readonly TrackedDrift[] = [];

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    const { firstSeen, inIncidents } = loadDrift(storage.sql);
    this.#firstSeen = firstSeen;
    this.#inIncidents = inIncidents;
  }

  get tracked(): readonly TrackedDrift[] {
    return this.#tracked;
  }

  look(declared: Declared, statuses: Statuses, nowMs: number): void {
    const before = this.#firstSeen;
    this.#tracked = trackDrift(before, findDrift(declared, statuses), nowMs);
    this.#firstSeen = firstSeenAfter(before, this.#tracked);
    this.#inIncidents = new Set([...this.#inIncidents].filter((key) => this.#firstSeen.has(key)));
    const changed = this.#firstSeen.size !== before.size || [...before.keys()].some((key) => !this.#firstSeen.has(key));
    if (!changed) return;
    saveDrift(this.#storage, { before, after: this.#firstSeen, tracked: this.#tracked }, nowMs);
    logEvent("drift.changed", { before: before.size, after: this.#firstSeen.size });
  }

  /** What has to be told now. A failure to tell is no failure to see: it is tried again with the next look. */
  async tell(declared: Declared, nowMs: number, { openIncident, alarm }: Told): Promise<void> {
    const ageMsMax = driftAgeMsMax(declared.policy?.drift);
    const untold = overdue(this.#tracked, { ageMsMax, nowMs }).filter(({ key }) => !this.#inIncidents.has(key));
    if (untold.length === 0) return;
    await openIncident(driftIncident(untold, nowMs));
    const keys = untold.map(({ key }) => key);
    markInIncident(this.#storage, keys, nowMs);
    this.#inIncidents = new Set([...this.#inIncidents, ...keys]);
    await alarm(driftAlarm(untold, nowMs));
  }
}
