/**
 * Tells dashboards of changes, behind them: works from how far it has got, which is in storage, so a crash, a restart or a
 * Grafana that is gone only delays. What was told just before a crash is told once more. A commit never waits for it.
 */
import { backoffMs } from "../../config/backoff.ts";
import { annotationOf } from "../core/annotations/annotation.ts";
import {
  type AnnotationSetting,
  isFinalRefusal,
  readAnnotationSetting,
} from "../core/annotations/annotation-setting.ts";
import { placesOf, scopeOfOutcome } from "../core/history/scope.ts";
import { type AdminEnv, isDevelopment } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import {
  type AnnotationProgress,
  loadAnnotationProgress,
  revisionsOfKinds,
  saveAnnotationProgress,
} from "../store/annotations.ts";
import { loadCommitted } from "../store/committed.ts";
import { targetRevision } from "../store/revisions.ts";
import type { Target } from "./target.ts";

/** Of one turn: what is more waits for the next, so that none takes long. */
const TOLD_MAX = 20;
const DELIVERY_MS_MAX = 5_000;
/** When a turn that is under way is asked for again, should the object die in it. */
const RESCUE_MS = 10_000;

export type AnnotatorDeps = { readonly env: AdminEnv; readonly sql: SqlStorage; readonly target: Target };

export class Annotator {
  readonly #deps: AnnotatorDeps;
  #running: Promise<void> | undefined;
  /** Said once. */
  #misread: string | undefined;

  constructor(deps: AnnotatorDeps) {
    this.#deps = deps;
    if (this.#setting() !== undefined && loadAnnotationProgress(deps.sql) === undefined) this.skip();
  }

  /** What is committed by now is not told any more: it was before there was a dashboard, or elsewhere. */
  skip(): void {
    this.#reach(targetRevision(this.#deps.sql)?.revision ?? 0);
  }

  /** When it has something to do; undefined when all is told, or nobody wants to know. */
  nextMs(nowMs: number): number | undefined {
    if (this.#setting() === undefined) return undefined;
    const { revision, retryAtMs } = this.#progress();
    if (revision >= this.#deps.target.state.revision) return undefined;
    return Math.max(retryAtMs, this.#running === undefined ? nowMs : nowMs + RESCUE_MS);
  }

  /** Tells what is due. Never rejects; turns do not overlap. */
  run(): Promise<void> {
    const dueMs = this.nextMs(Date.now());
    if (this.#running === undefined && (dueMs === undefined || dueMs > Date.now())) return Promise.resolve();
    this.#running ??= this.#turn()
      .catch((error) => logEvent("annotations.failed", { error: errorText(error) }))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #turn(): Promise<void> {
    const setting = this.#setting();
    if (setting === undefined) return;
    const { sql, target } = this.#deps;
    const newest = target.state.revision;
    const progress = this.#progress();
    const due = revisionsOfKinds(sql, setting.kinds, progress.revision, TOLD_MAX);
    for (const revision of due) if (!(await this.#tell(revision, setting))) return;
    if (due.length < TOLD_MAX && this.#progress().revision < newest) this.#reach(newest);
  }

  /** Whether the next may follow. */
  async #tell(revision: number, setting: AnnotationSetting): Promise<boolean> {
    const { failures } = this.#progress();
    try {
      const status = await this.#post(revision, setting);
      if (status >= 300 && !isFinalRefusal(status)) throw new Error(`the dashboard answered ${status}`);
      if (status >= 300) logEvent("annotation.refused", { revision, status });
      this.#reach(revision);
      return true;
    } catch (error) {
      logEvent("annotation.notTold", { revision, failures: failures + 1, error: errorText(error) });
      const retryAtMs = Date.now() + backoffMs(failures + 1);
      saveAnnotationProgress(this.#deps.sql, { ...this.#progress(), failures: failures + 1, retryAtMs });
      return false;
    }
  }

  async #post(revision: number, { url, token }: AnnotationSetting): Promise<number> {
    const { env, sql, target } = this.#deps;
    const { record: committed, outcome } = loadCommitted(sql, revision);
    const scope = scopeOfOutcome(outcome, placesOf(target.state.fleet));
    const annotation = annotationOf({ committed, outcome, scope, environment: env.ENVIRONMENT });
    const init: RequestInit = {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(annotation),
      signal: AbortSignal.timeout(DELIVERY_MS_MAX),
      redirect: "manual",
    };
    const response = await (env.EGRESS === undefined ? fetch(url, init) : env.EGRESS.fetch(url, init));
    await response.body?.cancel();
    return response.status;
  }

  #progress(): AnnotationProgress {
    return loadAnnotationProgress(this.#deps.sql) ?? { revision: 0, failures: 0, retryAtMs: 0 };
  }

  #reach(revision: number): void {
    saveAnnotationProgress(this.#deps.sql, { revision, failures: 0, retryAtMs: 0 });
  }

  #setting(): AnnotationSetting | undefined {
    const read = readAnnotationSetting(this.#deps.env, isDevelopment(this.#deps.env));
    if (read.ok) return read.value;
    if (this.#misread !== read.error) logEvent("annotations.misread", { error: read.error });
    this.#misread = read.error;
    return undefined;
  }
}
