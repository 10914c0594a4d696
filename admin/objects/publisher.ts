/**
 * Brings the target to everything that carries it: KV, a beacon and a prober per vantage, the health and the status
 * object. Works from the outbox in storage, so a crash, a restart or a failure only delays; whoever is behind is tried
 * again with back-off. Behind is who has an older revision, or the same one in another form: a new release of this Worker
 * may compile something else from the same documents, a new key signs it differently, and a revision that is tried at one
 * vantage first reaches the others in full only afterwards. Only the newest is ever sent. A failure here is a state ("not
 * yet published"), never an error of the commit.
 */
import { SNAPSHOT_KV_KEY } from "../../config/beacon.ts";
import { canonicalJson } from "../../config/canonical.ts";
import { invariant, unreachable } from "../../config/invariant.ts";
import { Vantage } from "../../config/vantage.ts";
import type { FleetState } from "../core/changes/state.ts";
import { sha256Hex } from "../core/digest.ts";
import { type ConfigTag, HealthConfigs, type ProberConfig, vantagesOf } from "../core/health/configs.ts";
import type { WatchConfig } from "../core/health/watch.ts";
import { backoffMs } from "../core/publish/backoff.ts";
import { type StatusConfig, statusConfigOf } from "../core/status/status-config.ts";
import { type AdminEnv, beaconStub, healthStub, isDevelopment, proberStub, statusStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import {
  addCarriers,
  type CarrierName,
  type CarrierRecord,
  loadCarriers,
  markFailed,
  markWritten,
} from "../store/carriers.ts";
import { withinMs } from "./deadline.ts";
import { signSnapshot } from "./snapshot-signer.ts";
import { snapshotOf } from "./target.ts";

/** KV takes one write a second for a key; more are refused with 429. */
const KV_WRITE_MS_MIN = 1_000;
/** A commit waits for its publication this long at most; the outbox goes on afterwards. */
const CARRIER_MS_MAX = 3_000;

export type Publication = {
  /** KV and every beacon hold what they should. */
  readonly published: boolean;
  readonly carriers: readonly { readonly name: string; readonly revision: number; readonly error?: string }[];
};

/** What is to be served: by everybody, and, while it is tried there, by the edges of one vantage. */
export type Wanted = {
  readonly wide: FleetState;
  readonly canary?: { readonly vantage: Vantage; readonly state: FleetState };
};

export type PublisherDeps = {
  readonly env: AdminEnv;
  readonly sql: SqlStorage;
  /** At the time of asking. */
  readonly wanted: () => Wanted;
};

export class Publisher {
  readonly #deps: PublisherDeps;
  #running: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  /** To make one again costs a compilation and two digests. */
  readonly #cargos = new WeakMap<FleetState, Cargo>();

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

  publication(): Publication {
    const wanted = this.#deps.wanted();
    const carriers = loadCarriers(this.#deps.sql);
    const published =
      wanted.wide.revision > 0 &&
      carriers.every((carrier) => !bearsSnapshot(carrier) || !this.#isBehind(carrier, wanted));
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
  nextAttemptMs(): number | undefined {
    const wanted = this.#deps.wanted();
    const times = loadCarriers(this.#deps.sql)
      .filter((carrier) => this.#isBehind(carrier, wanted))
      .map(dueMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async #round(): Promise<void> {
    const wanted = this.#deps.wanted();
    // A new release of this Worker may have carriers that the commit of the target did not know of.
    if (wanted.wide.revision > 0) addCarriers(this.#deps.sql, carriersOf(wanted.wide));
    const nowMs = Date.now();
    const due = loadCarriers(this.#deps.sql).filter(
      (carrier) => this.#isBehind(carrier, wanted) && dueMs(carrier) <= nowMs,
    );
    await Promise.all(due.map((carrier) => this.#deliver(carrier, this.#cargoFor(carrier, wanted))));
  }

  async #deliver(carrier: CarrierRecord, cargo: Cargo): Promise<void> {
    const { sql, env } = this.#deps;
    const { revision } = cargo;
    const name = carrierName(carrier.name);
    const digest = cargo.digestFor(name);
    try {
      await withinMs(CARRIER_MS_MAX, carrier.name, send(name, cargo, env));
      markWritten(sql, carrier.name, { revision, digest, atMs: Date.now() });
      logEvent("snapshot.published", { carrier: carrier.name, revision });
    } catch (error) {
      markFailed(sql, carrier.name, errorText(error), Date.now() + backoffMs(carrier.failures + 1));
      logEvent("snapshot.notPublished", { carrier: carrier.name, revision, error: errorText(error) });
    }
  }

  /** An older revision is behind whatever is in it; only the same one needs a look at its form. */
  #isBehind(carrier: CarrierRecord, wanted: Wanted): boolean {
    const { revision } = stateFor(carrier, wanted);
    if (carrier.revision !== revision) return carrier.revision < revision;
    return carrier.digest !== this.#cargoFor(carrier, wanted).digestFor(carrierName(carrier.name));
  }

  #cargoFor(carrier: CarrierRecord, wanted: Wanted): Cargo {
    const state = stateFor(carrier, wanted);
    const known = this.#cargos.get(state);
    if (known !== undefined) return known;
    const cargo = new Cargo(state, this.#deps.env);
    this.#cargos.set(state, cargo);
    return cargo;
  }
}

/** What is made of one state for its carriers, each part when it is first needed and once. */
class Cargo {
  readonly revision: number;
  readonly #state: FleetState;
  readonly #env: AdminEnv;
  #payload: string | undefined;
  #snapshotDigest: string | undefined;
  #watchConfig: WatchConfig | undefined;
  readonly #proberConfigs = new Map<Vantage, ProberConfig>();
  #signed: Promise<string> | undefined;

  constructor(state: FleetState, env: AdminEnv) {
    this.revision = state.revision;
    this.#state = state;
    this.#env = env;
  }

  /** Of what the carrier gets. That of a config says nothing of its revision, so that two which ask the same are equal. */
  digestFor(carrier: Carrier): string {
    switch (carrier.kind) {
      case "kv":
      case "beacon":
        this.#snapshotDigest ??= sha256Hex(`${this.#env.SNAPSHOT_KEY_ID ?? ""}\n${this.#text}`);
        return this.#snapshotDigest;
      case "prober":
        return this.proberConfig(carrier.vantage).digest;
      case "health":
        return this.watchConfig().digest;
      case "status":
        return this.statusConfig().digest;
      default:
        return unreachable(carrier);
    }
  }

  proberConfig(vantage: Vantage): ProberConfig {
    const known = this.#proberConfigs.get(vantage);
    if (known !== undefined) return known;
    const config = this.#healthConfigs.prober(vantage, this.revision);
    this.#proberConfigs.set(vantage, config);
    return config;
  }

  watchConfig(): WatchConfig {
    this.#watchConfig ??= this.#healthConfigs.watch(this.revision);
    return this.#watchConfig;
  }

  statusConfig(): StatusConfig {
    return statusConfigOf(this.#state);
  }

  /** Signed once and shared; a failure to sign is a failure of each carrier that needed it, and is tried again. */
  signed(): Promise<string> {
    if (this.#signed !== undefined) return this.#signed;
    const signing = signSnapshot(this.#text, this.revision, this.#env);
    this.#signed = signing;
    signing.catch(() => {
      this.#signed = undefined;
    });
    return signing;
  }

  get #text(): string {
    this.#payload ??= canonicalJson(snapshotOf(this.#state));
    return this.#payload;
  }

  get #healthConfigs(): HealthConfigs {
    const { fleet } = this.#state;
    const known = HEALTH_CONFIGS.get(fleet);
    if (known !== undefined) return known;
    const configs = new HealthConfigs(fleet, { development: isDevelopment(this.#env) });
    HEALTH_CONFIGS.set(fleet, configs);
    return configs;
  }
}

/** Shifts and drains leave the fleet as it is. */
const HEALTH_CONFIGS = new WeakMap<FleetState["fleet"], HealthConfigs>();

function stateFor({ name }: CarrierRecord, { wide, canary }: Wanted): FleetState {
  return canary !== undefined && name === `beacon:${canary.vantage}` ? canary.state : wide;
}

/** Every carrier that a state needs; those of earlier states stay. */
export function carriersOf({ fleet }: Pick<FleetState, "fleet">): readonly CarrierName[] {
  const perVantage = vantagesOf(fleet).flatMap((vantage): CarrierName[] => [`beacon:${vantage}`, `prober:${vantage}`]);
  return ["kv", "health", "status", ...perVantage];
}

function dueMs({ name, writtenAtMs, retryAtMs }: CarrierRecord): number {
  return name === "kv" ? Math.max(retryAtMs, writtenAtMs + KV_WRITE_MS_MIN) : retryAtMs;
}

type Carrier =
  | { readonly kind: "kv" | "health" | "status" }
  | { readonly kind: "beacon" | "prober"; readonly vantage: Vantage };

function carrierName(name: string): Carrier {
  if (name === "kv" || name === "health" || name === "status") return { kind: name };
  const [kind, vantage] = name.split(":");
  invariant(
    kind === "beacon" || kind === "prober",
    "a carrier is KV, a beacon, a prober, the health or the status object",
  );
  return { kind, vantage: Vantage.parse(vantage) };
}

/** Edges route by it as soon as it is there; the others only watch. */
function bearsSnapshot({ name }: CarrierRecord): boolean {
  const { kind } = carrierName(name);
  return kind === "kv" || kind === "beacon";
}

async function send(carrier: Carrier, cargo: Cargo, env: AdminEnv): Promise<void> {
  const { revision } = cargo;
  switch (carrier.kind) {
    case "kv":
      return env.CONFIG.put(SNAPSHOT_KV_KEY, await cargo.signed(), { metadata: { revision } });
    case "beacon":
      await beaconStub(env, carrier.vantage).acceptSnapshot({ revision, text: await cargo.signed() });
      return;
    case "prober":
      return configure(proberStub(env, carrier.vantage), cargo.proberConfig(carrier.vantage));
    case "health":
      return configure(healthStub(env), cargo.watchConfig());
    case "status":
      return statusStub(env).configure(cargo.statusConfig());
    default:
      return unreachable(carrier);
  }
}

type Configurable<C extends ConfigTag> = {
  readonly hasConfig: (tag: ConfigTag) => Promise<boolean>;
  readonly configure: (config: C) => Promise<void>;
};

/** A config of thousands of clusters is a megabyte, and hardly any commit changes it: it is only sent where it is missing. */
async function configure<C extends ConfigTag>(stub: Configurable<C>, config: C): Promise<void> {
  const { revision, digest } = config;
  if (!(await stub.hasConfig({ revision, digest }))) await stub.configure(config);
}
