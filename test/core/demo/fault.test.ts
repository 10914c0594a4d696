import { expect, test } from "vitest";
import { parseFault } from "../../../scripts/demo/fault.ts";

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
])("%s is refused and says why", (body, why) => {
  const parsed = parseFault(body);
  expect(parsed.ok ? "accepted" : parsed.error).toMatch(why);
});
