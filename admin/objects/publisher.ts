/**
 * Brings the target to everything that carries it: KV, a beacon per vantage, the prober. Works from the outbox in
 * storage, so a crash, a restart or a failure only delays; whoever is behind is tried again with back-off. Behind is who
 * has an older revision, or the same one in another form: a new release of this Worker may compile something else from
 * the same documents, and a new key signs it differently. Only the newest revision is ever sent. A failure here is a
 * state ("not yet published"), never an error of the commit.
 */
import { SNAPSHOT_KV_KEY } from "../../config/beacon.ts";
import { canonicalJson } from "../../config/canonical.ts";
import { compile } from "../../config/compile.ts";
import { VANTAGES, Vantage } from "../../config/documents.ts";
import { Revision } from "../../config/ids.ts";
import type { FleetState } from "../core/changes/state.ts";
import { probeTargets } from "../core/health/targets.ts";
import { backoffMs } from "../core/publish/backoff.ts";
import { type AdminEnv, beaconStub, proberStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { type CarrierName, type CarrierRecord, loadCarriers, markFailed, markWritten } from "../store/carriers.ts";
import { sha256Hex } from "../store/digest.ts";
import type { ProberConfig } from "../store/prober-store.ts";
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
  /** Of the newest revision that was asked about; to make it again costs a compilation. */
  #wanted: Wanted | undefined;

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

  async publication(state: FleetState): Promise<Publication> {
    const wanted = await this.#want(state);
    const carriers = loadCarriers(this.#deps.sql);
    const published =
      state.revision > 0 && carriers.every((carrier) => carrier.name === "prober" || !isBehind(carrier, wanted));
    return {
      published,
      carriers: carriers.map(({ name, revision: held, error }) =>
        error === undefined ? { name, revision: held } : { name, revision: held, error },
      ),
    };
  }

  /** Of all beacons that were ever told of a revision. */
  vantages(): readonly Vantage[] {
    return loadCarriers(this.#deps.sql).flatMap(({ name }) => {
      const carrier = carrierName(name);
      return carrier.kind === "beacon" ? [carrier.vantage] : [];
    });
  }

  /** When the outbox needs somebody, or undefined when everything has arrived. */
  async nextAttemptMs(state: FleetState): Promise<number | undefined> {
    const wanted = await this.#want(state);
    const times = loadCarriers(this.#deps.sql)
      .filter((carrier) => isBehind(carrier, wanted))
      .map(dueMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async #round(): Promise<void> {
    const { sql, env, target } = this.#deps;
    const state = await target();
    const wanted = await this.#want(state);
    const nowMs = Date.now();
    const due = loadCarriers(sql).filter((carrier) => isBehind(carrier, wanted) && dueMs(carrier) <= nowMs);
    if (due.length === 0) return;
    // Signed once and shared; a failure to sign is a failure of each carrier that needed it.
    const signed = signSnapshot(snapshotOf(state), env);
    signed.catch(() => undefined); // The prober does not wait for it, and may be the only one that is due.
    const cargo = { env, signed, revision: state.revision, probes: probesOf(state) };
    await Promise.all(due.map((carrier) => this.#deliver(carrier, cargo, digestFor(carrier, wanted))));
  }

  async #deliver(carrier: CarrierRecord, cargo: Cargo, digest: string): Promise<void> {
    const { sql } = this.#deps;
    const { revision } = cargo;
    try {
      await withinMs(CARRIER_MS_MAX, carrier.name, send(carrierName(carrier.name), cargo));
      markWritten(sql, carrier.name, { revision, digest, atMs: Date.now() });
      logEvent("snapshot.published", { carrier: carrier.name, revision });
    } catch (error) {
      markFailed(sql, carrier.name, errorText(error), Date.now() + backoffMs(carrier.failures + 1));
      logEvent("snapshot.notPublished", { carrier: carrier.name, revision, error: errorText(error) });
    }
  }

  async #want(state: FleetState): Promise<Wanted> {
    if (this.#wanted?.revision === state.revision) return this.#wanted;
    const keyId = this.#deps.env.SNAPSHOT_KEY_ID ?? "";
    const [snapshot, probes] = await Promise.all([
      sha256Hex(`${keyId}\n${canonicalJson(snapshotOf(state))}`),
      sha256Hex(canonicalJson(probesOf(state))),
    ]);
    this.#wanted = { revision: state.revision, snapshot, probes };
    return this.#wanted;
  }
}

/** What the carriers should hold: the revision, and digests of what is made of it. */
type Wanted = { readonly revision: number; readonly snapshot: string; readonly probes: string };

function digestFor({ name }: CarrierRecord, { snapshot, probes }: Wanted): string {
  return name === "prober" ? probes : snapshot;
}

function isBehind(carrier: CarrierRecord, wanted: Wanted): boolean {
  if (carrier.revision !== wanted.revision) return carrier.revision < wanted.revision;
  return carrier.digest !== digestFor(carrier, wanted);
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

type Cargo = {
  readonly env: AdminEnv;
  readonly revision: number;
  readonly signed: Promise<string>;
  readonly probes: ProberConfig;
};

async function send(carrier: ReturnType<typeof carrierName>, cargo: Cargo): Promise<void> {
  const { env, revision, signed, probes } = cargo;
  switch (carrier.kind) {
    case "kv":
      return env.CONFIG.put(SNAPSHOT_KV_KEY, await signed, { metadata: { revision } });
    case "beacon":
      await beaconStub(env, carrier.vantage).acceptSnapshot({ revision, text: await signed });
      return;
    case "prober":
      await proberStub(env).configure(probes);
      return;
  }
}

function probesOf({ fleet, revision }: FleetState): ProberConfig {
  return { revision, targets: probeTargets(fleet), vantages: vantagesOf(fleet) };
}

function snapshotOf({ fleet, overlays, environment, revision }: FleetState) {
  return compile({ fleet, overlays, environment, revision: Revision.parse(revision) });
}
