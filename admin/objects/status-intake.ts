/**
 * Statuses as they come in, fetched or pushed: who may say this of which cluster, whether it can be read, and whether it
 * is newer than what is known. What is refused is counted, what is good is kept; who has to hear of it is the caller's.
 */
import { type ClusterStatus, STATUS_BYTES_MAX } from "../../config/cluster-status.ts";
import { err, type Result } from "../../config/result.ts";
import type { Vantage } from "../../config/vantage.ts";
import { readStatus, type StatusFault } from "../core/status/read-status.ts";
import { faults } from "../core/status/refusals.ts";
import type { StatusConfig } from "../core/status/status-config.ts";
import { STATUS_FRESH_MS, type StatusSource } from "../core/status/statuses.ts";
import type { StatusBook } from "./status-book.ts";
import type { StatusRefusals } from "./status-refusals.ts";
import { isSignedBy } from "./status-signature.ts";

/** What a prober has fetched at `STATUS_PATH` of a cluster, as it came; more than `STATUS_BYTES_MAX` is refused unread. */
export type PulledStatus = {
  readonly cluster: string;
  readonly bytes: Uint8Array;
  readonly vantage: Vantage;
  /** When the answer was there. */
  readonly atMs: number;
};

export type PushedStatus = {
  readonly cluster: string;
  /** The exact bytes of the body: they are what is signed. */
  readonly bytes: Uint8Array;
  /** Undefined when there was none that could be read. */
  readonly signature: Uint8Array | undefined;
};

type Arrival = { readonly source: StatusSource; readonly nowMs: number };

export type StatusReceipt =
  /** `changed`: the cluster reports something else than before, apart from lag and load. */
  { readonly accepted: true; readonly changed: boolean } | { readonly accepted: false; readonly because: StatusFault };

/** `isNews`: the cluster says something else, or is heard of again after it was silent. */
export type Intake = { readonly receipt: StatusReceipt; readonly isNews: boolean };

export type StatusIntakeDeps = {
  readonly config: () => StatusConfig;
  readonly book: StatusBook;
  readonly refusals: StatusRefusals;
};

export class StatusIntake {
  readonly #deps: StatusIntakeDeps;

  constructor(deps: StatusIntakeDeps) {
    this.#deps = deps;
  }

  pulled({ cluster, bytes, vantage, atMs }: PulledStatus, nowMs: number): Intake {
    // What was held up on its way here is not fresher for that.
    return this.#take(cluster, bytes, { source: { kind: "pulled", vantage }, nowMs: Math.min(atMs, nowMs) });
  }

  /** The signature comes first: who cannot sign learns nothing, not even whether there is such a cluster. */
  async pushed({ cluster, bytes, signature }: PushedStatus, now: () => number): Promise<Intake> {
    const { keys } = this.#deps.config();
    const key = Object.hasOwn(keys, cluster) ? keys[cluster] : undefined;
    const signed = key !== undefined && signature !== undefined && (await isSignedBy(key, bytes, signature));
    const arrival: Arrival = { source: { kind: "pushed" }, nowMs: now() };
    return signed ? this.#take(cluster, bytes, arrival) : this.#refuse(cluster, faults.signature, arrival);
  }

  #take(cluster: string, bytes: Uint8Array, arrival: Arrival): Intake {
    const { nowMs, source } = arrival;
    const { book } = this.#deps;
    const before = book.get(cluster);
    const status = this.#read(cluster, bytes, { lastAtMs: before?.status.atMs, nowMs });
    if (!status.ok) return this.#refuse(cluster, status.error, arrival);
    const changed = book.take(status.value, source, nowMs);
    const silent = nowMs - (before?.receivedAtMs ?? 0) > STATUS_FRESH_MS;
    return { receipt: { accepted: true, changed }, isNews: changed || silent };
  }

  #read(
    cluster: string,
    bytes: Uint8Array,
    times: { readonly lastAtMs: number | undefined; readonly nowMs: number },
  ): Result<ClusterStatus, StatusFault> {
    if (!isDeclared(this.#deps.config(), cluster)) return err(faults.unknownCluster);
    if (bytes.byteLength > STATUS_BYTES_MAX) return err(faults.tooLarge);
    const text = decode(bytes);
    return text === undefined ? err(faults.encoding) : readStatus({ text, cluster, ...times });
  }

  #refuse(cluster: string, fault: StatusFault, { nowMs }: Arrival): Intake {
    const { config, refusals } = this.#deps;
    refusals.note(isDeclared(config(), cluster) ? cluster : undefined, fault, nowMs);
    return { receipt: { accepted: false, because: fault }, isNews: false };
  }
}

export function isDeclared({ declared }: StatusConfig, cluster: string): boolean {
  return declared.clusters.some((one) => one.cluster === cluster);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
