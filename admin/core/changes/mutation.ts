/**
 * Everything that can change routing or the rules of changing it, as one closed union, and what a change comes to. A
 * proposal is only reasoning: who may ask, the rules, the parent it must still fit on, and the writing are others'.
 */
import type { Change } from "../../../config/diff.ts";
import type { Document, Fleet } from "../../../config/documents.ts";
import type { Finding } from "../../../config/findings.ts";
import type { FlagState } from "../../../config/flag.ts";
import type { DrainMode, Overlay, RotationStage } from "../../../config/overlays.ts";
import type { Action } from "../../../config/policy.ts";
import type { WeightLine } from "./shares.ts";

export type DrainTarget = { readonly kind: "region" | "cluster"; readonly name: string };

type Why = { readonly reason: string; readonly ticket?: string };

/** Something that is managed by somebody else is only changed on purpose. */
type Owned = {
  /** On whose behalf; the principal's own kind when absent. */
  readonly managedBy?: string;
  /** Change it although somebody else manages it, and manage it from now on. */
  readonly takeOver?: boolean;
};

export type SingleMutation =
  | ({
      readonly kind: "apply";
      readonly documents: readonly unknown[];
      /** Keys of live overlays to end with this change; all others stay on top of the new documents. */
      readonly clear?: readonly string[];
      readonly reason?: string;
      readonly ticket?: string;
    } & Owned)
  | ({
      readonly kind: "shiftWeights";
      readonly route: string;
      readonly rule: string;
      readonly weights: Readonly<Record<string, number>>;
    } & Why &
      Owned)
  | ({
      readonly kind: "drain";
      readonly target: DrainTarget;
      readonly mode: DrainMode;
      /** How long bound clients may stay; only with `graceful`. */
      readonly deadlineMs?: number;
      readonly expiresInMs?: number;
    } & Why &
      Owned)
  | ({ readonly kind: "undrain"; readonly target: DrainTarget } & Why & Owned)
  | ({
      readonly kind: "switchFlag";
      readonly flag: string;
      /** Only there; everywhere when absent. */
      readonly region?: string;
      readonly state: FlagState;
      readonly expiresInMs?: number;
    } & Why &
      Owned)
  /** Back to what the flag's document declares. */
  | ({ readonly kind: "releaseFlag"; readonly flag: string; readonly region?: string } & Why & Owned)
  | ({
      readonly kind: "freeze";
      readonly name: string;
      readonly regions?: readonly string[];
      readonly routes?: readonly string[];
      readonly expiresInMs?: number;
    } & Why)
  | ({ readonly kind: "liftFreeze"; readonly name: string } & Why)
  | ({
      readonly kind: "override";
      readonly name: string;
      readonly rules: readonly string[];
      readonly expiresInMs?: number;
    } & Why)
  | ({ readonly kind: "liftOverride"; readonly name: string } & Why)
  /** Gives out a new version (`introduced`), or has clusters use it (`active`). */
  | ({
      readonly kind: "rotateSecret";
      readonly secret: string;
      readonly service?: string;
      /** The new one; that of the rotation under way when absent. */
      readonly version?: string;
      readonly stage: "introduced" | "active";
    } & Why &
      Owned)
  /** Says that a version is worth nothing any more: the old one when absent. */
  | ({
      readonly kind: "revokeSecret";
      readonly secret: string;
      readonly service?: string;
      readonly version?: string;
    } & Why &
      Owned)
  /** Says that somebody else may know a version: the one in use when absent. */
  | ({
      readonly kind: "compromiseSecret";
      readonly secret: string;
      readonly service?: string;
      readonly version?: string;
    } & Why)
  | ({
      readonly kind: "restore";
      readonly revision: number;
      /** Only these documents, as `Kind/name`; all of them when absent. */
      readonly only?: readonly string[];
      /** `keep`: live overlays stay as they are. `restore`: those of the revision that are still in force take their place. */
      readonly overlays: "keep" | "restore";
    } & Why);

/** What people and pipelines ask for. */
export type RequestedMutation =
  | SingleMutation
  /** All or nothing; rules look at the state after the last one. */
  | ({ readonly kind: "batch"; readonly mutations: readonly SingleMutation[] } & Why);

/** What the object's own alarm asks for. */
export type OwnMutation =
  /** Ends what has run out; `held` is what must not end yet, by overlay key, and why. */
  | { readonly kind: "expire"; readonly held: Readonly<Record<string, string>> }
  /** Back to what is served everywhere, because the revision after it did harm where it was tried. */
  | { readonly kind: "withdraw"; readonly revision: number; readonly because: string };

export type Mutation = RequestedMutation | OwnMutation;
export type MutationKind = Mutation["kind"];

/** Who asks, when, and how strictly documents are read. */
export type MutationContext = {
  readonly author: string;
  /** What `managedBy` of the request is when it does not say. */
  readonly manager: string;
  readonly nowMs: number;
  readonly development: boolean;
  /** A past state, for `restore` and `withdraw`; undefined when there is none or it is no longer kept. */
  readonly past: (revision: number) => PastState | undefined;
};

export type PastState = {
  readonly documents: readonly Document[];
  readonly fleet: Fleet;
  readonly overlays: readonly Overlay[];
};

/** What the change does, in terms of the one who asked. */
export type Outcome =
  | {
      readonly kind: "apply";
      readonly changes: readonly Change[];
      readonly warnings: readonly Finding[];
      /** Keys of live overlays that stay on top of the new documents, that were asked to end, and that point at nothing any more. */
      readonly overlaysKept: readonly string[];
      readonly overlaysCleared: readonly string[];
    }
  | {
      readonly kind: "shiftWeights";
      readonly route: string;
      readonly rule: string;
      readonly before: readonly WeightLine[];
      readonly after: readonly WeightLine[];
    }
  | {
      readonly kind: "drain";
      readonly target: DrainTarget;
      readonly mode: DrainMode;
      readonly deadlineMs?: number;
      readonly expiresAtMs: number;
    }
  | { readonly kind: "undrain"; readonly target: DrainTarget }
  | {
      readonly kind: "switchFlag";
      readonly flag: string;
      readonly region?: string;
      readonly state: FlagState;
      /** Steering rules that count, or no longer do, because of it: `route/rule`. */
      readonly rules: readonly string[];
      readonly expiresAtMs?: number;
    }
  | { readonly kind: "releaseFlag"; readonly flag: string; readonly region?: string }
  | { readonly kind: "freeze"; readonly name: string; readonly expiresAtMs: number }
  | { readonly kind: "liftFreeze"; readonly name: string }
  | {
      readonly kind: "override";
      readonly name: string;
      readonly rules: readonly string[];
      readonly expiresAtMs: number;
    }
  | { readonly kind: "liftOverride"; readonly name: string }
  /** The rotation as it is afterwards; `from` alone when it has been given up. */
  | ({ readonly kind: "rotateSecret" | "revokeSecret" | "compromiseSecret" } & RotationOutcome)
  | {
      readonly kind: "restore";
      readonly revision: number;
      readonly changes: readonly Change[];
      /** Overlays of that revision that had run out, or are on something that is gone. */
      readonly overlaysLeftOut: readonly string[];
    }
  | { readonly kind: "batch"; readonly outcomes: readonly Outcome[] }
  | { readonly kind: "expire"; readonly ended: readonly string[]; readonly held: Readonly<Record<string, string>> }
  | { readonly kind: "withdraw"; readonly revision: number; readonly because: string };

export type RotationOutcome = {
  readonly secret: string;
  readonly service?: string;
  readonly from: string;
  readonly to?: string;
  /** Absent: there is no rotation, all is as the documents declare it. */
  readonly stage?: RotationStage;
  readonly compromised?: true;
};

/** The state after the change. The same documents and overlays as before mean that there is nothing to commit. */
export type Proposal = {
  readonly documents: readonly Document[];
  readonly fleet: Fleet;
  readonly overlays: readonly Overlay[];
  readonly reason?: string;
  readonly ticket?: string;
  readonly outcome: Outcome;
};

/** The name under which rights, approvals and the audit log know what is asked for. */
export function actionOf(mutation: RequestedMutation): Action {
  switch (mutation.kind) {
    case "apply":
      return "fleet.apply";
    case "shiftWeights":
      return "weights.shift";
    case "drain":
      return `${mutation.target.kind}.drain`;
    case "undrain":
      return `${mutation.target.kind}.undrain`;
    case "switchFlag":
      return "flag.switch";
    case "releaseFlag":
      return "flag.release";
    case "freeze":
      return "freeze.set";
    case "liftFreeze":
      return "freeze.lift";
    case "override":
      return "override.set";
    case "liftOverride":
      return "override.lift";
    case "rotateSecret":
      return "secret.rotate";
    case "revokeSecret":
      return "secret.revoke";
    case "compromiseSecret":
      return "secret.compromised";
    case "restore":
      return "revision.restore";
    case "batch":
      return "batch.commit";
  }
}

/** Every action in a request, those of a batch beside the batch itself: each needs its right. */
export function actionsOf(mutation: RequestedMutation): readonly Action[] {
  const inner = mutation.kind === "batch" ? mutation.mutations.map(actionOf) : [];
  return [...new Set([actionOf(mutation), ...inner])];
}

/** What it is on, for the audit log. */
export function resourceOf(mutation: RequestedMutation): string {
  switch (mutation.kind) {
    case "apply":
      return "fleet";
    case "shiftWeights":
      return `weights/${mutation.route}/${mutation.rule}`;
    case "drain":
    case "undrain":
      return `${mutation.target.kind}/${mutation.target.name}`;
    case "switchFlag":
    case "releaseFlag":
      return `flag/${mutation.flag}${mutation.region === undefined ? "" : `/${mutation.region}`}`;
    case "freeze":
    case "liftFreeze":
      return `freeze/${mutation.name}`;
    case "override":
    case "liftOverride":
      return `override/${mutation.name}`;
    case "rotateSecret":
    case "revokeSecret":
    case "compromiseSecret":
      return `secret/${mutation.secret}${mutation.service === undefined ? "" : `/${mutation.service}`}`;
    case "restore":
      return `revision/${mutation.revision}`;
    case "batch":
      return mutation.mutations.map(resourceOf).join(" ");
  }
}
