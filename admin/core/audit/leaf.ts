/**
 * One entry of the audit log: who asked for what, what came of it, and by which rules. Leaves are kept as canonical JSON
 * (RFC 8785) and never change. Each names the hash of the one before, so that a change is found where it was made and not
 * only at the next checkpoint. A person's name is not in it, only a salted hash, so that it can be forgotten.
 */
import type { RuleOutcome } from "../safety/verdict.ts";

export const LEAF_VERSION = 1;

export type LeafOutcome =
  /** A new revision. */
  | "committed"
  /** There was nothing to change. */
  | "unchanged"
  | "planned"
  /** Waits for a second person. */
  | "pending"
  | "refused"
  /** The same request once more, by its idempotency key. */
  | "replayed"
  /** Something done that makes no revision: a token issued, an incident closed. */
  | "done";

export type LeafState = { readonly revision: number; readonly digest: string };

export type AuditLeaf = {
  readonly version: typeof LEAF_VERSION;
  /** From 0, without gaps. */
  readonly index: number;
  /** SHA-256 leaf hash (RFC 9162 §2.1.1) of the leaf before, hex; of nothing for the first: 64 zeros. */
  readonly previous: string;
  readonly atMs: number;
  readonly environment: string;
  /** As in `x-request-id`; `alarm` for what the control plane does by itself. */
  readonly request: string;
  readonly actor: {
    /** `sha256:` and the salted hash of the name; `nobody` for a request without a valid token. */
    readonly subject: string;
    readonly kind: "person" | "machine" | "system" | "unauthenticated";
    readonly roles: readonly string[];
  };
  /** `weights.shift`, `region.drain`, `token.refused`, ... */
  readonly action: string;
  readonly outcome: LeafOutcome;
  /** What it was on: `region/eu-west`, `web/europe`, `fleet`. */
  readonly resource?: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly before?: LeafState;
  readonly after?: LeafState;
  readonly decisions?: readonly { readonly rule: string; readonly outcome: RuleOutcome }[];
  /** The code of the refusal. */
  readonly problem?: string;
  /** How many requests this leaf stands for; 1 when absent. Only refusals of tokens are ever summed up. */
  readonly requests?: number;
};

/** What the caller knows; the log itself adds version, index and previous. */
export type AuditEntry = Omit<AuditLeaf, "version" | "index" | "previous">;
