/**
 * The health views of one isolate by where a request comes from: the global one, and one for each vantage that sees
 * something otherwise than most. On nearly every day no vantage does, and a request pays one comparison. Else the
 * nearest of all vantages is looked up, and its view, if it has one, is made when it is first asked for and kept until
 * something changes.
 *
 * Who is near is told by the client's place, which on Cloudflare stands for the data centre: a client reaches one that
 * is near to it, and a Worker is not told where that is. A client whose place is not known goes by the global view.
 */
import type { HealthReport } from "../../config/health.ts";
import { VANTAGES, type Vantage } from "../../config/vantage.ts";
import type { Sight } from "./compose-health.ts";
import type { Place } from "./facts.ts";
import type { HealthView } from "./health-view.ts";
import { VantageMap } from "./nearest-vantage.ts";

export class VantageViews {
  readonly #compose: (sight: Sight, now: number) => HealthView;
  #probing: readonly Vantage[] = [];
  /** Of those that see something otherwise, by the newest report. */
  #sights: ReadonlyMap<Vantage, Sight> = new Map();
  /** Of all vantages, those that agree among them; made when one differs, and kept while they are the same. */
  #map: VantageMap | undefined;
  /** The global view beside which `#views` were made. */
  #global: HealthView | undefined;
  readonly #views = new Map<Vantage, HealthView>();

  /** `compose` makes the view of a sight. */
  constructor(compose: (sight: Sight, now: number) => HealthView) {
    this.#compose = compose;
  }

  /** Which vantages there are, whether or not they differ. */
  setProbing(probing: readonly Vantage[]): void {
    this.#probing = probing;
    this.#dropMap();
  }

  /** Takes effect with the next global view. */
  accept(report: Pick<HealthReport, "vantages" | "vantageRecoveredAtMs">): void {
    this.#sights = new Map(sightsOf(report).map((sight) => [sight.vantage, sight]));
    this.#dropMap();
  }

  /** `global` until the nearest vantage differs; the same object until `global` changes. */
  near(place: Place, global: HealthView, now: number): HealthView {
    if (this.#sights.size === 0 || place.coordinates === undefined) return global;
    this.#map ??= new VantageMap(this.#all());
    const vantage = this.#map.nearest(place.coordinates);
    const sight = vantage === undefined ? undefined : this.#sights.get(vantage);
    return sight === undefined ? global : this.#viewOf(sight, global, now);
  }

  #dropMap(): void {
    if (this.#map?.vantages.join() !== this.#all().join()) this.#map = undefined;
  }

  /** One that the fleet has given up may still be heard. */
  #all(): readonly Vantage[] {
    return [...new Set([...this.#probing, ...this.#sights.keys()])];
  }

  #viewOf(sight: Sight, global: HealthView, now: number): HealthView {
    if (this.#global !== global) {
      this.#global = global;
      this.#views.clear();
    }
    const known = this.#views.get(sight.vantage);
    if (known !== undefined) return known;
    const view = this.#compose(sight, now);
    this.#views.set(sight.vantage, view);
    return view;
  }
}

function sightsOf({
  vantages = {},
  vantageRecoveredAtMs = {},
}: Pick<HealthReport, "vantages" | "vantageRecoveredAtMs">): readonly Sight[] {
  return VANTAGES.flatMap((vantage) => {
    const states = Object.entries(vantages[vantage] ?? {});
    const recoveredAtMs = Object.entries(vantageRecoveredAtMs[vantage] ?? {});
    return states.length + recoveredAtMs.length === 0 ? [] : [{ vantage, states, recoveredAtMs }];
  });
}
