/**
 * Eight clients at once on the real Worker, whose fleet object is evicted and crashed all the while: what they saw must
 * be what they could have seen of an object that does one thing after the other, and the revisions and the audit log must
 * agree with what they were told. FAIRLEAD_SEED gives other clients, FAIRLEAD_FULL more of them.
 */
import { reset } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { randomInteger, seededRandom } from "../../faults/random.ts";
import { checkLinearizable } from "../../linearizability/check.ts";
import { evictFleet } from "./model/crash.ts";
import { documentsOf } from "./model/documents.ts";
import { type Listed, listAudit, listRevisions, read, type SeenLeaf } from "./model/reads.ts";
import { type Attempt, SharedClients } from "./model/shared-clients.ts";
import { type Hindsight, type SharedFleet, sharedFleet } from "./model/shared-fleet.ts";
import { SHARED_DOCUMENTS } from "./model/shared-http.ts";
import { send } from "./support.ts";

const CLIENTS = 8;
const OPERATIONS = 500;
const RUN_MS_MAX = 60_000;

const random = seededRandom(inject("seed"));
const seeds = Array.from({ length: inject("fullRun") ? 20 : 1 }, () => randomInteger(random, { min: 0, max: 2 ** 31 }));

type Run = {
  readonly clients: SharedClients;
  readonly fleet: SharedFleet;
  /** Oldest first. */
  readonly revisions: readonly Listed[];
  readonly leaves: readonly SeenLeaf[];
  readonly end: { readonly revision: number; readonly counter: number };
};

describe.each(seeds)("eight clients, 500 operations, seed %i", (seed) => {
  let run: Run;
  beforeAll(async () => {
    vi.spyOn(console, "log").mockReturnValue();
    run = await runClients(seed);
  }, RUN_MS_MAX);
  afterAll(async () => {
    vi.restoreAllMocks();
    await reset();
  });

  test("the run was as it should be: long enough, disturbed, and with answers of every kind", () => {
    const { history, attempts, sabotaged } = run.clients;
    const kinds = new Set(history.map(({ completion }) => completion?.output.kind ?? "broken"));
    expect(history.length).toBeGreaterThanOrEqual(OPERATIONS);
    expect(sabotaged).toBeGreaterThan(10);
    expect([...kinds].sort()).toEqual(["broken", "done", "running", "seen", "stale"]);
    expect(attempts.filter(isBroken).length).toBeGreaterThan(10);
    expect(run.leaves.some(({ leaf }) => leaf.outcome === "replayed")).toBe(true);
  });

  test("every answer is one that a sequential control plane could have given", () => {
    const verdict = checkLinearizable(run.fleet, run.clients.history);
    expect(verdict.kind === "violated" ? verdict.explanation : verdict.kind).toBe("linearizable");
  });

  test("and the checker would have noticed a single stale read", { timeout: RUN_MS_MAX }, () => {
    const { history } = run.clients;
    const place = history.findLastIndex(({ completion }) => completion?.output.kind === "seen");
    const read = history[place];
    const output = read?.completion?.output;
    if (read?.completion === undefined || output?.kind !== "seen") throw new Error("there is no read");
    const stale = { ...read, completion: { ...read.completion, output: { ...output, counter: output.counter - 1 } } };
    expect(checkLinearizable(run.fleet, history.with(place, stale)).kind).toBe("violated");
  });

  test("no update is lost: the counter is the number of times that somebody was told to have raised it", () => {
    const raised = run.clients.history.flatMap(({ input, completion }) =>
      input.kind === "raise" && completion?.output.kind === "done" ? input.key : [],
    );
    expect(run.end.counter).toBe(new Set(raised).size);
  });

  test("no key commits twice", () => {
    const keyOf = new Map(run.clients.attempts.map(({ requestId, key }) => [requestId, key]));
    const keys = run.leaves
      .filter(({ leaf }) => leaf.outcome === "committed")
      .flatMap(({ leaf }) => keyOf.get(leaf.request) ?? []);
    expect(keys.length).toBeGreaterThan(50);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("revisions follow each other without a gap, each committed by one request", () => {
    const numbers = Array.from({ length: run.end.revision }, (_, parent) => ({ revision: parent + 1, parent }));
    expect(run.revisions.map(({ revision, parent }) => ({ revision, parent }))).toEqual(numbers);
    const committed = run.leaves.flatMap(({ leaf }) => (leaf.outcome === "committed" ? leaf.after?.revision : []));
    expect(committed).toEqual(numbers.map(({ revision }) => revision));
  });

  test("the audit log has one leaf for each request that was answered, and at most one for each that broke", () => {
    const { attempts } = run.clients;
    const byRequest = Map.groupBy(run.leaves, ({ leaf }) => leaf.request);
    const leavesOf = ({ requestId }: Attempt) => byRequest.get(requestId)?.length ?? 0;
    const answered = attempts.filter((attempt) => !isBroken(attempt));
    expect(answered.filter((attempt) => leavesOf(attempt) !== 1)).toEqual([]);
    expect(attempts.filter(isBroken).filter((attempt) => leavesOf(attempt) > 1)).toEqual([]);

    // Beside those there is the one that wrote the documents.
    const brokenWithLeaf = attempts.filter(isBroken).filter((attempt) => leavesOf(attempt) === 1);
    expect(run.leaves).toHaveLength(1 + answered.length + brokenWithLeaf.length);
    expect(run.leaves.map(({ index }) => index)).toEqual(run.leaves.map((_, index) => index));
  });

  test("what each leaf says is what its request was told", () => {
    const told = new Map(run.clients.attempts.map(({ requestId, output }) => [requestId, output]));
    const wrong = run.leaves.filter(({ leaf }) => {
      const output = told.get(leaf.request);
      if (output === undefined) return false;
      if (output.kind === "running") return leaf.problem !== "idempotencyRunning";
      if (output.kind === "stale")
        return leaf.problem !== "preconditionFailed" || leaf.before?.revision !== output.revision;
      if (output.kind !== "done") return true;
      if (leaf.outcome === "replayed") return false;
      return leaf.outcome !== (output.changed ? "committed" : "unchanged");
    });
    expect(wrong).toEqual([]);
  });
});

const isBroken = ({ output }: Attempt) => output === undefined;

async function runClients(seed: number): Promise<Run> {
  await send("PUT", "/v1/fleet", { documents: documentsOf(SHARED_DOCUMENTS), reason: "the first" });
  const clients = new SharedClients(seededRandom(seed), OPERATIONS);
  await clients.run(CLIENTS);
  await evictFleet();

  const end = await read("/v1/fleet");
  const revisions = await listRevisions();
  const [shift] = end.overlays.filter(({ kind }: { readonly kind: string }) => kind === "weightShift");
  return {
    clients,
    fleet: sharedFleet({ revisions, told: answersOf(clients.attempts) }),
    revisions,
    leaves: await listAudit(),
    end: { revision: end.revision, counter: shift.weights["eu-west"] },
  };
}

/** What was told of requests that were made more than once. */
function answersOf(attempts: readonly Attempt[]): Hindsight["told"] {
  const byKey = Map.groupBy(attempts, ({ key }) => key);
  return new Map(
    [...byKey].flatMap(([key, made]) => {
      const done = made.map(({ output }) => output).find((output) => output?.kind === "done");
      return key === undefined || made.length === 1 || done === undefined ? [] : [[key, done]];
    }),
  );
}
