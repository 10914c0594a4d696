/** One check of one cluster from one vantage: what an answer is worth, and what answers in a row come to. */
import { describe, expect, test } from "vitest";
import { composeChecks, type JudgedCheck } from "../../../admin/core/health/compose.ts";
import { CHECK_UNKNOWN, type CheckVerdict, observeCheck } from "../../../admin/core/health/observe.ts";
import { judgeAnswer, needsBody, type ProbeOutcome } from "../../../admin/core/health/outcome.ts";
import type { ProbeCheck } from "../../../admin/core/health/targets.ts";

const CHECK: ProbeCheck = {
  ...{ name: "healthCheck", role: "mustPass", url: "https://eu.example.com/healthz", method: "GET" },
  ...{ intervalMs: 10_000, timeoutMs: 2_000, rise: 2, fall: 3 },
};

describe("an answer", () => {
  const texts = { contains: "ready" };
  const slow = { degradedAfterMs: 100 };
  test.each<[Partial<ProbeCheck>, [number, number, boolean], object]>([
    // check                          status, ms, found    is
    [{}, [200, 5, true], { kind: "success", status: 200 }],
    [{}, [299, 5, true], { kind: "success" }],
    [{}, [199, 5, true], { kind: "failure", because: "status", status: 199 }],
    [{}, [300, 5, true], { kind: "failure", because: "status" }],
    [{}, [302, 5, true], { kind: "failure", because: "status" }],
    [{ statuses: [204, 302] }, [302, 5, true], { kind: "success" }],
    [{ statuses: [204, 302] }, [200, 5, true], { kind: "failure", because: "status" }],
    [texts, [200, 5, true], { kind: "success" }],
    [texts, [200, 5, false], { kind: "failure", because: "body", status: 200 }],
    [texts, [500, 5, false], { kind: "failure", because: "status" }],
    [slow, [200, 100, true], { kind: "success", durationMs: 100 }],
    [slow, [200, 101, true], { kind: "slow", durationMs: 101 }],
    [slow, [500, 101, true], { kind: "failure" }],
    // What Cloudflare answers for a cluster whose handshake or certificate fails.
    [{}, [525, 5, true], { kind: "failure", because: "tls", status: 525 }],
    [{}, [526, 5, true], { kind: "failure", because: "tls" }],
    [{ url: "http://127.0.0.1/" }, [525, 5, true], { kind: "failure", because: "status" }],
    [{ statuses: [525] }, [525, 5, true], { kind: "success" }],
  ])("for %j with %j is %j", (fields, [status, durationMs, found], outcome) => {
    expect(judgeAnswer({ ...CHECK, ...fields }, { status, durationMs, found })).toMatchObject(outcome);
  });

  test.each<[Partial<ProbeCheck>, number, boolean]>([
    // Nothing is read that does not decide.
    [{}, 200, false],
    [texts, 200, true],
    [texts, 500, false],
    [{ ...texts, statuses: [500] }, 500, true],
  ])("for %j with the status %i is read: %s", (fields, status, read) => {
    expect(needsBody({ ...CHECK, ...fields }, status)).toBe(read);
  });
});

const OUTCOMES: Readonly<Record<string, ProbeOutcome>> = {
  "+": { kind: "success", status: 200, durationMs: 1 },
  "~": { kind: "slow", status: 200, durationMs: 900 },
  "-": { kind: "failure", because: "connection", durationMs: 1 },
};

/** One letter of the answer after each probe: unknown, passing, slow, failing. */
function verdicts(probes: string, rise: number, fall: number): string {
  let health = CHECK_UNKNOWN;
  return [...probes]
    .map((probe, index) => {
      const outcome = OUTCOMES[probe];
      if (outcome === undefined) throw new Error(`no outcome is written ${probe}`);
      health = observeCheck(health, outcome, { thresholds: { rise, fall }, nowMs: index });
      return health.verdict.slice(0, 1);
    })
    .join("");
}

describe("answers in a row: + fast, ~ slow, - none or a wrong one", () => {
  test.each([
    // probes        rise fall  unknown, passing, slow, failing
    ["+", 2, 3, "p"],
    ["~", 2, 3, "s"],
    ["---", 2, 3, "uuf"],
    ["--+", 2, 3, "uup"],
    ["+--", 2, 3, "ppp"],
    ["+---", 2, 3, "pppf"],
    ["+--+--", 2, 3, "pppppp"],
    ["---+", 2, 3, "uuff"],
    ["---++", 2, 3, "uuffp"],
    ["---+-++", 2, 3, "uuffffp"],
    ["-+-+", 1, 1, "fpfp"],
    ["+----++++", 3, 2, "ppfffffpp"],
    ["+~~", 2, 3, "ppp"],
    ["+~~~", 2, 3, "ppps"],
    ["+~-~", 2, 3, "ppps"], // a failure is not fast either
    ["+~~+~~", 2, 3, "pppppp"],
    ["~~~+", 2, 3, "ssss"],
    ["~~~++", 2, 3, "ssssp"],
    ["~---", 2, 3, "sssf"],
    ["---~~", 2, 3, "uuffs"], // slow successes bring it back, as slow
    ["---~+", 2, 3, "uuffs"],
    ["---~++", 2, 3, "uuffsp"],
  ])("%s with rise %i and fall %i: %s", (probes, rise, fall, expected) => {
    expect(verdicts(probes, rise, fall)).toBe(expected);
  });

  test("the last probe is kept, and counts say how far it is to the next verdict", () => {
    const thresholds = { rise: 2, fall: 3 };
    const first = observeCheck(CHECK_UNKNOWN, OUTCOMES["+"] as ProbeOutcome, { thresholds, nowMs: 10 }); // it is in the table
    expect(first).toMatchObject({ successes: 1, failures: 0, fast: 1, last: { atMs: 10 } });
    const second = observeCheck(first, OUTCOMES["-"] as ProbeOutcome, { thresholds, nowMs: 20 }); // as above
    expect(second).toMatchObject({ successes: 0, failures: 1, notFast: 1, last: { atMs: 20 } });
  });
});

describe("several checks together", () => {
  const VERDICTS: Readonly<Record<string, CheckVerdict>> = {
    "+": "passing",
    "~": "slow",
    "-": "failing",
    "?": "unknown",
  };
  const ROLES = { m: "mustPass", v: "voting", o: "observe" } as const;

  /** `m+` is a check that must pass and does. */
  const checksOf = (text: string): readonly JudgedCheck[] =>
    text.split(" ").flatMap((word, index): JudgedCheck[] => {
      if (word === "") return [];
      const role = ROLES[word[0] as keyof typeof ROLES]; // the tables below use no other letter
      return [{ name: `${word}${index}`, role, verdict: VERDICTS[word[1] ?? "?"] ?? "unknown" }];
    });

  test.each([
    // checks              together      because of
    ["m+", "healthy", undefined],
    ["m~", "degraded", "m~0"],
    ["m-", "unhealthy", "m-0"],
    ["m?", "unknown", undefined],
    ["m+ m-", "unhealthy", "m-1"],
    ["m? m-", "unhealthy", "m-1"], // whatever the other comes to
    ["m+ m?", "unknown", undefined],
    ["m+ m~", "degraded", "m~1"],
    ["v+", "healthy", undefined],
    ["v-", "unhealthy", "v-0"],
    ["v+ v-", "unhealthy", "v-1"], // half is not more than half
    ["v+ v+ v-", "healthy", undefined],
    ["v+ v- v-", "unhealthy", "v-1"],
    ["v+ v- v?", "unknown", undefined], // it may still go either way
    ["v+ v+ v?", "healthy", undefined],
    ["v- v- v?", "unhealthy", "v-0"],
    ["v+ v~ v-", "degraded", "v~1"],
    ["v+ v+ v~", "healthy", undefined],
    ["v~ v~ v+", "degraded", "v~0"],
    ["v+ v+ m-", "unhealthy", "m-2"],
    ["v- v- m+", "unhealthy", "v-0"],
    ["v+ v+ v- m+", "healthy", undefined],
    ["m+ o-", "healthy", undefined],
    ["m+ o?", "healthy", undefined],
    ["o+", "unknown", undefined],
    ["o-", "unknown", undefined],
    ["", "unknown", undefined],
  ])("%s is %s because of %s", (text, state, because) => {
    expect(composeChecks(checksOf(text))).toEqual(because === undefined ? { state } : { state, because });
  });
});
