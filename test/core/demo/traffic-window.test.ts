import { expect, test } from "vitest";
import { TrafficWindow, WINDOW_MS } from "../../../scripts/demo/traffic-window.ts";

const SERVED = {
  country: "DE",
  outcome: { kind: "served", region: "eu-west", cluster: "eu-west-blue", revision: "1" },
} as const;
const FAILED = { country: "DE", outcome: { kind: "failed", error: "503" } } as const;

test.each([
  // after          requests  errors
  [0, 2, 1],
  [WINDOW_MS - 500, 2, 1],
  [WINDOW_MS, 0, 0],
  [WINDOW_MS * 100, 0, 0],
])("%i ms later the window holds %i requests", (afterMs, requests, errors) => {
  const window = new TrafficWindow();
  window.record(SERVED, 1_000);
  window.record(FAILED, 1_000);
  const summary = window.summarize(1_000 + afterMs);
  expect(summary.requests).toBe(requests);
  expect(summary.errors).toEqual(errors === 0 ? {} : { 503: errors });
});

test("the sums since the start outlive the window", () => {
  const window = new TrafficWindow();
  window.record(FAILED, 0);
  window.record(SERVED, 50_000);
  expect(window.summarize(50_000)).toMatchObject({ requests: 1, sinceStart: { requests: 2, errors: 1 } });
});

test("countries come largest first, and each knows its regions", () => {
  const window = new TrafficWindow();
  for (const country of ["US", "DE", "DE", "AT"]) window.record({ ...SERVED, country }, 0);
  window.record(FAILED, 0);
  expect(window.summarize(0).countries).toEqual([
    { code: "DE", requests: 3, errors: 1, byRegion: { "eu-west": 2 } },
    { code: "AT", requests: 1, errors: 0, byRegion: { "eu-west": 1 } },
    { code: "US", requests: 1, errors: 0, byRegion: { "eu-west": 1 } },
  ]);
});
