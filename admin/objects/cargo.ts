/**
 * What the carriers of one state are sent: its snapshot, signed, and what the prober probes. Each part is made when it is
 * first needed and once; how it gets there is the publisher's.
 */
import { canonicalJson } from "../../config/canonical.ts";
import { VANTAGES, type Vantage } from "../../config/vantage.ts";
import type { FleetState } from "../core/changes/state.ts";
import { sha256Hex } from "../core/digest.ts";
import { probeTargets } from "../core/health/targets.ts";
import { canonicalRecord } from "../core/json/canonical-parts.ts";
import type { AdminEnv } from "../env.ts";
import { sha256Hex as sha256HexByPlatform } from "../store/digest.ts";
import type { ProberConfig } from "../store/prober-store.ts";
import { signSnapshot } from "./snapshot-signer.ts";
import { snapshotOf } from "./target.ts";

export class Cargo {
  readonly revision: number;
  readonly #state: FleetState;
  readonly #env: AdminEnv;
  #payload: string | undefined;
  #snapshotDigest: string | undefined;
  #signed: Promise<string> | undefined;

  constructor(state: FleetState, env: AdminEnv) {
    this.revision = state.revision;
    this.#state = state;
    this.#env = env;
  }

  get snapshotDigest(): string {
    this.#snapshotDigest ??= sha256Hex(this.#digested);
    return this.#snapshotDigest;
  }

  /** The same digest beforehand: the platform makes it many times faster than we do, but only with a promise. */
  async digestSnapshot(): Promise<void> {
    this.#snapshotDigest ??= await sha256HexByPlatform(this.#digested);
  }

  get probes(): { readonly config: ProberConfig; readonly digest: string } {
    const { digest, ...config } = probesOf(this.#state.fleet);
    return { config: { revision: this.revision, ...config }, digest };
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
}

type Probes = Omit<ProberConfig, "revision"> & { readonly digest: string };

const probesByFleet = new WeakMap<FleetState["fleet"], Probes>();

/** Comes of the documents alone, which most revisions leave as they are. */
function probesOf(fleet: FleetState["fleet"]): Probes {
  const known = probesByFleet.get(fleet);
  if (known !== undefined) return known;
  const config = { targets: probeTargets(fleet), vantages: vantagesOf(fleet) };
  const probes = { ...config, digest: sha256Hex(canonicalJson(config)) };
  probesByFleet.set(fleet, probes);
  return probes;
}

/** Where a fleet is served from, in the order of all vantages. */
export function vantagesOf(fleet: FleetState["fleet"]): readonly Vantage[] {
  const used = new Set(fleet.regions.map(({ spec }) => spec.vantage));
  return VANTAGES.filter((vantage) => used.has(vantage));
}
