/** What may be repeated, and how much of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  evidenceOf,
  type Failure,
  failureOfAnswer,
  mayHaveBeenSent,
  problemOfFailure,
} from "../../../worker/failure.ts";
import { mayRetry } from "../../../worker/may-retry.ts";
import { RETRIES_MIN, RetryBudget } from "../../../worker/retry-budget.ts";

const REFUSED: Failure = { kind: "platform", status: 521 };
const LOST: Failure = { kind: "lost" };
const TIMEOUT: Failure = { kind: "timeout" };
const PLATFORM: Failure = { kind: "platform", status: 522 };
const SWITCH: Failure = { kind: "unaskedSwitch" };

describe("mayRetry", () => {
  test.each([
    // method  body   failure   may
    ["GET", false, REFUSED, true],
    ["GET", false, LOST, true],
    ["GET", false, TIMEOUT, true],
    ["GET", false, PLATFORM, true],
    ["GET", false, SWITCH, true],
    ["HEAD", false, LOST, true],
    ["OPTIONS", false, LOST, true],
    ["GET", true, LOST, false],
    ["GET", true, REFUSED, false],
    ["POST", false, REFUSED, true],
    ["POST", false, LOST, false],
    ["POST", false, TIMEOUT, false],
    ["POST", false, PLATFORM, false],
    ["POST", true, REFUSED, false],
    ["PUT", false, LOST, false],
    ["DELETE", false, LOST, false],
    ["DELETE", false, REFUSED, true],
  ])("%s with a body %j after %j: %j", (method, hasBody, failure, expected) => {
    expect(mayRetry({ method, hasBody, failure })).toBe(expected);
  });
});

describe("failures", () => {
  test.each([
    [200, undefined],
    [404, undefined],
    [500, undefined],
    [501, undefined],
    [502, "upstreamInvalid"],
    [503, "upstreamInvalid"],
    [504, "upstreamInvalid"],
    [527, undefined],
    [520, "upstreamInvalid"],
    [521, "upstreamRefused"],
    [522, "upstreamTimeout"],
    [523, "upstreamRefused"],
    [524, "upstreamTimeout"],
    [525, "upstreamLost"],
    [526, "upstreamLost"],
    [530, "upstreamLost"],
  ])("an answer %i is the problem %s", (status, code) => {
    const failure = failureOfAnswer({ response: new Response(null, { status }), status }, false);
    expect(failure && problemOfFailure(failure)).toBe(code);
  });

  test("only where no connection came about is it certain that nothing was sent", () => {
    const statuses = [520, 521, 522, 523, 524, 525, 526, 530];
    const unsent = statuses.filter((status) => !mayHaveBeenSent({ kind: "platform", status }));
    expect(unsent).toEqual([521, 523, 525, 526, 530]);
    for (const failure of [LOST, TIMEOUT, SWITCH]) expect(mayHaveBeenSent(failure)).toBe(true);
  });
});

describe("RetryBudget", () => {
  const NOW = 1_700_000_000_000;

  function granted(requests: number, asks: number, nowMs = NOW): number {
    const budget = new RetryBudget();
    for (let i = 0; i < requests; i++) budget.noteRequest(nowMs);
    return Array.from({ length: asks }, () => budget.tryRetry(nowMs)).filter(Boolean).length;
  }

  test.each([
    // requests  asks   granted
    [0, 10, 3],
    [1, 10, 3],
    [15, 10, 3],
    [19, 10, 3],
    [20, 10, 4],
    [100, 100, 20],
    [1_000, 1_000, 200],
  ])("of %i requests and %i retries wanted, %i are granted", (requests, asks, expected) => {
    expect(granted(requests, asks)).toBe(expected);
  });

  test("the window forgets after ten seconds, and not before", () => {
    const budget = new RetryBudget();
    for (let i = 0; i < RETRIES_MIN; i++) expect(budget.tryRetry(NOW)).toBe(true);
    expect(budget.tryRetry(NOW + 9_000)).toBe(false);
    expect(budget.tryRetry(NOW + 10_000)).toBe(true);
  });

  test("a clock that jumps neither throws nor opens the budget", () => {
    const budget = new RetryBudget();
    for (let i = 0; i < RETRIES_MIN; i++) budget.tryRetry(NOW);
    expect(budget.tryRetry(NOW - 3_600_000)).toBe(false);
    expect(budget.tryRetry(NOW + 3_600_000)).toBe(true);
  });

  test("a total outage is never made more than 1.2 times as heavy, but for the few that are always allowed", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 300 }), (gapsMs) => {
        const budget = new RetryBudget();
        let nowMs = NOW;
        const events = gapsMs.map((gapMs) => {
          nowMs += gapMs;
          budget.noteRequest(nowMs);
          return { second: Math.floor(nowMs / 1_000), retried: budget.tryRetry(nowMs) };
        });
        for (const { second } of events) {
          const window = events.filter((event) => event.second <= second && event.second > second - 10);
          const retries = window.filter((event) => event.retried).length;
          // The allowance shrinks when requests leave the window while the retries they paid for are still in it.
          const before = events.filter((event) => event.second <= second && event.second > second - 20);
          expect(retries).toBeLessThanOrEqual(Math.max(RETRIES_MIN, Math.floor(before.length * 0.2)));
        }
      }),
    );
  });
});

describe("evidence", () => {
  const answer = (status: number, headers: Record<string, string> = {}) => ({
    response: new Response(null, { status, headers }),
    status,
  });

  test("a 503 that says when to come back is an answer, not a reason to try elsewhere", () => {
    expect(failureOfAnswer(answer(503), false)).toEqual({ kind: "unavailable", status: 503 });
    expect(failureOfAnswer(answer(503, { "retry-after": "5" }), false)).toBeUndefined();
  });

  test.each([
    // answer, failure, body: what it says of the cluster
    [200, undefined, false, true],
    [404, undefined, true, true],
    [500, undefined, true, false],
    [undefined, { kind: "lost" }, false, false],
    [undefined, { kind: "timeout" }, false, false],
    // A client that breaks off its own upload looks like this, and must not get a healthy cluster ejected.
    [undefined, { kind: "lost" }, true, undefined],
    [undefined, { kind: "timeout" }, true, undefined],
    [520, { kind: "platform", status: 520 }, true, undefined],
    [521, { kind: "platform", status: 521 }, true, false],
    [503, { kind: "unavailable", status: 503 }, true, false],
    [undefined, { kind: "unaskedSwitch" }, false, false],
  ] as const)("answer %s, failure %j, body %s: %s", (status, failure, hasBody, expected) => {
    expect(evidenceOf(status, failure, hasBody)).toBe(expected);
  });
});
