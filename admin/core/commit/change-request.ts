/** What is asked of the commit path, and what it answers. The same for every change, whoever asks for it. */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import type { Principal } from "../authority/principal.ts";
import type { Mutation, Outcome, RequestedMutation } from "../changes/mutation.ts";
import type { Plan } from "../plan/plan.ts";
import type { Verdict } from "../safety/verdict.ts";

export type Asker = {
  readonly principal: Principal;
  /** As in `x-request-id`. */
  readonly requestId: string;
};

export type ChangeRequest = {
  readonly mutation: RequestedMutation;
  /** Digests of which one must be the state's; `*`: whatever the state is; absent: refused. */
  readonly ifMatch: readonly string[] | "*" | undefined;
  readonly idempotencyKey?: string;
  /** Of the plan that the caller has looked at. */
  readonly planDigest?: string;
  readonly dryRun: boolean;
};

/** What came of it, apart from how far it has been published. Kept under an idempotency key as it is. */
export type ChangeResult =
  | {
      readonly kind: "done";
      /** The target after the change. */
      readonly revision: number;
      readonly digest: string;
      /** Whether there was anything to change; with `dryRun`, whether there would be. */
      readonly changed: boolean;
      readonly dryRun: boolean;
      readonly outcome: Outcome;
      readonly verdicts: readonly Verdict[];
      /** The index of its leaf in the audit log. */
      readonly auditIndex: number;
      readonly plan?: Plan;
    }
  | { readonly kind: "pending"; readonly approvalId: string; readonly auditIndex: number };

/** What the control plane itself does, without anybody asking. */
export type OwnChange = Extract<Mutation, { readonly kind: "expire" | "withdraw" }>;

export type Refused = { readonly refusal: AdminRefusal; readonly verdicts?: readonly Verdict[] };
