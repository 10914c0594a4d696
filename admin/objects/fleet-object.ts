/**
 * The single writer of an environment: one object that holds the revisions and decides, commits and publishes one change
 * after the other. What a change means is `core/changes`; how it is kept is `store`; how it travels is the publisher.
 */
import { DurableObject } from "cloudflare:workers";
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { canonicalJson } from "../../config/canonical.ts";
import { compile } from "../../config/compile.ts";
import type { Document, Vantage } from "../../config/documents.ts";
import { Revision } from "../../config/ids.ts";
import type { Overlay } from "../../config/overlays.ts";
import { err, ok, type Result } from "../../config/result.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { nextExpiryMs } from "../core/changes/drains.ts";
import type { Mutation, Outcome, Proposal } from "../core/changes/mutation.ts";
import { propose } from "../core/changes/propose.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { debugTokensBefore, type NumberedDebugToken } from "../store/debug-tokens.ts";
import { sha256Hex } from "../store/digest.ts";
import {
  commit,
  loadOutcome,
  loadRevisionState,
  loadTarget,
  type ReadOptions,
  type StoredState,
  stateDigest,
} from "../store/fleet-store.ts";
import { FLEET_MIGRATIONS, migrate } from "../store/migrations.ts";
import { findRevision, type RevisionRecord, revisionsBefore, targetRevision } from "../store/revisions.ts";
import { type DebugTokenRequest, type IssuedDebugToken, issueDebugToken } from "./debug-token-issuer.ts";
import { FailingSwitch } from "./failing-switch.ts";
import { carriersOf, type Publication, Publisher } from "./publisher.ts";

/** Digests are made between reading and writing, so another change may come first; then the reasoning is done again. */
const COMMIT_ATTEMPTS_MAX = 10;
/** The alarm that takes over when the object dies between a commit and its publication. */
const RESCUE_MS = 5_000;
/** How often the outbox is looked after when nothing is due. Deploying a new release of this Worker wakes nobody. */
const REVIEW_MS = 300_000;

export type FleetView = {
  readonly revision: number;
  readonly digest: string;
  readonly documents: readonly Document[];
  readonly overlays: readonly Overlay[];
  readonly publication: Publication;
};

export type MutateOptions = {
  readonly author: string;
  /** Digests of which one must be the state's; absent: whatever the state is. */
  readonly ifMatch?: readonly string[];
  readonly dryRun: boolean;
};

export type MutationAnswer = {
  readonly revision: number;
  readonly digest: string;
  /** Whether there is anything to change; with `dryRun`, whether there would be. */
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly publication: Publication;
  readonly outcome: Outcome;
};

export type RevisionView = { readonly record: RevisionRecord; readonly outcome: unknown };

export class FleetObject extends DurableObject<AdminEnv> {
  readonly #failing: FailingSwitch;
  readonly #publisher: Publisher;
  /** The target, once it has been read; replaced by each commit. */
  #target: StoredState | undefined;

  constructor(ctx: DurableObjectState, env: AdminEnv) {
    super(ctx, env);
    migrate(ctx.storage, FLEET_MIGRATIONS);
    this.#failing = new FailingSwitch(ctx.storage, isDevelopment(env));
    this.#publisher = new Publisher({ env, sql: ctx.storage.sql, target: async () => (await this.#load()).state });
    // This may be the first start of a new release, which makes something else of the target: the alarm publishes it.
    if (targetRevision(ctx.storage.sql) !== undefined)
      void ctx.blockConcurrencyWhile(() => ctx.storage.setAlarm(Date.now()));
  }

  async read(): Promise<FleetView> {
    this.#failing.check();
    const { state, digest } = await this.#load();
    const { revision, documents, overlays } = state;
    return { revision, digest, documents, overlays, publication: await this.#publisher.publication(state) };
  }

  async mutate(mutation: Mutation, options: MutateOptions): Promise<Result<MutationAnswer, AdminRefusal>> {
    this.#failing.check();
    return this.#mutate(mutation, options);
  }

  async listRevisions(before: number, limit: number): Promise<readonly RevisionRecord[]> {
    this.#failing.check();
    return revisionsBefore(this.ctx.storage.sql, before, limit);
  }

  async readRevision(revision: number): Promise<RevisionView | undefined> {
    this.#failing.check();
    const record = findRevision(this.ctx.storage.sql, revision);
    if (record === undefined) return undefined;
    return { record, outcome: loadOutcome(this.ctx.storage.sql, revision) };
  }

  /** What the edge reads at that revision, or at the target. */
  async snapshotAt(revision: number | undefined): Promise<Snapshot | undefined> {
    this.#failing.check();
    const target = await this.#load();
    const stored =
      revision === undefined || revision === target.state.revision
        ? target
        : loadRevisionState(this.ctx.storage.sql, revision, this.#options());
    if (stored === undefined) return undefined;
    const { fleet, overlays, environment } = stored.state;
    return compile({ fleet, overlays, environment, revision: Revision.parse(stored.state.revision) });
  }

  /** Where the environment has beacons. Also answers while the object is told to fail, so that it can be put right. */
  async vantages(): Promise<readonly Vantage[]> {
    const { state } = await this.#load();
    return [...new Set(state.fleet.regions.map(({ spec }) => spec.vantage))];
  }

  /** The target, and every vantage that a revision ever had: some edge may still serve by one of them. */
  async beacons(): Promise<{ readonly targetRevision: number; readonly vantages: readonly Vantage[] }> {
    this.#failing.check();
    const { state } = await this.#load();
    return { targetRevision: state.revision, vantages: this.#publisher.vantages() };
  }

  async issueDebugToken(request: DebugTokenRequest): Promise<Result<IssuedDebugToken, AdminRefusal>> {
    this.#failing.check();
    return issueDebugToken({ env: this.env, sql: this.ctx.storage.sql }, request);
  }

  async listDebugTokens(before: number, limit: number): Promise<readonly NumberedDebugToken[]> {
    this.#failing.check();
    return debugTokensBefore(this.ctx.storage.sql, before, limit);
  }

  async setFailing(failing: boolean): Promise<void> {
    this.#failing.set(failing);
    await this.#arm();
  }

  override async alarm(): Promise<void> {
    // Armed before the work: whatever goes wrong below, the object wakes up again.
    await this.ctx.storage.setAlarm(Date.now() + RESCUE_MS);
    if (this.#failing.failing) return;
    try {
      await this.#mutate({ kind: "expireDrains" }, { author: "fairlead", dryRun: false });
      await this.#publisher.publish();
      await this.#arm();
    } catch (error) {
      // A throw would use up the platform's few retries; the alarm above is already set.
      logEvent("fleet.alarmFailed", { error: errorText(error) });
    }
  }

  async #mutate(mutation: Mutation, options: MutateOptions): Promise<Result<MutationAnswer, AdminRefusal>> {
    const { author, ifMatch, dryRun } = options;
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const target = await this.#load();
      if (ifMatch !== undefined && !ifMatch.includes(target.digest)) return err(stale(target));
      const nowMs = Date.now();
      const proposal = propose(target.state, mutation, { author, nowMs, development: isDevelopment(this.env) });
      if (!proposal.ok) return proposal;
      const next = await prepare(target, proposal.value);
      const { outcome } = proposal.value;
      if (next === undefined || dryRun)
        return ok(await this.#answer(target, { outcome, dryRun, changed: next !== undefined }));
      if (this.#commit(next, proposal.value, { parent: target.state.revision, kind: mutation.kind, author, nowMs })) {
        await this.#published();
        return ok(await this.#answer(next.stored, { outcome, dryRun, changed: true }));
      }
    }
    return err({ code: "commitContended", detail: "Other changes kept coming first. Try again." });
  }

  #commit(next: Prepared, { outcome, reason, ticket }: Proposal, made: Made): boolean {
    const { stored, documentsText, overlaysText } = next;
    const { state, digest, documentsDigest, overlaysDigest } = stored;
    const { parent, kind, author, nowMs: createdAtMs } = made;
    const record: RevisionRecord = {
      ...{ revision: state.revision, parent, digest, documentsDigest, overlaysDigest, kind, author, createdAtMs },
      ...(reason === undefined ? {} : { reason }),
      ...(ticket === undefined ? {} : { ticket }),
    };
    const carriers = carriersOf(state);
    if (!commit(this.ctx.storage, { record, documentsText, overlaysText, outcome, carriers })) return false;
    this.#target = stored;
    logEvent("revision.committed", { revision: state.revision, kind, author });
    return true;
  }

  /** Publication is tried at once; when it fails, or the object dies meanwhile, the alarm goes on with it. */
  async #published(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + RESCUE_MS);
      await this.#publisher.publish();
      await this.#arm();
    } catch (error) {
      // The commit stands whatever happens here, so its author must not be told that it failed.
      logEvent("fleet.publishFailed", { error: errorText(error) });
    }
  }

  async #arm(): Promise<void> {
    const { state } = await this.#load();
    if (state.revision === 0) return this.ctx.storage.deleteAlarm();
    const nowMs = Date.now();
    const times = [nextExpiryMs(state.overlays), await this.#publisher.nextAttemptMs(state)];
    const next = Math.min(nowMs + REVIEW_MS, ...times.filter((time) => time !== undefined));
    await this.ctx.storage.setAlarm(Math.max(next, nowMs)); // What was never tried is due at 0.
  }

  async #answer(
    { state, digest }: StoredState,
    rest: Pick<MutationAnswer, "outcome" | "dryRun" | "changed">,
  ): Promise<MutationAnswer> {
    return { revision: state.revision, digest, ...rest, publication: await this.#publisher.publication(state) };
  }

  async #load(): Promise<StoredState> {
    if (this.#target !== undefined) return this.#target;
    const loaded = await loadTarget(this.ctx.storage.sql, this.#options());
    // A commit may have come first while the empty state was digested; it knows better.
    this.#target ??= loaded;
    return this.#target;
  }

  #options(): ReadOptions {
    return { environment: this.env.ENVIRONMENT, development: isDevelopment(this.env) };
  }
}

type Made = Pick<RevisionRecord, "parent" | "kind" | "author"> & { readonly nowMs: number };

type Prepared = {
  readonly stored: StoredState;
  /** Undefined when the documents are those of the parent. */
  readonly documentsText: string | undefined;
  readonly overlaysText: string;
};

/** The next revision with its digests, or undefined when it would be the same as the target. */
async function prepare(target: StoredState, { documents, fleet, overlays }: Proposal): Promise<Prepared | undefined> {
  // Most changes keep the very same list of documents, and digesting a large fleet again would dominate their cost.
  const documentsText = documents === target.state.documents ? undefined : canonicalJson(documents);
  const overlaysText = canonicalJson(overlays);
  const documentsDigest = documentsText === undefined ? target.documentsDigest : await sha256Hex(documentsText);
  const overlaysDigest = await sha256Hex(overlaysText);
  if (documentsDigest === target.documentsDigest && overlaysDigest === target.overlaysDigest) return undefined;

  const state = { ...target.state, revision: target.state.revision + 1, documents, fleet, overlays };
  const digest = await stateDigest(state, documentsDigest, overlaysDigest);
  return { stored: { state, digest, documentsDigest, overlaysDigest }, documentsText, overlaysText };
}

function stale({ state, digest }: StoredState): AdminRefusal {
  return {
    code: "preconditionFailed",
    detail: `The fleet is at revision ${state.revision} now, which none of the tags in If-Match names.`,
    etag: `"${digest}"`,
  };
}
