/**
 * When what recurs is due, and how much of it runs at once. Whatever takes long gets half of the places at most, so that
 * clusters which answer are asked on time beside any number that hang. Time and chance are arguments.
 */

/** Connections that may wait for headers at the same time in one invocation; a seventh would queue (Workers limits). */
export const PROBES_AT_ONCE_MAX = 6;
export const SUSPECTS_AT_ONCE_MAX = 3;
/** A cluster on the other side of the world answers within a second, handshakes included. */
const SUSPECT_MS = 1_000;

export type Recurring = { readonly key: string; readonly intervalMs: number };

type Entry = Recurring & {
  dueMs: number;
  /** It held its place for long the last time, and may do so again. */
  suspect: boolean;
};

/** Between 0 and 1. */
export type Draw = () => number;

export class Schedule {
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Set<string>();
  readonly #lateness = new Lateness();

  /** What is new is due at once or, when `spread`, within one interval; what is known keeps its time. */
  replace(recurring: readonly Recurring[], { nowMs, draw, spread }: ReplaceOptions): void {
    const kept = new Set(recurring.map(({ key }) => key));
    for (const key of this.#entries.keys()) if (!kept.has(key)) this.#entries.delete(key);
    for (const { key, intervalMs } of recurring) {
      const known = this.#entries.get(key);
      const firstMs = spread(key) ? nowMs + Math.round(intervalMs * draw()) : nowMs;
      const dueMs = known === undefined ? firstMs : Math.min(known.dueMs, nowMs + intervalMs);
      this.#entries.set(key, { key, intervalMs, dueMs, suspect: known?.suspect ?? false });
    }
  }

  /** What to do now, the longest due first. Each is running until its `end`, and due again an interval later. */
  begin(nowMs: number, draw: Draw): readonly string[] {
    const due = [...this.#entries.values()]
      .filter(({ key, dueMs }) => dueMs <= nowMs && !this.#running.has(key))
      .sort((a, b) => a.dueMs - b.dueMs);
    const begun: string[] = [];
    for (const entry of due) {
      if (this.#running.size >= PROBES_AT_ONCE_MAX) break;
      if (entry.suspect && this.#suspectsRunning() >= SUSPECTS_AT_ONCE_MAX) continue;
      this.#lateness.note(nowMs - entry.dueMs, nowMs);
      entry.dueMs = nextDueMs(entry, nowMs, draw());
      this.#running.add(entry.key);
      begun.push(entry.key);
    }
    return begun;
  }

  end(key: string, tookMs: number): void {
    this.#running.delete(key);
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.suspect = tookMs >= SUSPECT_MS;
  }

  /** When something can begin that is not running; undefined when that depends on what is. */
  nextMs(): number | undefined {
    if (this.#running.size >= PROBES_AT_ONCE_MAX) return undefined;
    const suspectsFull = this.#suspectsRunning() >= SUSPECTS_AT_ONCE_MAX;
    let nextMs: number | undefined;
    for (const { key, dueMs, suspect } of this.#entries.values()) {
      if (this.#running.has(key) || (suspect && suspectsFull)) continue;
      if (nextMs === undefined || dueMs < nextMs) nextMs = dueMs;
    }
    return nextMs;
  }

  /** By how much the latest beginner of the last minutes was late. */
  behindMs(nowMs: number): number {
    return this.#lateness.worstMs(nowMs);
  }

  #suspectsRunning(): number {
    return [...this.#running].filter((key) => this.#entries.get(key)?.suspect === true).length;
  }
}

export type ReplaceOptions = {
  readonly nowMs: number;
  readonly draw: Draw;
  readonly spread: (key: string) => boolean;
};

/**
 * When it is due again: an interval later, or up to a tenth sooner, so that what was added together does not stay
 * together. Never later: two probes that fail are over within two intervals. `jitter` is between 0 and 1.
 */
export function nextDueMs({ intervalMs }: Pick<Recurring, "intervalMs">, nowMs: number, jitter: number): number {
  return nowMs + Math.round(intervalMs * (1 - 0.1 * jitter));
}

const LATENESS_WINDOW_MS = 60_000;

/** The greatest of the running minute and of the one before. */
class Lateness {
  #startedAtMs = 0;
  #current = 0;
  #previous = 0;

  note(lateMs: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#current = Math.max(this.#current, lateMs);
  }

  worstMs(nowMs: number): number {
    this.#turn(nowMs);
    return Math.max(this.#current, this.#previous);
  }

  #turn(nowMs: number): void {
    const passedMs = nowMs - this.#startedAtMs;
    if (passedMs < LATENESS_WINDOW_MS) return;
    this.#previous = passedMs < 2 * LATENESS_WINDOW_MS ? this.#current : 0;
    this.#current = 0;
    this.#startedAtMs = nowMs;
  }
}
