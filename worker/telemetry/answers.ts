/**
 * The answers of one window of time, folded: a count and a sketch of the times for each (service, region, cluster, side,
 * continent, status class, revision). Runs for each request, so an answer whose like was seen costs one look-up by
 * identity and three additions in memory that is there; nothing is built and no text is put together. Bounded: what is
 * too many to be told apart is counted as the rest of its status class.
 */
import { SketchBuilder } from "../../config/sketch.ts";
import {
  CONTINENT_UNKNOWN,
  STATUS_CLASSES,
  TELEMETRY_NONE,
  TELEMETRY_REST,
  TELEMETRY_ROWS_MAX,
  type TelemetryKey,
  type TelemetryRow,
} from "../../config/telemetry.ts";
import type { Attempt } from "../routing/decision.ts";

/** How an attempt went that another one followed. */
export type Failover = {
  /** By which it was decided. */
  readonly revision: number;
  /** Undefined when it came to none. */
  readonly service: string | undefined;
  /** Whom the answer is from, or who was asked last; undefined when nobody was. One object for each cluster of a snapshot. */
  readonly attempt: Attempt | undefined;
  readonly continent: string | undefined;
  readonly status: number;
  /** Made by the edge itself. */
  readonly own: boolean;
};

/** What a request was answered with. */
export type Answer = Failover & {
  /** From the request's arrival to the head of the answer. */
  readonly latencyMs: number;
};

/** As `request.cf` has them. Others are unknown. */
const CONTINENTS = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];
const OWN = STATUS_CLASSES.indexOf("own");
const CLASSES = STATUS_CLASSES.length;

/** By continent and status class. */
type Slots = (Slot | undefined)[];

class Slot {
  readonly key: TelemetryKey;
  readonly latency = new SketchBuilder();
  requests = 0;
  failovers = 0;

  constructor(key: TelemetryKey) {
    this.key = key;
  }
}

export class Answers {
  /** 6 KiB each, so 1.5 MiB at the most. */
  readonly #slots: Slot[] = [];
  readonly #byAttempt = new Map<Attempt, Slots>();
  #byService = new Map<string, Slots>();
  #byServiceRevision = -1;
  readonly #rests: Slots = [];

  add(answer: Answer): void {
    const slot = this.#slotOf(answer);
    slot.requests += 1;
    slot.latency.add(answer.latencyMs);
  }

  /** Besides the answer that the request has in the end. */
  addFailover(failover: Failover): void {
    this.#slotOf(failover).failovers += 1;
  }

  get requests(): number {
    return this.#slots.reduce((sum, { requests }) => sum + requests, 0);
  }

  /** In the order in which the like of each was first seen. */
  rows(): readonly TelemetryRow[] {
    return this.#slots.map(({ key, requests, latency, failovers }) => {
      const row = { key, requests, latency: latency.build() };
      return failovers === 0 ? row : { ...row, failovers };
    });
  }

  #slotOf(answer: Failover): Slot {
    const classIndex = classOf(answer.status, answer.own);
    const continentIndex = answer.continent === undefined ? -1 : CONTINENTS.indexOf(answer.continent);
    const slots = this.#slotsOf(answer);
    const at = (continentIndex + 1) * CLASSES + classIndex;
    return slots[at] ?? this.#newSlot(slots, at, answer);
  }

  #slotsOf({ attempt, service = TELEMETRY_NONE, revision }: Failover): Slots {
    if (attempt !== undefined) return this.#byAttempt.get(attempt) ?? newSlots(this.#byAttempt, attempt);
    // Attempts are a snapshot's own objects; a service's name is the same in the next.
    if (revision !== this.#byServiceRevision) {
      this.#byService = new Map();
      this.#byServiceRevision = revision;
    }
    return this.#byService.get(service) ?? newSlots(this.#byService, service);
  }

  #newSlot(slots: Slots, at: number, answer: Failover): Slot {
    const hasRoom = this.#slots.length < TELEMETRY_ROWS_MAX - CLASSES;
    const slot = hasRoom ? this.#keep(new Slot(keyOf(answer, at))) : this.#restOf(at % CLASSES);
    slots[at] = slot;
    return slot;
  }

  #restOf(classIndex: number): Slot {
    const rest = this.#rests[classIndex] ?? this.#keep(new Slot(restOf(classIndex)));
    this.#rests[classIndex] = rest;
    return rest;
  }

  #keep(slot: Slot): Slot {
    this.#slots.push(slot);
    return slot;
  }
}

function newSlots<Name>(known: Map<Name, Slots>, name: Name): Slots {
  const slots: Slots = [];
  known.set(name, slots);
  return slots;
}

function classOf(status: number, own: boolean): number {
  if (own && status >= 500) return OWN;
  return Math.min(Math.max(Math.trunc(status / 100), 1), 5) - 1;
}

function keyOf({ attempt, service, revision }: Failover, at: number): TelemetryKey {
  return {
    service: service ?? TELEMETRY_NONE,
    region: attempt?.region ?? TELEMETRY_NONE,
    cluster: attempt?.cluster ?? TELEMETRY_NONE,
    side: attempt?.side ?? "stable",
    continent: CONTINENTS[Math.floor(at / CLASSES) - 1] ?? CONTINENT_UNKNOWN,
    statusClass: STATUS_CLASSES[at % CLASSES] ?? "own",
    revision,
  };
}

function restOf(classIndex: number): TelemetryKey {
  const rest = TELEMETRY_REST;
  const statusClass = STATUS_CLASSES[classIndex] ?? "own";
  const key = { service: rest, region: rest, cluster: rest, side: "stable", continent: CONTINENT_UNKNOWN } as const;
  return { ...key, statusClass, revision: 0 };
}
