/**
 * Brings the target to everything that carries it: KV, a beacon per vantage, the prober. Works from the outbox in
 * storage, so a crash, a restart or a failure only delays; whoever is behind is tried again with back-off. Only the
 * newest revision is ever sent. A failure here is a state ("not yet published"), never an error of the commit.
 */
import { SNAPSHOT_KV_KEY } from "../../config/beacon.ts";
import { compile } from "../../config/compile.ts";
import { VANTAGES, Vantage } from "../../config/documents.ts";
import { Revision } from "../../config/ids.ts";
import type { FleetState } from "../core/changes/state.ts";
import { probeTargets } from "../core/health/targets.ts";
import { backoffMs } from "../core/publish/backoff.ts";
import { type AdminEnv, beaconStub, proberStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { type CarrierName, type CarrierRecord, loadCarriers, markFailed, markWritten } from "../store/carriers.ts";
import { withinMs } from "./deadline.ts";
import { signSnapshot } from "./snapshot-signer.ts";

/** KV takes one write a second for a key; more are refused with 429. */
const KV_WRITE_MS_MIN = 1_000;
/** A commit waits for its publication this long at most; the outbox goes on afterwards. */
const CARRIER_MS_MAX = 3_000;

export type Publication = {
  /** KV and every beacon hold the target. */
  readonly published: boolean;
  readonly carriers: readonly { readonly name: string; readonly revision: number; readonly error?: string }[];
};

export type PublisherDeps = {
  readonly env: AdminEnv;
  readonly sql: SqlStorage;
  /** The newest state at the time of asking. */
  readonly target: () => Promise<FleetState>;
};

export class Publisher {
  readonly #deps: PublisherDeps;
  #running: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when a round that began after the call is over. Rounds do not overlap, and all who ask during one share
   * the next: a burst of commits costs two rounds.
   */
  publish(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#round().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#following ??= this.#running.then(() => {
      this.#following = undefined;
      return this.publish();
    });
    return this.#following;
  }

  publication(revision: number): Publication {
    const carriers = loadCarriers(this.#deps.sql);
    const published =
      revision > 0 && carriers.every((carrier) => carrier.name === "prober" || carrier.revision >= revision);
    return {
      published,
      carriers: carriers.map(({ name, revision: held, error }) =>
        error === undefined ? { name, revision: held } : { name, revision: held, error },
      ),
    };
  }

  /** When the outbox needs somebody, or undefined when everything has arrived. */
  nextAttemptMs(revision: number): number | undefined {
    const times = loadCarriers(this.#deps.sql)
      .filter((carrier) => carrier.revision < revision)
      .map(dueMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async #round(): Promise<void> {
    const { sql, env, target } = this.#deps;
    const state = await target();
    const nowMs = Date.now();
    const due = loadCarriers(sql).filter((carrier) => carrier.revision < state.revision && dueMs(carrier) <= nowMs);
    if (due.length === 0) return;
    // Signed once and shared; a failure to sign is a failure of each carrier that needed it.
    const signed = signSnapshot(snapshotOf(state), env);
    await Promise.all(due.map((carrier) => this.#deliver(carrier, state, signed)));
  }

  async #deliver(carrier: CarrierRecord, state: FleetState, signed: Promise<string>): Promise<void> {
    const { sql, env } = this.#deps;
    const { revision } = state;
    try {
      await withinMs(CARRIER_MS_MAX, carrier.name, send(carrierName(carrier.name), { env, state, signed }));
      markWritten(sql, carrier.name, revision, Date.now());
      logEvent("snapshot.published", { carrier: carrier.name, revision });
    } catch (error) {
      markFailed(sql, carrier.name, errorText(error), Date.now() + backoffMs(carrier.failures + 1));
      logEvent("snapshot.notPublished", { carrier: carrier.name, revision, error: errorText(error) });
    }
  }
}

/** Every carrier that a state needs; those of earlier states stay. */
export function carriersOf({ fleet }: Pick<FleetState, "fleet">): readonly CarrierName[] {
  return ["kv", "prober", ...vantagesOf(fleet).map((vantage): CarrierName => `beacon:${vantage}`)];
}

function vantagesOf(fleet: FleetState["fleet"]): readonly Vantage[] {
  const used = new Set(fleet.regions.map(({ spec }) => spec.vantage));
  return VANTAGES.filter((vantage) => used.has(vantage));
}

function dueMs({ name, writtenAtMs, retryAtMs }: CarrierRecord): number {
  return name === "kv" ? Math.max(retryAtMs, writtenAtMs + KV_WRITE_MS_MIN) : retryAtMs;
}

function carrierName(
  name: string,
): { readonly kind: "kv" | "prober" } | { readonly kind: "beacon"; readonly vantage: Vantage } {
  if (name === "kv" || name === "prober") return { kind: name };
  return { kind: "beacon", vantage: Vantage.parse(name.slice("beacon:".length)) };
}

type Cargo = { readonly env: AdminEnv; readonly state: FleetState; readonly signed: Promise<string> };

async function send(carrier: ReturnType<typeof carrierName>, { env, state, signed }: Cargo): Promise<void> {
  const { revision, fleet } = state;
  switch (carrier.kind) {
    case "kv":
      return env.CONFIG.put(SNAPSHOT_KV_KEY, await signed, { metadata: { revision } });
    case "beacon":
      await beaconStub(env, carrier.vantage).acceptSnapshot({ revision, text: await signed });
      return;
    case "prober":
      await proberStub(env).configure({ revision, targets: probeTargets(fleet), vantages: vantagesOf(fleet) });
      return;
  }
}

function snapshotOf({ fleet, overlays, environment, revision }: FleetState) {
  return compile({ fleet, overlays, environment, revision: Revision.parse(revision) });
}
