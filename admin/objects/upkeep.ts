/** Forgets what has been kept long enough, a little at a time, so that no turn of the alarm takes long. */
import { expireApprovals } from "../store/approvals.ts";
import { forgetChanges } from "../store/control-history.ts";
import { forgetAnswers, IDEMPOTENCY_KEPT_MS } from "../store/idempotency.ts";
import { loadPublishing } from "../store/publishing.ts";
import { pruneStates } from "../store/retention.ts";
import { targetRevision } from "../store/revisions.ts";

/** The longest that a safety rule looks back. */
export const HISTORY_KEPT_MS = 3_600_000;

/** States pruned in one turn: each costs a few statements. */
const STATES_MAX = 200;

/** Whether there is more to do. */
export function tidyUp(storage: DurableObjectStorage, nowMs: number): boolean {
  return storage.transactionSync(() => {
    const { sql } = storage;
    forgetAnswers(sql, nowMs - IDEMPOTENCY_KEPT_MS);
    forgetChanges(sql, nowMs - HISTORY_KEPT_MS);
    expireApprovals(sql, nowMs);
    const target = targetRevision(sql);
    if (target === undefined) return false;
    const pinned = [loadPublishing(sql).releasedRevision];
    return pruneStates(sql, { nowMs, targetRevision: target.revision, pinned }, STATES_MAX).more;
  });
}
