/**
 * Brings the target to everything that carries it: KV, a beacon and a prober per vantage, the health, the status
 * and the alert object. Works from the outbox in storage, so a crash, a restart or a failure only delays; whoever is behind is tried
 * again with back-off. Behind is who has an older revision, or the same one in another form: a new release of this Worker
 * may compile something else from the same documents, a new key signs it differently, and a revision that is tried at one
 * vantage first reaches the others in full only afterwards. Only the newest is ever sent. A failure here is a state ("not
 * yet published"), never an error of the commit.
 */
import { backoffMs } from "../../config/backoff.ts";
import { SNAPSHOT_KV_KEY } from "../../config/beacon.ts";
import { invariant, unreachable } from "../../config/invariant.ts";
import { Vantage } from "../../config/vantage.ts";
import type { FleetState } from "../core/changes/state.ts";
import { type ConfigTag, vantagesOf } from "../core/health/configs.ts";
import type { Hold } from "../core/publish/hold.ts";
import { type AdminEnv, alertStub, beaconStub, healthStub, proberStub, statusStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import {
  addCarriers,
  type CarrierName,
  type CarrierRecord,
  loadCarriers,
  markFailed,
  markWritten,
} from "../store/carriers.ts";
import { Cargo, type Carrier } from "./cargo.ts";
import { withinMs } from "./deadline.ts";

/** KV takes one write a second for a key; more are refused with 429. */
const KV_WRITE_MS_MIN = 1_000;
/** A commit waits for its publication this long at most; the outbox goes on afterwards. */
const CARRIER_MS_MAX = 3_000;
/**
 * A round for each of many changes that come together would cost more than they do. So soon after a round, the next one
 * waits for as many as shared that one, unless nobody comes for a while, and never so long that anybody would notice.
 */
const BURST_MS = 100;
const BURST_WAIT_MS_MAX = 100;
const BURST_PAUSE_MS = 20;
const BURST_LOOK_MS = 2;

export type Publication = {
  /** KV and every beacon hold the target. */
  readonly published: boolean;
  /** While one vantage alone has it, and until when nothing may be wrong with it. */
  readonly trial?: Pick<Hold, "vantage" | "sinceRevision" | "untilMs">;
  readonly carriers: readonly { readonly name: string; readonly revision: number; readonly error?: string }[];
};

/** What is to be served: by everybody, and, while it is tried there, by the edges of one vantage. */
export type Wanted = {
  readonly wide: FleetState;
  readonly canary?: { readonly hold: Hold; readonly state: FleetState };
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
  /** The round that has not begun yet. */
  #next: Promise<void> | undefined;
  /** How many wait for it, and how many waited for the one before. */
  #asking = 0;
  #askedBefore = 0;
  /** When the last round that had anything to bring was over. */
  #broughtMs = 0;
  /** To make one again costs a compilation and two digests. */
  readonly #cargos = new WeakMap<FleetState, Cargo>();

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when a round that began after the call is over. Rounds do not overlap, and all who ask before one begins
   * share it. Whoever comes alone is served at once.
   */
  publish(): Promise<void> {
    this.#asking += 1;
    this.#next ??= this.#takeTurn();
    return this.#next;
  }

  async #takeTurn(): Promise<void> {
    // Whoever waits for that one hears of its failure; here it only has to be over.
    await this.#running?.catch(() => undefined);
    await this.#othersOfBurst();
    this.#next = undefined;
    this.#askedBefore = this.#asking;
    this.#asking = 0;
    this.#running = this.#round().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #othersOfBurst(): Promise<void> {
    const beganMs = Date.now();
    const isBurst = beganMs - this.#broughtMs <= BURST_MS;
    let lastMs = beganMs;
    for (let seen = 0; isBurst && this.#asking < this.#askedBefore; ) {
      const nowMs = Date.now();
      if (this.#asking > seen) [seen, lastMs] = [this.#asking, nowMs];
      if (nowMs - lastMs >= BURST_PAUSE_MS || nowMs - beganMs >= BURST_WAIT_MS_MAX) return;
      await scheduler.wait(BURST_LOOK_MS);
    }
  }

  publication(): Publication {
    const wanted = this.#deps.wanted();
    const carriers = loadCarriers(this.#deps.sql);
    const published =
      wanted.wide.revision > 0 &&
      wanted.canary === undefined &&
      carriers.every((carrier) => !bearsSnapshot(carrier) || !this.#isBehind(carrier, wanted));
    return {
      published,
      ...trialOf(wanted),
      carriers: carriers.map(({ name, revision: held, error }) =>
        error === undefined ? { name, revision: held } : { name, revision: held, error },
      ),
    };
  }

  /** Every one, and how deliveries to it go. */
  carriers(): readonly { readonly name: string; readonly behind: boolean; readonly failures: number }[] {
    const wanted = this.#deps.wanted();
    return loadCarriers(this.#deps.sql).map((carrier) => ({
      ...{ name: carrier.name, failures: carrier.failures },
      behind: this.#isBehind(carrier, wanted),
    }));
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
    if (due.length > 0) this.#broughtMs = Date.now();
  }

  async #deliver(carrier: CarrierRecord, cargo: Cargo): Promise<void> {
    const { sql, env } = this.#deps;
    const { revision } = cargo;
    const name = carrierName(carrier.name);
    try {
      const sent = Promise.all([send(name, cargo, env), cargo.digestSnapshot()]);
      await withinMs(CARRIER_MS_MAX, carrier.name, sent);
      markWritten(sql, carrier.name, { revision, digest: cargo.digestFor(name), atMs: Date.now() });
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

function stateFor({ name }: CarrierRecord, { wide, canary }: Wanted): FleetState {
  return canary !== undefined && name === `beacon:${canary.hold.vantage}` ? canary.state : wide;
}

function trialOf({ canary }: Wanted): Pick<Publication, "trial"> {
  if (canary === undefined) return {};
  const { vantage, sinceRevision, untilMs } = canary.hold;
  return { trial: { vantage, sinceRevision, untilMs } };
}

/** Every carrier that a state needs; those of earlier states stay. */
export function carriersOf({ fleet }: Pick<FleetState, "fleet">): readonly CarrierName[] {
  const perVantage = vantagesOf(fleet).flatMap((vantage): CarrierName[] => [`beacon:${vantage}`, `prober:${vantage}`]);
  return ["kv", "health", "status", "alert", ...perVantage];
}

function dueMs({ name, writtenAtMs, retryAtMs }: CarrierRecord): number {
  return name === "kv" ? Math.max(retryAtMs, writtenAtMs + KV_WRITE_MS_MIN) : retryAtMs;
}

function carrierName(name: string): Carrier {
  if (name === "kv" || name === "health" || name === "status" || name === "alert") return { kind: name };
  const [kind, vantage] = name.split(":");
  invariant(
    kind === "beacon" || kind === "prober",
    "a carrier is KV, a beacon, a prober, or one of the objects that watch",
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
    case "alert":
      return configure(alertStub(env), cargo.alertConfig());
    case "status":
      return configure(statusStub(env), cargo.statusConfig());
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
