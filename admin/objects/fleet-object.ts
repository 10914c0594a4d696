/**
 * The single writer of an environment. It only puts things together and keeps the alarm: what a change means and whether
 * it may be is `core`, the order in which that is asked is the commit path, how it is kept is `store`, how it travels is
 * the publisher.
 */
import { DurableObject } from "cloudflare:workers";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import type { Document } from "../../config/documents.ts";
import type { Overlay } from "../../config/overlays.ts";
import { ok, type Result } from "../../config/result.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import type { Vantage } from "../../config/vantage.ts";
import { nextExpiryMs } from "../core/changes/expiry.ts";
import type { Asker, ChangeRequest } from "../core/commit/change-request.ts";
import type { NewIncident } from "../core/commit/incidents.ts";
import type { WrittenDiff } from "../core/commit/preconditions.ts";
import type { DeliveredChange, DeliveryIncident } from "../core/delivery/figures.ts";
import { type FlagOverview, listFlags } from "../core/flags/list-flags.ts";
import { STALE_AFTER_MS } from "../core/flags/stale.ts";
import { type Places, placesOf, scopeOfOutcome } from "../core/history/scope.ts";
import type { FleetFigures } from "../core/metrics/figures.ts";
import type { RecentChange } from "../core/objectives/changes-before.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { PreflightReport } from "../core/preflight/finding.ts";
import { changeEntry, incidentEntry } from "../core/timeline/entries.ts";
import type { TimelineEntry, Window } from "../core/timeline/timeline.ts";
import { type AdminEnv, exportStub, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { type ApprovalRecord, approvalsBefore, findApproval, nextApprovalExpiryMs } from "../store/approvals.ts";
import { debugTokensBefore, type NumberedDebugToken } from "../store/debug-tokens.ts";
import { type DeletedDocument, deletedBefore } from "../store/deleted-documents.ts";
import { type AskedPage, askedBefore, deliveredWithin, deliveryIncidents } from "../store/delivery.ts";
import { type IncidentRecord, incidentsBefore } from "../store/incidents.ts";
import { FLEET_MIGRATIONS, migrate } from "../store/migrations.ts";
import {
  type RevisionRange,
  type RevisionRecord,
  revisionAsOf,
  revisionsBefore,
  revisionsBetween,
  targetRevision,
} from "../store/revisions.ts";
import { changesWithin, incidentEventsWithin } from "../store/timeline.ts";
import { Annotator } from "./annotator.ts";
import { ApprovalDesk, type Vote } from "./approval-desk.ts";
import type { AuditExportPage } from "./audit-export.ts";
import {
  type AuditCheckpoint,
  type AuditConsistency,
  type AuditInclusion,
  AuditLog,
  type AuditRecord,
  type ErasedSubject,
  type Erasure,
} from "./audit-log.ts";
import { BackupTransfer, type Restored } from "./backup-transfer.ts";
import { type Answered, CommitPath, IDEMPOTENCY_RUNNING } from "./commit-path.ts";
import { CommitWriter } from "./commit-writer.ts";
import { withinMs } from "./deadline.ts";
import type { DebugTokenRequest, IssuedDebugToken } from "./debug-token-issuer.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { fleetFigures } from "./fleet-figures.ts";
import { History, type RevisionView } from "./history.ts";
import { type ClosingIncident, IncidentDesk, type OpeningIncident } from "./incident-desk.ts";
import { IncidentTeller } from "./incident-teller.ts";
import { OwnChanges } from "./own-changes.ts";
import { type PreflightRequest, runPreflight } from "./preflight.ts";
import { ProgressiveRelease } from "./progressive-release.ts";
import { type Publication, Publisher } from "./publisher.ts";
import { hasPushSetting } from "./push-setting.ts";
import { Reckoning } from "./reckoning.ts";
import { type EarlyRefusal, type Performance, RecordDesk, type TokenRefusals } from "./record-desk.ts";
import { rescuedAlarm } from "./rescued-alarm.ts";
import { type ServedFlagSet, servedFlagsOf } from "./served-flags.ts";
import { type Simulation, simulate } from "./simulate.ts";
import { Target } from "./target.ts";
import { tidyUp } from "./upkeep.ts";

/** The alarm that takes over when the object dies between a commit and its publication. */
const RESCUE_MS = 5_000;
/** How often the outbox is looked after when nothing is due. Deploying a new release of this Worker wakes nobody. */
const REVIEW_MS = 300_000;

const EXPORT_MS_MAX = 1_000;

/** Between two turns of forgetting what has been kept long enough, while there is more of it. */
const TIDY_MS = 1_000;

/** As many as a person could have opened in three months. */
const DELIVERY_INCIDENTS_MAX = 2_000;

export type FleetView = {
  readonly revision: number;
  readonly digest: string;
  readonly documents: readonly Document[];
  readonly overlays: readonly Overlay[];
  readonly publication: Publication;
};

export type Changed = { readonly answer: Result<Answered, AdminRefusal>; readonly publication: Publication };

export class FleetObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #backup: BackupTransfer;
  readonly #audit: AuditLog;
  readonly #target: Target;
  readonly #history: History;
  readonly #writer: CommitWriter;
  readonly #reckoning: Reckoning;
  readonly #path: CommitPath;
  readonly #approvals: ApprovalDesk;
  readonly #incidents: IncidentDesk;
  readonly #records: RecordDesk;
  readonly #own: OwnChanges;
  readonly #release: ProgressiveRelease;
  readonly #publisher: Publisher;
  readonly #teller: IncidentTeller;
  readonly #annotator: Annotator;
  /** Requests with an idempotency key that are being worked on, by principal and key. */
  readonly #running = new Set<string>();
  /** The last turn of the alarm has not forgotten everything that is due. */
  #moreToForget: boolean = false;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    const { storage } = ctx;
    const { sql } = storage;
    const options = { environment: env.ENVIRONMENT, development: isDevelopment(env) };
    this.#backup = new BackupTransfer({ storage, read: options, restored: () => this.#restored() });
    migrate(storage, FLEET_MIGRATIONS);
    const { development } = options;
    this.#failing = new FailingSwitch(storage, development);
    this.#audit = new AuditLog({ storage, env, check: () => this.#backup.check() });
    this.#target = new Target(sql, options);
    this.#history = new History(sql, options, this.#target);
    this.#writer = new CommitWriter(storage, this.#audit, this.#target, () => this.#backup.check());
    this.#reckoning = new Reckoning({ env, sql, target: this.#target });
    const past = (revision: number) => this.#history.state(revision);
    const shared = { development, sql, past, target: this.#target, writer: this.#writer, reckoning: this.#reckoning };
    this.#path = new CommitPath({ ...shared, wide: (state) => this.#release.wideOf(state) });
    this.#approvals = new ApprovalDesk({ ...shared, path: this.#path });
    this.#incidents = new IncidentDesk(sql, this.#target, this.#writer);
    this.#records = new RecordDesk({ ...shared, env, audit: this.#audit });
    this.#own = new OwnChanges(shared);
    this.#release = new ProgressiveRelease({ env, storage, past, target: this.#target, own: this.#own });
    this.#teller = new IncidentTeller(sql, env);
    this.#publisher = new Publisher({ env, sql, wanted: () => this.#release.wanted() });
    this.#annotator = new Annotator({ env, sql, target: this.#target });
    // This may be the first start of a new release, which makes something else of the target: the alarm publishes it.
    if (targetRevision(sql) !== undefined) void ctx.blockConcurrencyWhile(() => storage.setAlarm(Date.now()));
  }

  // --- The state

  async read(): Promise<FleetView> {
    this.#check();
    const { state, digest } = this.#target.stored;
    const { revision, documents, overlays } = state;
    return { revision, digest, documents, overlays, publication: this.#publisher.publication() };
  }

  async change(request: ChangeRequest, asker: Asker): Promise<Changed> {
    this.#check();
    const running =
      request.idempotencyKey === undefined ? undefined : `${asker.principal.name} ${request.idempotencyKey}`;
    if (running !== undefined && this.#running.has(running))
      return {
        answer: this.#path.refuse(request, asker, IDEMPOTENCY_RUNNING),
        publication: this.#publisher.publication(),
      };
    if (running !== undefined) this.#running.add(running);
    try {
      const world = await this.#reckoning.world();
      const answer = this.#path.change(request, asker, world);
      await this.#afterwards();
      return { answer, publication: this.#publisher.publication() };
    } finally {
      if (running !== undefined) this.#running.delete(running);
    }
  }

  async simulate(simulation: Simulation): Promise<Result<Plan, AdminRefusal>> {
    this.#check();
    const world = await this.#reckoning.world();
    return simulate(simulation, {
      world,
      development: isDevelopment(this.env),
      ...{ target: this.#target, history: this.#history, reckoning: this.#reckoning },
    });
  }

  async preflight(request: PreflightRequest): Promise<Result<PreflightReport, AdminRefusal>> {
    this.#check();
    const development = isDevelopment(this.env);
    return runPreflight(request, { development, target: this.#target, reckoning: this.#reckoning });
  }

  // --- History

  async listRevisions(before: number, limit: number): Promise<readonly RevisionRecord[]> {
    this.#check();
    return revisionsBefore(this.ctx.storage.sql, before, limit);
  }

  /** Those of a stretch of time, oldest first; the newest `limit` of them. */
  async listRevisionsBetween(range: RevisionRange): Promise<readonly RevisionRecord[]> {
    this.#check();
    return revisionsBetween(this.ctx.storage.sql, range);
  }

  async readRevision(revision: number): Promise<RevisionView | undefined> {
    this.#check();
    return this.#history.read(revision);
  }

  async diffRevisions(from: number, to: number): Promise<WrittenDiff | undefined> {
    this.#check();
    return this.#history.diff(from, to);
  }

  async listDeleted(before: number, limit: number): Promise<readonly DeletedDocument[]> {
    this.#check();
    return deletedBefore(this.ctx.storage.sql, before, limit);
  }

  /** What the edge reads at that revision, or at the target. */
  async snapshotAt(revision: number | undefined): Promise<Snapshot | undefined> {
    this.#check();
    return this.#history.snapshot(revision);
  }

  /** For the timeline. With what each change was about, which takes the fleet to tell. */
  async changesWithin(window: Window): Promise<readonly TimelineEntry[]> {
    this.#check();
    const places = placesOf(this.#target.state.fleet);
    return changesWithin(this.ctx.storage.sql, window).map((change) => changeEntry(change, places));
  }

  /** For alerts. */
  async recentChanges(window: Window): Promise<readonly RecentChange[]> {
    this.#check();
    const places = placesOf(this.#target.state.fleet);
    return changesWithin(this.ctx.storage.sql, window).map(({ record, outcome }) => ({
      ...{ revision: record.revision, kind: record.kind, author: record.author, atMs: record.createdAtMs },
      scope: scopeOfOutcome(outcome, places),
    }));
  }

  async incidentEventsWithin(window: Window): Promise<readonly TimelineEntry[]> {
    this.#check();
    const places = placesOf(this.#target.state.fleet);
    return incidentEventsWithin(this.ctx.storage.sql, window).map((incident) => incidentEntry(incident, places));
  }

  /** For the figures of delivery. */
  async deliveredWithin(window: Window): Promise<readonly DeliveredChange[]> {
    this.#check();
    return deliveredWithin(this.ctx.storage.sql, placesOf(this.#target.state.fleet), window);
  }

  async askedBefore(before: number, limit: number): Promise<AskedPage> {
    this.#check();
    return askedBefore(this.ctx.storage.sql, before, limit);
  }

  async deliveryIncidents(fromMs: number): Promise<readonly DeliveryIncident[]> {
    this.#check();
    return deliveryIncidents(this.ctx.storage.sql, fromMs, DELIVERY_INCIDENTS_MAX);
  }

  /** Where clusters are, and whose routes are. */
  async places(): Promise<Places> {
    this.#check();
    return placesOf(this.#target.state.fleet);
  }

  // --- Flags

  async listFlags(): Promise<readonly FlagOverview[]> {
    this.#check();
    const nowMs = Date.now();
    const before = revisionAsOf(this.ctx.storage.sql, nowMs - STALE_AFTER_MS);
    const monthAgo = before === undefined ? undefined : this.#history.state(before.revision);
    return listFlags(this.#target.state, monthAgo, new Date(nowMs).toISOString().slice(0, "2027-01-31".length));
  }

  /** What SDKs are answered by; the tag alone when that is what they have. */
  async servedFlags(known: string | undefined): Promise<ServedFlagSet | "same"> {
    this.#check();
    const served = servedFlagsOf(this.#release.wanted().wide);
    return served.tag === known ? "same" : served;
  }

  // --- Approvals and incidents

  async listApprovals(before: number, limit: number): Promise<readonly ApprovalRecord[]> {
    this.#check();
    return approvalsBefore(this.ctx.storage.sql, before, limit);
  }

  /** With the plan of what is still to be decided, for whoever decides. */
  async readApproval(id: string): Promise<{ readonly approval: ApprovalRecord; readonly plan?: Plan } | undefined> {
    this.#check();
    const world = await this.#reckoning.world();
    const approval = findApproval(this.ctx.storage.sql, id);
    if (approval === undefined) return undefined;
    const plan = this.#approvals.plan(approval, world);
    return plan === undefined ? { approval } : { approval, plan };
  }

  async voteOnApproval(vote: Vote, asker: Asker): Promise<Result<ApprovalRecord, AdminRefusal>> {
    this.#check();
    const world = await this.#reckoning.world();
    const answer = this.#approvals.vote(vote, asker, world);
    await this.#afterwards();
    return answer;
  }

  async listIncidents(before: number, limit: number): Promise<readonly IncidentRecord[]> {
    this.#check();
    return incidentsBefore(this.ctx.storage.sql, before, limit);
  }

  async openIncident(opening: OpeningIncident, asker: Asker): Promise<Result<IncidentRecord, AdminRefusal>> {
    this.#check();
    const answer = this.#incidents.open(opening, asker, Date.now());
    await this.#arm();
    return answer;
  }

  /** For the other objects of the control plane, which have nobody to ask. */
  async openOwnIncident(incident: NewIncident): Promise<IncidentRecord> {
    this.#check();
    const record = this.#incidents.openOwn(incident);
    await this.#arm();
    return record;
  }

  async closeIncident(closing: ClosingIncident, asker: Asker): Promise<Result<IncidentRecord, AdminRefusal>> {
    this.#check();
    const answer = this.#incidents.close(closing, asker, Date.now());
    await this.#arm();
    return answer;
  }

  // --- The audit log

  /** A write that was refused before it got here: its body, its address, its shape. */
  async recordRefusal(refusal: EarlyRefusal, asker: Asker): Promise<void> {
    this.#check();
    this.#records.refused(asker, refusal);
    await this.#arm();
  }

  async recordTokenRefusals(refusals: TokenRefusals): Promise<void> {
    this.#check();
    this.#records.tokensRefused(refusals);
    await this.#arm();
  }

  /** Something that is done by another object: the leaf of it, or why it may not be done. */
  async perform(performance: Performance, asker: Asker): Promise<Result<number, AdminRefusal>> {
    this.#check();
    const entered = this.#records.perform(performance, asker);
    await this.#arm();
    return entered;
  }

  async auditLeaves(before: number, limit: number): Promise<readonly AuditRecord[]> {
    this.#check();
    return this.#audit.leaves(before, limit);
  }

  async auditLeaf(index: number): Promise<AuditRecord | undefined> {
    this.#check();
    return this.#audit.leaf(index);
  }

  async auditInclusion(index: number, size: number | undefined): Promise<AuditInclusion | undefined> {
    this.#check();
    return this.#audit.inclusion(index, size);
  }

  async auditConsistency(from: number, to: number): Promise<AuditConsistency | undefined> {
    this.#check();
    return this.#audit.consistency(from, to);
  }

  async auditCheckpoint(): Promise<AuditCheckpoint | undefined> {
    this.#check();
    return this.#audit.latestCheckpoint();
  }

  async auditExport(from: number, limit: number): Promise<AuditExportPage> {
    this.#check();
    return this.#audit.exportLines(from, limit);
  }

  async eraseAuditSubject(erasure: Erasure, asker: Asker): Promise<Result<ErasedSubject, AdminRefusal>> {
    this.#check();
    const answer = this.#records.erase(erasure, asker);
    await this.#arm();
    return answer;
  }

  // --- Backups

  async exportBackup(asker: Asker): Promise<ReadableStream<Uint8Array>> {
    this.#check();
    // It holds everybody's names, so who took it is on the record, and in it.
    this.#records.enter(asker, { action: "backup.export", resource: "environment" });
    await this.#arm();
    return this.#backup.export(Date.now());
  }

  async restoreBackup(
    body: ReadableStream<Uint8Array>,
    asker: Asker,
  ): Promise<Result<Restored & { readonly auditIndex: number }, AdminRefusal>> {
    this.#check();
    const restored = await this.#backup.restore(body, Date.now());
    if (!restored.ok) return restored;
    const auditIndex = this.#records.enter(asker, { action: "backup.restore", resource: "environment" });
    await this.#afterwards();
    return ok({ ...restored.value, auditIndex });
  }

  // --- Distribution

  /** Where the environment has beacons. Also answers while the object is told to fail, so that it can be put right. */
  async vantages(): Promise<readonly Vantage[]> {
    return [...new Set(this.#target.state.fleet.regions.map(({ spec }) => spec.vantage))];
  }

  /** The target, and every vantage that a revision ever had: some edge may still serve by one of them. */
  async beacons(): Promise<{ readonly targetRevision: number; readonly vantages: readonly Vantage[] }> {
    this.#check();
    return { targetRevision: this.#target.state.revision, vantages: this.#publisher.vantages() };
  }

  /** For a scrape. The topology is left out when whoever asks has that of this digest. */
  async readFigures(known: string | undefined): Promise<FleetFigures> {
    this.#check();
    const deps = { audit: this.#audit, target: this.#target, release: this.#release, publisher: this.#publisher };
    return fleetFigures({ sql: this.ctx.storage.sql, ...deps }, known, Date.now());
  }

  // --- Debug tokens

  async issueDebugToken(
    request: Omit<DebugTokenRequest, "actor">,
    asker: Asker,
  ): Promise<Result<IssuedDebugToken, AdminRefusal>> {
    this.#check();
    const answer = await this.#records.issueDebugToken(request, asker);
    await this.#arm();
    return answer;
  }

  async listDebugTokens(before: number, limit: number): Promise<readonly NumberedDebugToken[]> {
    this.#check();
    return debugTokensBefore(this.ctx.storage.sql, before, limit);
  }

  // --- The alarm

  async setFailing(failing: boolean): Promise<void> {
    this.#failing.set(failing);
    await this.#arm();
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    await rescuedAlarm(
      { storage, failing: this.#failing, rescueMs: RESCUE_MS, event: "fleet.alarmFailed" },
      async () => {
        this.#backup.check();
        const world = await this.#reckoning.world();
        this.#own.expire(world);
        await this.#release.step(world);
        await this.#publisher.publish();
        await this.#teller.tell();
        await this.#checkpoint();
        await this.#wakeExport();
        this.#annotate();
        this.#moreToForget = tidyUp(this.ctx.storage, Date.now());
        await this.#arm();
      },
    );
  }

  /** A log that cannot be signed must not keep drains from ending; the alarm of those who watch the log is its age. */
  async #checkpoint(): Promise<void> {
    try {
      await this.#audit.checkpointIfDue(Date.now());
    } catch (error) {
      logEvent("audit.notSigned", { error: errorText(error) });
    }
  }

  /** Metrics are pushed by an object of its own, which somebody has to start: once more does no harm. */
  async #wakeExport(): Promise<void> {
    if (!hasPushSetting(this.env)) return;
    try {
      await withinMs(EXPORT_MS_MAX, "export", exportStub(this.env).wake());
    } catch (error) {
      logEvent("export.notWoken", { error: errorText(error) });
    }
  }

  /** Not waited for: a dashboard that hangs must hold up neither a commit nor the end of a drain. */
  #annotate(): void {
    if (this.#annotator.nextMs(Date.now()) === undefined) return;
    this.ctx.waitUntil(this.#annotator.run().then(() => this.#arm()));
  }

  #restored(): void {
    this.#target.forget();
    this.#annotator.skip();
  }

  /** First in everything that answers anybody. */
  #check(): void {
    this.#failing.check();
    this.#backup.check();
  }

  /** After a change: publication is tried at once; when it fails, or the object dies meanwhile, the alarm goes on with it. */
  async #afterwards(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + RESCUE_MS);
      await this.#publisher.publish();
      this.#annotate();
      await this.#arm();
    } catch (error) {
      // The commit stands whatever happens here, so its author must not be told that it failed.
      logEvent("fleet.publishFailed", { error: errorText(error) });
    }
  }

  async #arm(): Promise<void> {
    const nowMs = Date.now();
    const times = [
      this.#audit.checkpointDueMs(),
      this.#teller.dueMs(),
      ...(this.#target.state.revision === 0
        ? []
        : [
            nowMs + REVIEW_MS,
            nextExpiryMs(this.#target.state.overlays, nowMs),
            nextApprovalExpiryMs(this.ctx.storage.sql),
            this.#publisher.nextAttemptMs(),
            this.#release.nextMs(nowMs),
            this.#annotator.nextMs(nowMs),
            this.#moreToForget ? nowMs + TIDY_MS : undefined,
          ]),
    ].filter((time) => time !== undefined);
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    await this.ctx.storage.setAlarm(Math.max(Math.min(...times), nowMs)); // What was never tried is due at 0.
  }
}
