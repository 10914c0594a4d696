/**
 * What the edges of one vantage ask: the newest revision, its signed text, and the health of the clusters. Told by the
 * fleet object and the health object, it never goes back: what is older than what it has is ignored, so late and
 * repeated messages do no harm. It decides nothing and cannot sign; edges verify what they get. Edges tell it which
 * revision they serve, how that goes, what traffic they have and which clusters they have ejected, and it counts.
 */
import { DurableObject } from "cloudflare:workers";
import {
  BEACON_REPORT_PATH,
  BEACON_STATE_PATH,
  type BeaconState,
  beaconSnapshotPath,
  EdgeReport,
  REPORT_BYTES_MAX,
} from "../../config/beacon.ts";
import { HEALTH_REPORT_EMPTY, HealthReport } from "../../config/health.ts";
import { Revision } from "../../config/ids.ts";
import { type EdgeEvidence, EjectionReports } from "../core/health/evidence.ts";
import { EdgeReports, type ReportedEdges } from "../core/propagation/edge-reports.ts";
import { type BeaconDemand, RecentDemand } from "../core/propagation/recent-demand.ts";
import { RecentFigures, type RevisionFigures } from "../core/propagation/revision-figures.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { logEvent } from "../log.ts";
import { sha256Hex } from "../store/digest.ts";
import { BEACON_MIGRATIONS, migrate } from "../store/migrations.ts";
import { loadText, replaceText } from "../store/texts.ts";
import { FailingSwitch } from "./failing-switch.ts";

const SNAPSHOT_TEXT = "snapshot";

/** What a beacon answers about its edges. */
export type BeaconPropagation = ReportedEdges & {
  readonly revision: number;
  /** Of the last ten minutes, oldest revision first. */
  readonly figures: readonly RevisionFigures[];
};

/** What a beacon answers to a health report: what it holds now, and what its edges have ejected. */
export type HealthReceipt = { readonly sequence: number; readonly evidence: EdgeEvidence };

export type SnapshotMessage = { readonly revision: number; readonly text: string };

export class BeaconObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  #state: BeaconState;
  /** In memory only: after a restart the edges have reported again within seconds. */
  readonly #reports = new EdgeReports();
  readonly #figures = new RecentFigures();
  readonly #demand = new RecentDemand();
  readonly #ejections = new EjectionReports();
  /** Loaded when it is first asked for. */
  #text: string | undefined;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, BEACON_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    this.#state = loadState(ctx.storage.sql);
  }

  override async fetch(request: Request): Promise<Response> {
    this.#failing.check();
    const { pathname } = new URL(request.url);
    if (pathname === BEACON_REPORT_PATH) return this.#acceptReport(request);
    if (request.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
    if (pathname === BEACON_STATE_PATH) return Response.json(this.#state);
    if (pathname !== beaconSnapshotPath(this.#state.revision)) return new Response(null, { status: 404 });
    this.#text ??= loadText(this.ctx.storage.sql, SNAPSHOT_TEXT);
    return this.#text === undefined
      ? new Response(null, { status: 404 })
      : new Response(this.#text, { headers: { "content-type": "text/plain; charset=utf-8" } });
  }

  /** Answers with the revision that it holds afterwards. The same revision in another form takes the place of the first. */
  async acceptSnapshot({ revision, text }: SnapshotMessage): Promise<number> {
    this.#failing.check();
    const snapshotDigest = await sha256Hex(text);
    const held = this.#state;
    if (revision < held.revision || (revision === held.revision && snapshotDigest === held.snapshotDigest))
      return held.revision;
    const state = { ...held, revision: Revision.parse(revision), snapshotDigest };
    this.ctx.storage.transactionSync(() => {
      replaceText(this.ctx.storage.sql, SNAPSHOT_TEXT, text);
      saveState(this.ctx.storage.sql, state);
    });
    this.#state = state;
    this.#text = text;
    return revision;
  }

  /** What its edges serve and refuse, and how that goes, as far as they have reported. */
  async readPropagation(): Promise<BeaconPropagation> {
    this.#failing.check();
    const nowMs = Date.now();
    return { revision: this.#state.revision, ...this.#reports.view(nowMs), figures: this.#figures.view(nowMs) };
  }

  /** What traffic its edges had within the last minute. */
  async readDemand(): Promise<BeaconDemand> {
    this.#failing.check();
    return this.#demand.view(Date.now());
  }

  async acceptHealth(message: HealthReport): Promise<HealthReceipt> {
    this.#failing.check();
    const health = HealthReport.parse(message);
    if (health.sequence > this.#state.health.sequence) {
      const state = { ...this.#state, health };
      saveState(this.ctx.storage.sql, state);
      this.#state = state;
    }
    return { sequence: this.#state.health.sequence, evidence: this.#ejections.view(Date.now()) };
  }

  async setFailing(failing: boolean): Promise<void> {
    this.#failing.set(failing);
  }

  async #acceptReport(request: Request): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const text = await request.text();
    if (text.length > REPORT_BYTES_MAX) return new Response(null, { status: 413 });
    const report = parseReport(text);
    if (report === undefined) return new Response(null, { status: 400 });
    const nowMs = Date.now();
    this.#reports.accept(report, nowMs);
    this.#figures.accept(report, nowMs);
    this.#demand.accept(report, nowMs);
    this.#ejections.accept(report, nowMs);
    return new Response(null, { status: 204 });
  }
}

function parseReport(text: string): EdgeReport | undefined {
  try {
    return EdgeReport.parse(JSON.parse(text));
  } catch {
    return undefined; // Only the edge has the binding, so there is nobody to whom more would be of use.
  }
}

function loadState(sql: SqlStorage): BeaconState {
  const [row] = sql.exec("SELECT revision, snapshot_digest, health FROM beacon").toArray();
  if (row === undefined) return { revision: Revision.parse(0), health: HEALTH_REPORT_EMPTY };
  return {
    revision: Revision.parse(row.revision),
    ...(typeof row.snapshot_digest === "string" ? { snapshotDigest: row.snapshot_digest } : {}),
    health: parseHealth(String(row.health)),
  };
}

/**
 * The row may be of a release with another form of report. Without health routing goes by weights, and the next
 * report is seconds away; a beacon that fails to start would cost its edges the snapshots as well.
 */
function parseHealth(text: string): HealthReport {
  const health = HealthReport.safeParse(JSON.parse(text));
  if (health.success) return health.data;
  logEvent("health.formUnknown", { detail: health.error.message });
  return HEALTH_REPORT_EMPTY;
}

function saveState(sql: SqlStorage, { revision, snapshotDigest, health }: BeaconState): void {
  sql.exec(
    "INSERT OR REPLACE INTO beacon (id, revision, snapshot_digest, health) VALUES (1, ?, ?, ?)",
    revision,
    snapshotDigest ?? null,
    JSON.stringify(health),
  );
}
