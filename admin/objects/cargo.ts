/**
 * What the carriers of one state are sent: its snapshot, signed, and what probers, the health, the status and the alert object watch.
 * Each part is made when it is first needed and once; how it gets there is the publisher's.
 */
import { unreachable } from "../../config/invariant.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { FleetState } from "../core/changes/state.ts";
import { sha256Hex } from "../core/digest.ts";
import { HealthConfigs, type ProberConfig } from "../core/health/configs.ts";
import type { WatchConfig } from "../core/health/watch.ts";
import { canonicalRecord } from "../core/json/canonical-parts.ts";
import { type AlertConfig, alertConfigOf } from "../core/objectives/alert-config.ts";
import { type StatusConfig, statusConfigOf } from "../core/status/status-config.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { sha256Hex as sha256HexByPlatform } from "../store/digest.ts";
import { signSnapshot } from "./snapshot-signer.ts";
import { snapshotOf } from "./target.ts";

export type Carrier =
  | { readonly kind: "kv" | "health" | "status" | "alert" }
  | { readonly kind: "beacon" | "prober"; readonly vantage: Vantage };

export class Cargo {
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
        this.#snapshotDigest ??= sha256Hex(this.#digested);
        return this.#snapshotDigest;
      case "prober":
        return this.proberConfig(carrier.vantage).digest;
      case "health":
        return this.watchConfig().digest;
      case "status":
        return this.statusConfig().digest;
      case "alert":
        return this.alertConfig().digest;
      default:
        return unreachable(carrier);
    }
  }

  /** The snapshot's digest beforehand: the platform makes it many times faster than we do, but only with a promise. */
  async digestSnapshot(): Promise<void> {
    this.#snapshotDigest ??= await sha256HexByPlatform(this.#digested);
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

  alertConfig(): AlertConfig {
    return alertConfigOf(this.#state);
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

  get #digested(): string {
    return `${this.#env.SNAPSHOT_KEY_ID ?? ""}\n${this.#text}`;
  }

  get #text(): string {
    this.#payload ??= canonicalRecord(snapshotOf(this.#state));
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
