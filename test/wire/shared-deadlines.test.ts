/**
 * Deadlines that requests share, in the real runtime: who set the timer may have been answered or have left, and the others
 * are told all the same, and in time, that their cluster does not answer.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { FIRST_BYTE_MS, wireSnapshot } from "../faults/fleets.ts";

/** The deadlines of a sixtieth of a second share their timers, and few requests come in one. */
const ROUNDS = 12;

/** Beyond the deadline, for a machine that is busy with other tests. */
const SLACK_MS = 2_500;

let cluster: http.Server;
/** So far, and at the moment. */
let asked = 0;
let hanging = 0;
let edge: Edge;

beforeAll(async () => {
  cluster = http.createServer((request, response) => {
    if (request.url === "/now") {
      response.end("now");
      return;
    }
    asked += 1;
    hanging += 1;
    response.on("close", () => {
      hanging -= 1;
    });
  });
  cluster.listen(0, "127.0.0.1");
  await new Promise((resolve) => cluster.once("listening", resolve));
  const { port } = cluster.address() as AddressInfo; // a TCP server that listens has one
  // Telemetry has a timer of its own with one of the requests, which stays at its cluster for as long.
  const variables = { TELEMETRY_MS: "0" };
  edge = await startEdge({ variables, snapshot: wireSnapshot([`http://127.0.0.1:${port}`]) });
  expect(await get("/now")).toMatchObject({ status: 200 });
});
afterAll(async () => {
  await edge.dispose();
  await new Promise((resolve) => cluster.close(resolve).closeAllConnections());
});

async function get(path: string, signal?: AbortSignal): Promise<{ readonly status: number; readonly tookMs: number }> {
  const startedMs = performance.now();
  const response = await fetch(edge.url + path, signal === undefined ? {} : { signal });
  await response.text();
  return { status: response.status, tookMs: performance.now() - startedMs };
}

function expectInTime(answers: readonly { readonly status: number; readonly tookMs: number }[]): void {
  for (const { status, tookMs } of answers) {
    expect(status).toBe(504);
    expect(tookMs).toBeGreaterThanOrEqual(FIRST_BYTE_MS - 50);
    expect(tookMs).toBeLessThan(FIRST_BYTE_MS + SLACK_MS);
  }
}

test("those that set the timers are answered at once", async () => {
  const answered: Promise<{ readonly status: number }>[] = [];
  const left: Promise<{ readonly status: number; readonly tookMs: number }>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    answered.push(get("/now"), get("/now"));
    left.push(get("/never"), get("/never"), get("/never"));
  }
  for (const { status } of await Promise.all(answered)) expect(status).toBe(200);
  expectInTime(await Promise.all(left));
});

test("the clients of those that set the timers leave", async () => {
  const leaving = new AbortController();
  const askedBefore = asked;
  const gone: Promise<unknown>[] = [];
  const left: Promise<{ readonly status: number; readonly tookMs: number }>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let client = 0; client < 2; client += 1)
      gone.push(get("/never", leaving.signal).catch((error: unknown) => String(error)));
    left.push(get("/never"), get("/never"), get("/never"));
  }
  await expect.poll(() => asked - askedBefore, { timeout: 10_000 }).toBe(5 * ROUNDS);
  leaving.abort();
  // On a busy machine some have been told before they could leave.
  const outcomes = await Promise.all(gone);
  expect(outcomes.filter((outcome) => /AbortError/.test(String(outcome))).length).toBeGreaterThan(0);
  expectInTime(await Promise.all(left));
});

test("nothing is left behind: no request at the cluster, no error in the log", async () => {
  await expect.poll(() => hanging, { timeout: 10_000 }).toBe(0);
  expect(await get("/now")).toMatchObject({ status: 200 });
  expect(edge.logLines().filter((line) => /request\.failed|uncaught|exception/i.test(line))).toEqual([]);
});
