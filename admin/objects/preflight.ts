/** Gathers what preflight looks at: the state in force, what the world is like just now, and what is proposed. */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import type { Result } from "../../config/result.ts";
import type { PreflightReport } from "../core/preflight/finding.ts";
import { preflightDocuments } from "../core/preflight/proposed.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Target } from "./target.ts";

export type PreflightRequest = {
  /** In the place of all documents; those in force when absent. */
  readonly documents?: readonly unknown[];
  /** Each narrows; both together are the clusters named, as far as they are of those services. */
  readonly services?: readonly string[];
  readonly clusters?: readonly string[];
};

export type PreflightContext = {
  readonly target: Target;
  readonly reckoning: Reckoning;
  readonly development: boolean;
};

export async function runPreflight(
  { documents, ...scope }: PreflightRequest,
  { target, reckoning, development }: PreflightContext,
): Promise<Result<PreflightReport, AdminRefusal>> {
  const world = await reckoning.world();
  return preflightDocuments({
    ...{ state: target.state, scope, world, compiler: reckoning, development },
    ...(documents === undefined ? {} : { documents }),
  });
}
