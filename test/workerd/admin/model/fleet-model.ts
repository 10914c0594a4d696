/**
 * What the control plane should be, so small that it can be seen to be right: a list of revisions, a list of audit leaves,
 * and the answers that are kept for keys. It shares no code with the real one and knows nothing of crashes: what is asked
 * for happens, all of it, or it does not.
 */
import { unreachable } from "../../../../config/invariant.ts";
import {
  acceptingRegions,
  type Change,
  HOUR_MS,
  nextState,
  overdue,
  type State,
  sameState,
  withReturns,
} from "./state.ts";

export type ModelRequest = {
  readonly change: Change;
  readonly reason: string;
  /** The revision whose ETag is sent along; `any` stands for `*`. Absent: no precondition. */
  readonly basedOn?: number | "any";
  readonly key?: string;
  readonly dryRun: boolean;
};

/** What is compared of an answer. */
export type ModelAnswer =
  | {
      readonly status: 200;
      readonly revision: number;
      readonly changed: boolean;
      readonly dryRun: boolean;
      /** The index of its audit leaf. */
      readonly leaf: number;
    }
  | { readonly status: number; readonly code: string };

export type ModelRevision = {
  readonly state: State;
  readonly kind: string;
  readonly author: string;
  readonly reason: string;
};

export type ModelLeaf = { readonly action: string; readonly outcome: string; readonly problem?: string };

type Kept = { readonly asked: string; readonly answer: ModelAnswer; readonly atMs: number };

const ANSWER_KEPT_MS = 24 * HOUR_MS;

export class FleetModel {
  /** The first is revision 1. */
  readonly revisions: ModelRevision[] = [];
  readonly leaves: ModelLeaf[] = [];
  readonly #kept = new Map<string, Kept>();
  nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  get revision(): number {
    return this.revisions.length;
  }

  get state(): State {
    return this.revisions.at(-1)?.state ?? { overlays: {} };
  }

  request(request: ModelRequest): ModelAnswer {
    const { key, dryRun } = request;
    const kept = dryRun ? undefined : this.#answerFor(key);
    if (kept === undefined) return this.#first(request);
    if (kept.asked !== askedOf(request)) return this.#refuse(request, { status: 422, code: "idempotencyMismatch" });
    return this.#enter(request, "replayed", kept.answer);
  }

  /** What the alarm does, and whether there was anything to do. */
  expire(): boolean {
    const { state, nowMs } = this;
    const over = overdue(state.overlays, nowMs);
    if (over.length === 0) return false;
    const reason = "drain expired";
    const overlays = withReturns(state.overlays, over, { nowMs, reason });
    this.revisions.push({ state: { ...state, overlays }, kind: "expire", author: "fairlead", reason });
    this.leaves.push({ action: "fairlead.expire", outcome: "committed" });
    return true;
  }

  #first(request: ModelRequest): ModelAnswer {
    const { change, basedOn, key, reason, dryRun } = request;
    if (basedOn === undefined) return this.#refuse(request, { status: 428, code: "preconditionRequired" });
    if (basedOn !== "any" && basedOn !== this.revision)
      return this.#refuse(request, { status: 412, code: "preconditionFailed" });

    const past = (revision: number) => this.revisions[revision - 1]?.state;
    const next = nextState(this.state, change, { nowMs: this.nowMs, reason, past });
    if ("code" in next) return this.#refuse(request, next);
    const changed = !sameState(this.state, next);
    const leaf = this.leaves.length;
    if (dryRun) return this.#enter(request, "planned", { status: 200, revision: this.revision, changed, dryRun, leaf });
    if (changed && acceptingRegions(next).length === 0)
      return this.#refuse(request, { status: 409, code: "ruleDenied" });

    if (changed) this.revisions.push({ state: next, kind: change.kind, author: "token", reason });
    const answer = { status: 200, revision: this.revision, changed, dryRun, leaf } as const;
    if (key !== undefined) this.#kept.set(key, { asked: askedOf(request), answer, atMs: this.nowMs });
    return this.#enter(request, changed ? "committed" : "unchanged", answer);
  }

  #answerFor(key: string | undefined): Kept | undefined {
    const kept = key === undefined ? undefined : this.#kept.get(key);
    return kept !== undefined && this.nowMs - kept.atMs < ANSWER_KEPT_MS ? kept : undefined;
  }

  #enter({ change }: ModelRequest, outcome: string, answer: ModelAnswer): ModelAnswer {
    this.leaves.push({ action: actionOf(change), outcome });
    return answer;
  }

  #refuse({ change }: ModelRequest, refusal: Extract<ModelAnswer, { readonly code: string }>): ModelAnswer {
    this.leaves.push({ action: actionOf(change), outcome: "refused", problem: refusal.code });
    return refusal;
  }
}

/** A retry may be based on a newer state, and is the same request all the same. */
function askedOf({ change, reason }: ModelRequest): string {
  return JSON.stringify([change, reason]);
}

function actionOf(change: Change): string {
  switch (change.kind) {
    case "apply":
      return "fleet.apply";
    case "shiftWeights":
      return "weights.shift";
    case "drain":
    case "undrain":
      return `${change.target.kind}.${change.kind}`;
    case "restore":
      return "revision.restore";
    default:
      return unreachable(change);
  }
}
