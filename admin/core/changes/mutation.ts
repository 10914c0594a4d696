/**
 * Everything that can change routing, as one closed union, and what a change comes to. A proposal is only reasoning: who
 * may ask, the parent it must still fit on, and the writing are the fleet object's business.
 */
import type { Change } from "../../../config/diff.ts";
import type { Document, Fleet } from "../../../config/documents.ts";
import type { Finding } from "../../../config/findings.ts";
import type { DrainMode, Overlay } from "../../../config/overlays.ts";
import type { AcceptanceLoss } from "./acceptance.ts";
import type { WeightLine } from "./shares.ts";

export type DrainTarget = { readonly kind: "region" | "cluster"; readonly name: string };

type Why = { readonly reason: string; readonly ticket?: string };

export type Mutation =
  | {
      readonly kind: "apply";
      readonly documents: readonly unknown[];
      readonly reason?: string;
      readonly ticket?: string;
    }
  | ({
      readonly kind: "shiftWeights";
      readonly route: string;
      readonly rule: string;
      readonly weights: Readonly<Record<string, number>>;
    } & Why)
  | ({
      readonly kind: "drain";
      readonly target: DrainTarget;
      readonly mode: DrainMode;
      /** How long bound clients may stay; only with `graceful`. */
      readonly deadlineMs?: number;
      readonly expiresInMs?: number;
    } & Why)
  | ({ readonly kind: "undrain"; readonly target: DrainTarget } & Why)
  /** Asked for by the object's own alarm. */
  | { readonly kind: "expireDrains" };

export type MutationKind = Mutation["kind"];

/** Who asks, when, and how strictly documents are read. */
export type MutationContext = { readonly author: string; readonly nowMs: number; readonly development: boolean };

/** What the change does, in terms of the one who asked. */
export type Outcome =
  | {
      readonly kind: "apply";
      readonly changes: readonly Change[];
      readonly warnings: readonly Finding[];
      /** Keys of live overlays that stay on top of the new documents, and of those that point at nothing any more. */
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
      readonly warnings: readonly AcceptanceLoss[];
    }
  | { readonly kind: "undrain"; readonly target: DrainTarget }
  | { readonly kind: "expireDrains"; readonly ended: readonly string[] };

/** The state after the change. The same documents and overlays as before mean that there is nothing to commit. */
export type Proposal = {
  readonly documents: readonly Document[];
  readonly fleet: Fleet;
  readonly overlays: readonly Overlay[];
  readonly reason?: string;
  readonly ticket?: string;
  readonly outcome: Outcome;
};
