/**
 * Says which revision this isolate serves, so that people see a change arrive: to the nearest beacon, behind a request's
 * back, at most every `REPORT_MS`, and only after it had requests. An isolate that is idle says nothing and costs
 * nothing. Reports are figures, not accounts: a lost one is not sent again, and when the revision changes between two
 * reports, only the requests of the new one are counted.
 */
import { BEACON_REPORT_PATH, type EdgeReport, REPORT_MS } from "../../config/beacon.ts";
import type { Vantage } from "../../config/documents.ts";
import { Revision } from "../../config/ids.ts";
import { rankBeacons } from "../beacon-choice.ts";
import type { Place } from "../routing/facts.ts";
import type { AskBeacon } from "./beacon-client.ts";

/** Reports are spread over a fifth of the interval more, so that isolates which started together drift apart. */
const JITTER_SHARE = 0.2;

export type PropagationOptions = {
  /** 16 random hex digits. */
  readonly isolate: string;
  readonly ask: AskBeacon;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

/** What is needed of a snapshot. */
type Serving = { readonly revision: number; readonly beacons: readonly Vantage[] };

/** The request that was served: where it came from, when, and the part of its execution context that is needed here. */
type Served = {
  readonly place: Pick<Place, "coordinates">;
  readonly now: number;
  readonly background: { waitUntil(promise: Promise<unknown>): void };
};

export class PropagationReporter {
  readonly #options: PropagationOptions;
  #revision = -1;
  #requests = 0;
  #dueMs: number | undefined;
  /** In a row; picks the beacon that is told next, and bounds the log to one line an outage. */
  #failures = 0;
  #coordinates: Place["coordinates"];

  constructor(options: PropagationOptions) {
    this.#options = options;
  }

  /** Call once for each request that a snapshot decided. Costs a comparison, until a report is due. */
  served({ revision, beacons }: Serving, { place, now, background }: Served): void {
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#requests = 0;
    }
    this.#requests += 1;
    const { isolate, chance } = this.#options;
    this.#coordinates ??= place.coordinates;
    // The first report is spread over the whole interval: a deploy starts isolates everywhere at once.
    this.#dueMs ??= now + REPORT_MS * chance();
    if (now < this.#dueMs) return;
    this.#dueMs = now + REPORT_MS * (1 + JITTER_SHARE * chance());
    const ranked = rankBeacons(beacons, this.#coordinates);
    const vantage = ranked[this.#failures % Math.max(1, ranked.length)];
    if (vantage === undefined) return;
    const report = { isolate, revision: Revision.parse(revision), requests: this.#requests, atMs: now };
    this.#requests = 0;
    background.waitUntil(this.#report(vantage, report));
  }

  async #report(vantage: Vantage, report: EdgeReport): Promise<void> {
    const { ask, log } = this.#options;
    try {
      await ask(vantage, BEACON_REPORT_PATH, { method: "POST", body: JSON.stringify(report) });
      this.#failures = 0;
    } catch (error) {
      if (this.#failures === 0) log("report.failed", { vantage, detail: String(error) });
      this.#failures += 1;
    }
  }
}
