/** What of drift lets a release go on, stops it, or holds it. */
import { expect, test } from "vitest";
import type { Drift } from "../../../admin/core/drift/drift.ts";
import { driftGate } from "../../../admin/core/drift/gate.ts";
import type { TrackedDrift } from "../../../admin/core/drift/track.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 10 * HOUR_MS;

function drift(fields: Partial<Drift>, ageMs = 0): TrackedDrift {
  return {
    ...{ key: "k", kind: "declared", field: "imageDigest", service: "web", clusters: ["eu-web"], reported: {} },
    ...{ severity: "error", sentence: "eu-web differs.", firstSeenMs: NOW_MS - ageMs },
    ...fields,
  };
}

const error = drift({ key: "error" });
const warning = (ageMs: number) => drift({ key: "warning", field: "version", severity: "warning" }, ageMs);
const silent = drift({ key: "silent", kind: "unknown", field: "status", severity: "warning" }, 9 * HOUR_MS);

// biome-ignore format: a table reads in columns
test.each<[string, readonly TrackedDrift[] | undefined, string, string[]]>([
  // what differs                       of all that is tracked               verdict         because
  ["nothing",                           [],                                  "pass",         []],
  ["a warning",                         [warning(HOUR_MS - 1)],              "pass",         []],
  ["a warning that is too old",         [warning(HOUR_MS)],                  "fail",         ["warning"]],
  ["an error",                          [error],                             "fail",         ["error"]],
  ["an error between clusters",         [{ ...error, kind: "between" }],     "fail",         ["error"]],
  ["a cluster that is silent for long", [silent],                            "inconclusive", ["silent"]],
  ["a silent one beside a warning",     [silent, warning(0)],                "inconclusive", ["silent"]],
  ["a silent one beside an error",      [silent, error],                     "fail",         ["error"]],
  ["an error of another service",       [{ ...error, service: "cart" }],     "pass",         []],
  ["what nobody could be asked",        undefined,                           "inconclusive", []],
])("%s", (_, tracked, verdict, because) => {
  const gate = driftGate({ tracked, services: ["web"], policy: undefined, nowMs: NOW_MS });
  expect(gate.verdict).toBe(verdict);
  expect(("because" in gate ? gate.because : []).map(({ key }) => key)).toEqual(because);
});

test("the Policy says how old a difference may become, and all services count when none is named", () => {
  const gate = (maxAge: string) =>
    driftGate({ tracked: [warning(HOUR_MS)], policy: { maxAge }, nowMs: NOW_MS }).verdict;
  expect([gate("2h"), gate("1h")]).toEqual(["pass", "fail"]);
});
