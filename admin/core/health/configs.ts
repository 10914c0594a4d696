/** What probers and the health object have to know of a fleet. The publisher brings it to them, as it does with snapshots. */
import { canonicalJson } from "../../../config/canonical.ts";
import type { Fleet } from "../../../config/documents.ts";
import { probesPerMinute } from "../../../config/probe-times.ts";
import { VANTAGES, type Vantage } from "../../../config/vantage.ts";
import { sha256Hex } from "../digest.ts";
import { statusTargets } from "../status/targets.ts";
import type { ProbingConfig } from "./probing.ts";
import { type ProbeTarget, probeTargets } from "./targets.ts";
import type { WatchConfig } from "./watch.ts";

/** Which config it is: the revision that it comes from, and what is in it without the revision. */
export type ConfigTag = { readonly revision: number; readonly digest: string };

export type ProberConfig = ConfigTag & ProbingConfig & { readonly vantage: Vantage };

/** Drift is a matter of deployments, which take minutes. */
const STATUS_INTERVAL_MS = 30_000;
const STATUS_INTERVAL_MS_DEVELOPMENT = 5_000;

/** Every vantage of a region, in the order of `VANTAGES`. */
export function vantagesOf({ regions }: Pick<Fleet, "regions">): readonly Vantage[] {
  const used = new Set(regions.map(({ spec }) => spec.vantage));
  return VANTAGES.filter((vantage) => used.has(vantage));
}

/** Of one fleet. The targets of thousands of clusters are made and hashed once, for all vantages and revisions that have it. */
export class HealthConfigs {
  readonly #fleet: Fleet;
  readonly #development: boolean;
  readonly #vantages: readonly Vantage[];
  readonly #targets: readonly ProbeTarget[];
  readonly #targetsDigest: string;

  constructor(fleet: Fleet, { development }: { readonly development: boolean }) {
    this.#fleet = fleet;
    this.#development = development;
    this.#vantages = vantagesOf(fleet);
    this.#targets = probeTargets(fleet, { development });
    this.#targetsDigest = sha256Hex(canonicalJson(this.#targets));
  }

  /** Every vantage probes every cluster; one that no region has any more probes none. */
  prober(vantage: Vantage, revision: number): ProberConfig {
    const isUsed = this.#vantages.includes(vantage);
    const statusIntervalMs = this.#development ? STATUS_INTERVAL_MS_DEVELOPMENT : STATUS_INTERVAL_MS;
    const rest = { vantage, statuses: this.#statusesNear(vantage), statusIntervalMs };
    const digest = sha256Hex(canonicalJson({ ...rest, targets: isUsed ? this.#targetsDigest : "" }));
    return { ...rest, revision, digest, targets: isUsed ? this.#targets : [] };
  }

  watch(revision: number): WatchConfig {
    const vantages = this.#vantages;
    const clusters = this.#targets.map(({ cluster, checks }) => {
      const intervalsMs = checks.map(({ intervalMs }) => intervalMs);
      return { cluster, probesPerMinute: probesPerMinute(intervalsMs, vantages.length) };
    });
    return { vantages, clusters, revision, digest: sha256Hex(canonicalJson({ vantages, clusters })) };
  }

  /** One prober is enough to hear what a cluster says of itself: the nearest. */
  #statusesNear(vantage: Vantage): ProberConfig["statuses"] {
    const near = new Set<string>(
      this.#fleet.regions.filter(({ spec }) => spec.vantage === vantage).map(({ metadata }) => metadata.name),
    );
    return statusTargets(this.#fleet).filter(({ region }) => near.has(region));
  }
}
