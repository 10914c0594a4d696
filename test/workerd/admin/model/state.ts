/**
 * The state of the modelled control plane and what each change makes of it. The fleet it stands for is fixed but for the
 * weights and a capacity: four clusters in three regions, one route with one rule.
 */
import { unreachable } from "../../../../config/invariant.ts";

export const HOUR_MS = 3_600_000;

export const REGIONS = ["ap-south", "eu-west", "us-east"] as const;
export type Region = (typeof REGIONS)[number];

export const CLUSTERS: Readonly<Record<string, Region>> = {
  "ap-south-blue": "ap-south",
  "eu-west-blue": "eu-west",
  "eu-west-green": "eu-west",
  "us-east-blue": "us-east",
};

export type Target = { readonly kind: "region" | "cluster"; readonly name: string };

export type Weights = Readonly<Record<Region, number>>;

/** What varies of the documents. Without `declared` weights there is no such rule. */
export type Documents = { readonly capacity: number; readonly declared?: Weights };

export type Overlay = { readonly reason: string; readonly atMs: number } & (
  | { readonly kind: "weightShift"; readonly weights: Weights }
  | { readonly kind: "drain"; readonly endsAtMs: number }
  | { readonly kind: "return" }
);

/** By the key under which the API names it. */
export type Overlays = Readonly<Record<string, Overlay>>;

/** Without documents nothing has been written yet. */
export type State = { readonly documents?: Documents; readonly overlays: Overlays };

export type Change =
  | { readonly kind: "apply"; readonly documents: Documents; readonly clear: readonly string[] }
  | { readonly kind: "shiftWeights"; readonly weights: Partial<Weights> }
  | { readonly kind: "drain"; readonly target: Target; readonly lastsMs: number }
  | { readonly kind: "undrain"; readonly target: Target }
  | { readonly kind: "restore"; readonly revision: number; readonly overlays: "keep" | "restore" };

export type Refusal = { readonly status: number; readonly code: string };

type Context = {
  readonly nowMs: number;
  readonly reason: string;
  readonly past: (revision: number) => State | undefined;
};

export const SHIFT_KEY = "weightShift/web/europe";

/** A region that comes back is ramped for this long at most; what says that it came back is dropped after that. */
const RETURN_KEPT_MS = HOUR_MS;

export function nextState(state: State, change: Change, context: Context): State | Refusal {
  switch (change.kind) {
    case "apply": {
      if (change.clear.some((key) => !(key in state.overlays))) return { status: 422, code: "clearInvalid" };
      return { documents: change.documents, overlays: ruled(without(state.overlays, change.clear), change.documents) };
    }
    case "shiftWeights":
      return shifted(state, change.weights, context);
    case "drain": {
      if (state.documents === undefined) return unknown(change.target);
      const drain = {
        kind: "drain",
        endsAtMs: context.nowMs + change.lastsMs,
        reason: context.reason,
        atMs: context.nowMs,
      } as const;
      const others = without(recent(state.overlays, context.nowMs), [keyOf(change.target, "Return")]);
      return { ...state, overlays: { ...others, [keyOf(change.target, "Drain")]: drain } };
    }
    case "undrain": {
      if (state.documents === undefined) return unknown(change.target);
      const key = keyOf(change.target, "Drain");
      return key in state.overlays ? { ...state, overlays: withReturns(state.overlays, [key], context) } : state;
    }
    case "restore": {
      const past = context.past(change.revision);
      if (past === undefined) return { status: 404, code: "revisionUnknown" };
      const wanted = change.overlays === "keep" ? state.overlays : past.overlays;
      const live = without(wanted, overdue(wanted, context.nowMs));
      return { ...past, overlays: ruled(live, past.documents) };
    }
    default:
      return unreachable(change);
  }
}

/** The keys of what has run out. */
export function overdue(overlays: Overlays, nowMs: number): readonly string[] {
  return Object.keys(overlays).filter((key) => {
    const overlay = overlays[key];
    return overlay?.kind === "drain" && overlay.endsAtMs <= nowMs;
  });
}

/** With drains that have ended turned into returns. */
export function withReturns(
  overlays: Overlays,
  ended: readonly string[],
  { nowMs, reason }: Pick<Context, "nowMs" | "reason">,
): Overlays {
  const returns = ended.map(
    (key) => [key.replace("Drain/", "Return/"), { kind: "return", reason, atMs: nowMs }] as const,
  );
  return { ...without(recent(overlays, nowMs), ended), ...Object.fromEntries(returns) };
}

/** A region takes new clients while it is not drained and one of its clusters is not either. */
export function acceptingRegions({ documents, overlays }: State): readonly Region[] {
  if (documents === undefined) return [];
  return REGIONS.filter(
    (region) =>
      !(`regionDrain/${region}` in overlays) &&
      Object.entries(CLUSTERS).some(([name, place]) => place === region && !(`clusterDrain/${name}` in overlays)),
  );
}

export function sameState(a: State, b: State): boolean {
  const text = ({ documents, overlays }: State) => JSON.stringify([documents, Object.entries(overlays).toSorted()]);
  return text(a) === text(b);
}

function shifted(state: State, weights: Partial<Weights>, { nowMs, reason }: Context): State | Refusal {
  const declared = state.documents?.declared;
  if (declared === undefined) return { status: 422, code: "weightsInvalid" };
  const live = Object.values(state.overlays).find(({ kind }) => kind === "weightShift");
  const before = live?.kind === "weightShift" ? live.weights : declared;
  const after = { ...before, ...weights };
  if (REGIONS.every((region) => after[region] === 0)) return { status: 422, code: "weightsInvalid" };
  if (sameWeights(after, declared)) return { ...state, overlays: without(state.overlays, [SHIFT_KEY]) };
  if (sameWeights(after, before)) return state;
  const shift = { kind: "weightShift", weights: after, reason, atMs: nowMs } as const;
  return { ...state, overlays: { ...state.overlays, [SHIFT_KEY]: shift } };
}

function sameWeights(a: Weights, b: Weights): boolean {
  return REGIONS.every((region) => a[region] === b[region]);
}

/** A shift of a rule that the documents do not have ends. */
function ruled(overlays: Overlays, documents: Documents | undefined): Overlays {
  return documents?.declared === undefined ? without(overlays, [SHIFT_KEY]) : overlays;
}

function recent(overlays: Overlays, nowMs: number): Overlays {
  const entries = Object.entries(overlays);
  return Object.fromEntries(
    entries.filter(([, { kind, atMs }]) => kind !== "return" || nowMs - atMs <= RETURN_KEPT_MS),
  );
}

function without(overlays: Overlays, keys: readonly string[]): Overlays {
  return Object.fromEntries(Object.entries(overlays).filter(([key]) => !keys.includes(key)));
}

function keyOf({ kind, name }: Target, what: "Drain" | "Return"): string {
  return `${kind}${what}/${name}`;
}

function unknown({ kind }: Target): Refusal {
  return { status: 404, code: `${kind}Unknown` };
}
