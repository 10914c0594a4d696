/**
 * Lets a new revision out: first to the edges of one vantage where the Policy says so, and to everybody when nothing went
 * wrong there. Asks the beacon of that vantage what its edges report and does what the judge says; a revision that did
 * harm is taken back by a new one, which nobody waits for.
 */
import type { Vantage } from "../../config/vantage.ts";
import type { FleetState } from "../core/changes/state.ts";
import type { World } from "../core/commit/consider.ts";
import { baselineOf, judgeCanary, observationOf, type Reported } from "../core/publish/canary.ts";
import { released } from "../core/publish/hold.ts";
import { wideState } from "../core/publish/wide-state.ts";
import { type AdminEnv, beaconStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { loadPublishing, savePublishing } from "../store/publishing.ts";
import type { BeaconPropagation } from "./beacon-object.ts";
import { withinMs } from "./deadline.ts";
import type { OwnChanges } from "./own-changes.ts";
import type { Wanted } from "./publisher.ts";
import type { Target } from "./target.ts";

/** While a revision is tried, its edges are asked this often. */
const ASK_MS = 1_000;
const ANSWER_MS_MAX = 1_000;

const NOTHING_REPORTED: Reported = { edges: [], rejections: [], figures: [] };

export type ProgressiveReleaseDeps = {
  readonly env: AdminEnv;
  readonly storage: DurableObjectStorage;
  readonly target: Target;
  readonly own: OwnChanges;
  readonly past: (revision: number) => FleetState | undefined;
};

export class ProgressiveRelease {
  readonly #deps: ProgressiveReleaseDeps;
  /** The same state for the same two revisions, so that what was made of it is not made again. */
  #wide: { readonly releasedRevision: number; readonly target: FleetState; readonly state: FleetState } | undefined;

  constructor(deps: ProgressiveReleaseDeps) {
    this.#deps = deps;
  }

  /** What each carrier should have now. */
  wanted(): Wanted {
    const { storage, target } = this.#deps;
    const { hold, releasedRevision } = loadPublishing(storage.sql);
    if (hold === undefined) return { wide: target.state };
    return {
      wide: this.#wideState(releasedRevision, target.state),
      canary: { hold, state: target.state },
    };
  }

  /** What everybody else would be served instead of `state`; undefined when nothing is tried, so that it is the same. */
  wideOf(state: FleetState): FleetState | undefined {
    const { hold, releasedRevision } = loadPublishing(this.#deps.storage.sql);
    const before = hold === undefined ? undefined : this.#deps.past(releasedRevision);
    return before === undefined ? undefined : wideState(before, state);
  }

  /** When the judge has to be asked again, or undefined when nothing is tried. */
  nextMs(nowMs: number): number | undefined {
    const { hold } = loadPublishing(this.#deps.storage.sql);
    return hold === undefined ? undefined : Math.min(Math.max(hold.untilMs, nowMs), nowMs + ASK_MS);
  }

  async step(world: World): Promise<void> {
    const { storage, target } = this.#deps;
    const { hold, releasedRevision } = loadPublishing(storage.sql);
    if (hold === undefined) return;
    const { revision } = target.state;
    const figures = await this.#ask(hold.vantage);
    // Another change may have come while the beacon was asked; then this answer is about something else.
    if (target.state.revision !== revision) return;
    const nowMs = Math.max(world.nowMs, Date.now());
    const reported = figures ?? NOTHING_REPORTED;
    const verdict = judgeCanary({
      revision,
      baseline: baselineOf(reported, releasedRevision),
      observed: observationOf(reported, revision, hold.sinceRevision),
      startedAtMs: hold.sinceMs,
      holdMs: hold.untilMs - hold.sinceMs,
      nowMs,
    });
    switch (verdict.kind) {
      case "hold":
        return;
      case "release":
        savePublishing(storage.sql, released(revision));
        logEvent("revision.released", { revision });
        return;
      case "withdraw":
        logEvent("revision.withdrawn", { revision, because: verdict.because.code });
        // Whoever has made the target what everybody is served has taken it back already.
        if (!this.#deps.own.withdraw(releasedRevision, verdict.sentence, world))
          savePublishing(storage.sql, released(revision));
        return;
    }
  }

  /** Undefined when the beacon does not answer: then nothing is known of its edges. */
  async #ask(vantage: Vantage): Promise<BeaconPropagation | undefined> {
    try {
      return await withinMs(ANSWER_MS_MAX, vantage, beaconStub(this.#deps.env, vantage).readPropagation());
    } catch (error) {
      logEvent("canary.notAsked", { vantage, error: errorText(error) });
      return undefined;
    }
  }

  #wideState(releasedRevision: number, target: FleetState): FleetState {
    if (this.#wide?.releasedRevision === releasedRevision && this.#wide.target === target) return this.#wide.state;
    const before = this.#deps.past(releasedRevision);
    // Without the revision that everybody has there is nothing to go on with but the target.
    const state = before === undefined ? target : wideState(before, target);
    this.#wide = { releasedRevision, target, state };
    return state;
  }
}
