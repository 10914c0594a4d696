import { expect, test } from "vitest";
import { type Fault, faultFor, isGone, parseFault } from "../../../scripts/demo/fault.ts";

test.each([
  // body                                    fault
  ['{"kind": "none"}', { kind: "none" }],
  ['{"kind": "slow"}', { kind: "slow", delayMs: 2_000 }],
  ['{"kind": "slow", "delayMs": 0}', { kind: "slow", delayMs: 0 }],
  ['{"kind": "slow", "delayMs": 60000}', { kind: "slow", delayMs: 60_000 }],
  ['{"kind": "failing"}', { kind: "failing", status: 503 }],
  ['{"kind": "failing", "status": 500}', { kind: "failing", status: 500 }],
  ['{"kind": "hanging"}', { kind: "hanging" }],
  ['{"kind": "resetting"}', { kind: "resetting" }],
  ['{"kind": "down"}', { kind: "down" }],
  ['{"kind": "down", "vantages": ["apac"]}', { kind: "down", vantages: ["apac"] }],
  ['{"kind": "failing", "vantages": ["weur", "enam"]}', { kind: "failing", status: 503, vantages: ["weur", "enam"] }],
])("%s is read", (body, fault) => {
  expect(parseFault(body)).toEqual({ ok: true, value: fault });
});

test.each([
  ["", /must be JSON/],
  ["kind=slow", /must be JSON/],
  ["null", /expected object/],
  ["{}", /kind: .*'none' \| 'slow'/],
  ['{"kind": "sleepy"}', /kind: .*'none' \| 'slow'/],
  ['{"kind": "none", "delayMs": 5}', /Unrecognized key: "delayMs"/],
  ['{"kind": "slow", "delayMs": "5"}', /delayMs: .*expected number/],
  ['{"kind": "slow", "delayMs": 60001}', /delayMs: Too big/],
  ['{"kind": "slow", "delayMs": -1}', /delayMs: Too small/],
  ['{"kind": "failing", "status": 499}', /status: Too small/],
  ['{"kind": "failing", "status": 600}', /status: Too big/],
  ['{"kind": "none", "vantages": ["apac"]}', /Unrecognized key: "vantages"/],
  ['{"kind": "down", "vantages": []}', /vantages: Too small/],
  ['{"kind": "down", "vantages": ["mars"]}', /vantages.0: .*"wnam"\|"enam"/],
  ['{"kind": "down", "vantages": "apac"}', /vantages: .*expected array/],
])("%s is refused and says why", (body, why) => {
  const parsed = parseFault(body);
  expect(parsed.ok ? "accepted" : parsed.error).toMatch(why);
});

const FOR_ALL: Fault = { kind: "failing", status: 503 };
const FOR_APAC: Fault = { ...FOR_ALL, vantages: ["apac"] };

test.each<[Fault, string | undefined, Fault["kind"]]>([
  // fault           asked from    met
  [{ kind: "none" }, "apac", "none"],
  [FOR_ALL, "weur", "failing"],
  [FOR_ALL, undefined, "failing"],
  [FOR_APAC, "apac", "failing"],
  [FOR_APAC, "weur", "none"],
  [FOR_APAC, undefined, "none"],
])("of %j, who asks from %s meets %s", (fault, vantage, kind) => {
  expect(faultFor(fault, vantage).kind).toBe(kind);
});

test("a cluster that is down for one vantage still listens", () => {
  expect(isGone({ kind: "down" })).toBe(true);
  expect(isGone({ kind: "down", vantages: ["apac"] })).toBe(false);
});
