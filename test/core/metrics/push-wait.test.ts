import { expect, test } from "vitest";
import { pushWaitMs } from "../../../admin/core/metrics/push-wait.ts";

const MINUTE_MS = 60_000;

test.each([
  // interval        failures  asked for          waits
  [MINUTE_MS, 0, undefined, MINUTE_MS],
  [MINUTE_MS, 1, undefined, MINUTE_MS],
  [MINUTE_MS, 2, undefined, 2 * MINUTE_MS],
  [MINUTE_MS, 4, undefined, 8 * MINUTE_MS],
  [MINUTE_MS, 5, undefined, 10 * MINUTE_MS],
  [MINUTE_MS, 5_000, undefined, 10 * MINUTE_MS],
  [MINUTE_MS, 1, 5_000, MINUTE_MS], // never sooner than usual
  [MINUTE_MS, 1, 3 * MINUTE_MS, 3 * MINUTE_MS],
  [MINUTE_MS, 1, 24 * 60 * MINUTE_MS, 10 * MINUTE_MS], // nor a day later
  [10 * MINUTE_MS, 3, undefined, 10 * MINUTE_MS],
])("every %i ms, after %i failures and asked for %s: in %i ms", (intervalMs, failures, retryAfterMs, waitMs) => {
  const wish = retryAfterMs === undefined ? {} : { retryAfterMs };
  expect(pushWaitMs({ intervalMs, failures, ...wish })).toBe(waitMs);
});
