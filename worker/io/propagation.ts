/**
 * Says which revision this isolate serves and how that goes, so that people see a change arrive and a bad one is seen
 * through: to the nearest beacon, behind a request's back, at most every `REPORT_MS`, and only after it had requests. An
 * isolate that is idle says nothing and costs nothing. What it has ejected goes along as evidence. A snapshot that it
 * has refused, and the first bug under a revision, do not wait for that. Reports are figures, not accounts: a lost one is
 * not sent again, and when the revision changes between two reports, only the requests and errors of the new one are
 * counted.
 */
import {
  BEACON_REPORT_PATH,
  type EdgeEjection,
  type EdgeReport,
  EJECTIONS_REPORTED_MAX,
  REPORT_MS,
  REPORT_URGENT_MS,
  type SnapshotRejection,
} from "../../config/beacon.ts";
import { ClusterName, Revision } from "../../config/ids.ts";
import type { Vantage } from "../../config/vantage.ts";
import { rankBeacons } from "../beacon-choice.ts";
import type { Place } from "../routing/facts.ts";
import type { Ejection } from "../routing/outlier.ts";
import type { AskBeacon } from "./beacon-client.ts";
import type { SampledRequest, Traffic, TrafficCounter } from "./traffic.ts";

/** Reports are spread over a fifth of the interval more, so that isolates which started together drift apart. */
const JITTER_SHARE = 0.2;

export type PropagationOptions = {
  /** 16 random hex digits. */
  readonly isolate: string;
  readonly ask: AskBeacon;
  readonly traffic: Pick<TrafficCounter, "take">;
  /** What is refused at the moment. */
  readonly rejections: { list(): readonly SnapshotRejection[] };
  /** What this isolate leaves alone at the moment, the latest first. */
  readonly ejections: () => readonly Ejection[];
  /** 8 hex digits that stand for a client (`pseudonym.ts`). */
  readonly pseudonym: (clientHash: number) => Promise<string>;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  readonly log: (event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>) => void;
};

/** What is needed of a snapshot. */
export type Serving = { readonly revision: number; readonly beacons: readonly Vantage[] };

/** The part of an execution context that is needed here. */
type Background = { waitUntil(promise: Promise<unknown>): void };

export class PropagationReporter {
  readonly #options: PropagationOptions;
  #counts = new RevisionCounts(-1);
  #dueMs: number | undefined;
  #sentMs = Number.NEGATIVE_INFINITY;
  /** In a row; picks the beacon that is told next, and bounds the log to one line an outage. */
  #failures = 0;
  #coordinates: Place["coordinates"];

  constructor(options: PropagationOptions) {
    this.#options = options;
  }

  /** Call once for each request that a snapshot decides, before it does. Costs two comparisons, until a report is due. */
  served(serving: Serving, coordinates: Place["coordinates"], now: number, background: Background): void {
    if (serving.revision !== this.#counts.revision) this.#counts = new RevisionCounts(serving.revision);
    this.#counts.requests += 1;
    if (this.#dueMs !== undefined && now < this.#dueMs) return;
    this.#coordinates ??= coordinates;
    // The first report is spread over the whole interval: a deploy starts isolates everywhere at once.
    this.#dueMs ??= now + REPORT_MS * this.#options.chance();
    if (now >= this.#dueMs) background.waitUntil(this.#report(serving, now));
  }

  /** An answer with a status of 500 and above that is the edge's own. Of a revision that is gone it is of no interest. */
  noteOwnError(revision: number): void {
    if (revision === this.#counts.revision) this.#counts.ownErrors += 1;
  }

  /** A bug cost a request its answer. The first under a revision is news. */
  noteInternalError(serving: Serving, now: number, background: Background): void {
    if (serving.revision !== this.#counts.revision) this.#counts = new RevisionCounts(serving.revision);
    this.#counts.invariants += 1;
    this.#counts.ownErrors += 1;
    this.#counts.bugs += 1;
    if (this.#counts.bugs === 1) background.waitUntil(this.#reportSoon(serving, now));
  }

  /** Something was refused that was not refused before. Resolves when it has been told, if it could be told at once. */
  async noteRejection(serving: Serving, coordinates: Place["coordinates"], now: number): Promise<void> {
    this.#coordinates ??= coordinates;
    if (serving.revision !== this.#counts.revision) this.#counts = new RevisionCounts(serving.revision);
    await this.#reportSoon(serving, now);
  }

  /** Now, or with the first request after the least time between two reports. */
  async #reportSoon(serving: Serving, now: number): Promise<void> {
    const soonMs = this.#sentMs + REPORT_URGENT_MS;
    if (now >= soonMs) return this.#report(serving, now);
    this.#dueMs = soonMs;
  }

  /** Asynchronous from its first step: a bug in here must not cost the request that is behind it. */
  async #report(serving: Serving, now: number): Promise<void> {
    const { ask, traffic, pseudonym, chance, log } = this.#options;
    this.#dueMs = now + REPORT_MS * (1 + JITTER_SHARE * chance());
    this.#sentMs = now;
    const { samples, ...counted } = traffic.take();
    const figures = this.#figures(counted, now);
    const ranked = rankBeacons(serving.beacons, this.#coordinates);
    const vantage = ranked[this.#failures % Math.max(1, ranked.length)];
    if (vantage === undefined) return;
    try {
      const report: EdgeReport = { ...figures, ...(await sampleOf(samples, pseudonym)) };
      await ask(vantage, BEACON_REPORT_PATH, { method: "POST", body: JSON.stringify(report) });
      this.#failures = 0;
    } catch (error) {
      if (this.#failures === 0) log("report.failed", { vantage, detail: String(error) });
      this.#failures += 1;
    }
  }

  /** Takes what has been counted, and starts over. */
  #figures({ countries, routes }: Omit<Traffic, "samples">, now: number): EdgeReport {
    const { isolate, rejections, ejections } = this.#options;
    const { revision, requests, invariants, ownErrors } = this.#counts;
    this.#counts.reset();
    const rejected = rejections.list();
    const ejected = ejections().slice(0, EJECTIONS_REPORTED_MAX).map(evidenceOf);
    return {
      ...{ isolate, revision: Revision.parse(revision), requests, atMs: now },
      ...(rejected.length === 0 ? {} : { rejected: [...rejected] }),
      ...(ejected.length === 0 ? {} : { ejected }),
      ...(invariants === 0 ? {} : { invariants }),
      ...(ownErrors === 0 ? {} : { ownErrors }),
      ...(countries.size === 0 ? {} : { countries: Object.fromEntries(countries.entries()) }),
      ...(routes.size === 0 ? {} : { routes: Object.fromEntries(routes.entries()) }),
    };
  }
}

/** What is counted for one revision since the last report. */
class RevisionCounts {
  readonly revision: number;
  requests = 0;
  invariants = 0;
  ownErrors = 0;
  /** Since the revision came, other than the rest. */
  bugs = 0;

  constructor(revision: number) {
    this.revision = revision;
  }

  reset(): void {
    this.requests = 0;
    this.invariants = 0;
    this.ownErrors = 0;
  }
}

function evidenceOf({ cluster, ...evidence }: Ejection): EdgeEjection {
  return { cluster: ClusterName.parse(cluster), ...evidence };
}

async function sampleOf(
  samples: readonly SampledRequest[],
  pseudonym: PropagationOptions["pseudonym"],
): Promise<Pick<EdgeReport, "sample">> {
  if (samples.length === 0) return {};
  return {
    sample: await Promise.all(
      samples.map(async ({ clientHash, ...request }) => ({ ...request, key: await pseudonym(clientHash) })),
    ),
  };
}
