/** When a revision that is tried at one vantage is held, released or withdrawn. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  baselineOf,
  type CanaryInput,
  type CanaryObservation,
  judgeCanary,
  observationOf,
  type Reported,
} from "../../../admin/core/publish/canary.ts";

const HOLD_MS = 120_000;

const QUIET: CanaryObservation = {
  ...{ isolates: 0, isolatesBehind: 0, requests: 0, invariants: 0, ownErrors: 0, rejections: [] },
};

type Given = {
  readonly observed?: Partial<CanaryObservation>;
  readonly baseline?: Partial<CanaryInput["baseline"]>;
  readonly elapsedMs?: number;
};

function judge({ observed = {}, baseline = {}, elapsedMs = 0 }: Given) {
  return judgeCanary({
    revision: 8,
    baseline: { requests: 1_000, invariants: 0, ownErrors: 0, ...baseline },
    observed: { ...QUIET, ...observed },
    ...{ startedAtMs: 1_000_000, holdMs: HOLD_MS, nowMs: 1_000_000 + elapsedMs },
  });
}

/** What becomes of it: `hold`, `release`, or why it is withdrawn. */
function outcome(given: Given): string {
  const verdict = judge(given);
  return verdict.kind === "withdraw" ? verdict.because.code : verdict.kind;
}

describe("time", () => {
  test.each([
    [0, { kind: "hold", remainingMs: HOLD_MS }],
    [HOLD_MS - 1, { kind: "hold", remainingMs: 1 }],
    [HOLD_MS, { kind: "release" }],
    [10 * HOLD_MS, { kind: "release" }],
    [-5_000, { kind: "hold", remainingMs: HOLD_MS }], // a clock that was set back
  ])("after %i ms of silence: %j", (elapsedMs, verdict) => {
    expect(judge({ elapsedMs })).toEqual(verdict);
  });

  test("does not help against what was reported", () => {
    const observed = { rejections: [{ revision: 8, code: "invalid" as const, isolates: 1 }] };
    expect(outcome({ observed, elapsedMs: 10 * HOLD_MS })).toBe("rejected");
  });
});

describe("rejections", () => {
  const own = { revision: 8, code: "signatureWrong", isolates: 2 } as const;
  const unnamed = { code: "malformed", isolates: 1 } as const;

  // biome-ignore format: a table reads in columns
  test.each([
    // rejections serving behind at first    in the end
    [[],          0,      5,     "hold",     "release"], // silence
    [[own],       0,      5,     "rejected", "rejected"],
    [[own],       7,      5,     "rejected", "rejected"], // one refusal is enough
    [[unnamed],   0,      5,     "hold",     "rejected"], // nobody got past whatever it is
    [[unnamed],   1,      5,     "hold",     "release"], // somebody has
    [[unnamed],   0,      0,     "hold",     "release"],
  ] as [CanaryObservation["rejections"], number, number, string, string][])(
    "%j with %i serving it and %i behind: %s, and %s",
    (rejections, isolates, isolatesBehind, atFirst, inTheEnd) => {
      const observed = { rejections, isolates, isolatesBehind };
      expect(outcome({ observed })).toBe(atFirst);
      expect(outcome({ observed, elapsedMs: HOLD_MS })).toBe(inTheEnd);
    },
  );

  test("are told with their reasons", () => {
    const rejections = [own, { revision: 8, code: "invalid", isolates: 1 } as const];
    expect(judge({ observed: { rejections, isolates: 3, isolatesBehind: 3 } })).toEqual({
      kind: "withdraw",
      because: { code: "rejected", refusals: { signatureWrong: 2, invalid: 1 }, isolates: 3, isolatesBehind: 3 },
      sentence: "Edges refuse revision 8 (isolates by reason: signatureWrong: 2, invalid: 1), and 3 serve it.",
    });
  });
});

describe("bugs of the edge", () => {
  test.each([
    // before   now   outcome
    [0, 1, "invariants"],
    [0, 0, "hold"],
    [1, 1, "hold"], // not the revision's
    [1, 9, "hold"],
  ])("%i before and %i now: %s", (before, now, expected) => {
    const observed = { requests: 1_000, invariants: now, ownErrors: now };
    expect(outcome({ baseline: { invariants: before, ownErrors: before }, observed })).toBe(expected);
  });

  test("that were there before count as errors, and must not rise", () => {
    const observed = { requests: 1_000, invariants: 100, ownErrors: 100 };
    expect(outcome({ baseline: { invariants: 1, ownErrors: 1 }, observed })).toBe("ownErrors");
  });

  test("are told", () => {
    expect(judge({ observed: { requests: 40, invariants: 2, ownErrors: 2 } })).toMatchObject({
      because: { code: "invariants", invariants: 2, requests: 40 },
      sentence: "Bugs of the edge cost 2 requests their answer under revision 8, and none before.",
    });
  });
});

describe("errors of the edge's own", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // before      now            outcome
    [[0, 1_000],   [0, 1_000],    "hold"],
    [[0, 1_000],   [19, 19],      "hold"], // too few requests
    [[0, 1_000],   [20, 20],      "ownErrors"],
    [[0, 1_000],   [4, 20],       "hold"], // too few errors
    [[0, 1_000],   [5, 20],       "ownErrors"],
    [[0, 20],      [5, 20],       "hold"], // by chance, 2 in 100 times
    [[0, 20],      [10, 20],      "ownErrors"],
    [[20, 1_000],  [20, 1_000],   "hold"],
    [[20, 1_000],  [44, 1_000],   "hold"], // p = 0.0016
    [[20, 1_000],  [46, 1_000],   "ownErrors"],
    [[500, 1_000], [500, 1_000],  "hold"], // it is bad, and was before
    [[500, 1_000], [600, 1_000],  "ownErrors"],
    [[500, 1_000], [100, 1_000],  "hold"], // better than before
    [[0, 1e6],     [10_000, 1e6], "hold"], // one point is certain here, and not enough
    [[0, 1e6],     [10_001, 1e6], "ownErrors"],
    [[0, 0],       [10, 20],      "hold"], // nothing to compare with
    [[0, 0],       [11, 20],      "ownErrors"], // and yet most requests fail
    [[0, 19],      [10, 20],      "hold"],
    [[0, 1_000],   [30, 0],       "ownErrors"], // answers after their requests were counted
  ] as [[number, number], [number, number], string][])("%j before, %j now: %s", (before, now, expected) => {
    const [ownErrorsBefore, requestsBefore] = before;
    const [ownErrors, requests] = now;
    const baseline = { ownErrors: ownErrorsBefore, requests: requestsBefore };
    expect(outcome({ baseline, observed: { ownErrors, requests } })).toBe(expected);
  });

  test("are told with what they are compared with", () => {
    const verdict = judge({ baseline: { ownErrors: 3 }, observed: { ownErrors: 60, requests: 400 } });
    expect(verdict).toMatchObject({
      kind: "withdraw",
      because: { ownErrors: 60, requests: 400, baselineOwnErrors: 3, baselineRequests: 1_000 },
      sentence: "60 of 400 requests got an error of the edge's own under revision 8, after 3 of 1000 before it.",
    });
    const alone = judge({ baseline: { requests: 3 }, observed: { ownErrors: 60, requests: 60 } });
    expect(alone).toMatchObject({ sentence: expect.stringContaining("too few came before to compare with") });
    expect(alone).not.toHaveProperty("because.p");
  });

  // Each hold asks every few seconds, of figures that grow: the question is how often one of sixty answers is wrong.
  test.each([
    // rate  before  each time
    [0.002, 5_000, 10],
    [0.1, 5_000, 10],
    [0.1, 200, 10],
    [0.3, 100, 10],
    [0.02, 5_000, 100],
  ])("at a rate of %d that does not change, fewer than one hold in a hundred ends for them", (rate, before, each) => {
    const chance = seededChance(7);
    const errorsOf = (requests: number) => Array.from({ length: requests }, chance).filter((x) => x < rate).length;
    let withdrawn = 0;
    for (let hold = 0; hold < 500; hold++) {
      const baseline = { ownErrors: errorsOf(before), requests: before };
      let observed = { ownErrors: 0, requests: 0 };
      for (let asked = 0; asked < 60; asked++) {
        observed = { ownErrors: observed.ownErrors + errorsOf(each), requests: observed.requests + each };
        if (outcome({ baseline, observed }) !== "hold") {
          withdrawn += 1;
          break;
        }
      }
    }
    expect(withdrawn).toBeLessThan(5);
  });

  test("that are half of everything are seen within thirty requests", () => {
    const chance = seededChance(11);
    for (let hold = 0; hold < 100; hold++) {
      const ownErrors = Array.from({ length: 30 }, chance).filter((x) => x < 0.5).length;
      expect(outcome({ observed: { ownErrors, requests: 30 } })).toBe("ownErrors");
    }
  });
});

/** mulberry32. */
function seededChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("laws", () => {
  const figures = fc.record({
    requests: fc.nat({ max: 10_000 }),
    invariants: fc.nat({ max: 3 }),
    ownErrors: fc.nat({ max: 10_000 }),
  });

  test("more requests that go well never bring a withdrawal, and time alone neither", () => {
    fc.assert(
      fc.property(figures, figures, fc.nat({ max: 10_000 }), fc.nat({ max: 2 * HOLD_MS }), (before, now, well, ms) => {
        const first = judge({ baseline: before, observed: now });
        if (first.kind === "withdraw" || now.requests < now.ownErrors) return;
        fc.pre(now.requests >= 20 || now.ownErrors < 5);
        const later = judge({ baseline: before, observed: { ...now, requests: now.requests + well }, elapsedMs: ms });
        expect(later.kind).toBe(ms >= HOLD_MS ? "release" : "hold");
      }),
    );
  });

  test("a revision that does as the one before is never withdrawn", () => {
    fc.assert(
      fc.property(figures, (same) => {
        fc.pre(same.requests >= 20);
        expect(judge({ baseline: same, observed: same }).kind).toBe("hold");
      }),
    );
  });
});

describe("what a vantage has reported", () => {
  const reported: Reported = {
    edges: [
      { revision: 7, isolates: 3, requests: 30 },
      { revision: 8, isolates: 2, requests: 20 },
      { revision: 9, isolates: 1, requests: 10 },
    ],
    rejections: [
      { code: "malformed", isolates: 1 },
      { revision: 7, code: "invalid", isolates: 1 },
      { revision: 8, code: "invalid", isolates: 4 },
    ],
    figures: [
      { revision: 7, requests: 300, invariants: 0, ownErrors: 3 },
      { revision: 8, requests: 200, invariants: 1, ownErrors: 2 },
    ],
  };

  test("of the new revision", () => {
    expect(observationOf(reported, 8)).toEqual({
      ...{ requests: 200, invariants: 1, ownErrors: 2, isolates: 3, isolatesBehind: 3 },
      rejections: [
        { code: "malformed", isolates: 1 },
        { revision: 8, code: "invalid", isolates: 4 },
      ],
    });
  });

  test("of all that was tried, when a drain came in between", () => {
    expect(observationOf(reported, 9, 8)).toMatchObject({ requests: 200, isolates: 3, isolatesBehind: 3 });
    expect(observationOf(reported, 8, 7)).toMatchObject({ requests: 500, invariants: 1, ownErrors: 5, isolates: 6 });
    expect(observationOf(reported, 8, 7).rejections).toHaveLength(3);
    expect(observationOf(reported, 9)).toMatchObject({ requests: 0, isolates: 1, isolatesBehind: 5 });
  });

  test.each([
    [7, { requests: 300, invariants: 0, ownErrors: 3 }],
    [6, { requests: 0, invariants: 0, ownErrors: 0 }],
  ])("of revision %i before it", (revision, baseline) => {
    expect(baselineOf(reported, revision)).toEqual(baseline);
  });
});
