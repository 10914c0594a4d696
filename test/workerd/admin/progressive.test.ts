/** A new revision is tried at one vantage first, and its edges say whether everybody gets it. */
import { beforeEach, describe, expect, test } from "vitest";
import { SNAPSHOT_KV_KEY } from "../../../config/beacon.ts";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import { decodeSigned } from "../../../config/signed.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import {
  alarmInMs,
  evict,
  HOUR_MS,
  lastLeaf,
  MINUTE_MS,
  passTime,
  quietInStoppedTime,
  ringAfter,
} from "./fleet-object.ts";
import { env, get, POLICY, send, smallFleet } from "./support.ts";

const HOLD_MS = 30_000;
const TRYING = {
  ...POLICY,
  spec: { ...POLICY.spec, publishing: { canaryVantage: "weur", hold: "30s" } },
};
const FLEET = smallFleet().map((document) => (document === POLICY ? TRYING : document));

quietInStoppedTime();

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: FLEET });
  passTime(MINUTE_MS); // KV takes the next one.
});

const shift = (euWest: number) =>
  send("PATCH", "/v1/weights", { route: "web", rule: "europe", weights: { "eu-west": euWest }, reason: "canary" });
const drain = (rest: object = {}) => send("POST", "/v1/regions/us-east/drain", { reason: "flaky switch", ...rest });

type Served = { readonly revision: number; readonly euWest: number | undefined; readonly usEast: string | undefined };

/** What edges read, as far as these tests change it. */
function servedBy(text: string | null): Served {
  const signed = decodeSigned(text ?? "");
  const snapshot = signed.ok ? parseSnapshot(signed.value.payload) : signed;
  if (!snapshot.ok) throw new Error(snapshot.error);
  const { revision, routes, regions }: Snapshot = snapshot.value;
  const usEast = regions.find(({ name }) => name === "us-east");
  return {
    revision,
    euWest: Object.entries(routes[0]?.steering[0]?.weights ?? {}).find(([name]) => name === "eu-west")?.[1],
    usEast: usEast?.availability.adminState,
  };
}

async function beacon(vantage: string): Promise<Served> {
  const stub = env.BEACON.getByName(`demo:${vantage}`);
  // A beacon's state has a number for its revision; anything else would find no snapshot.
  const { revision } = (await (await stub.fetch("https://beacon/state")).json()) as { readonly revision: number };
  return servedBy(await (await stub.fetch(`https://beacon/snapshot/${revision}`)).text());
}

/** By the canary's beacon, by the other one, and by KV. */
async function served(): Promise<readonly Served[]> {
  return [await beacon("weur"), await beacon("enam"), servedBy(await env.CONFIG.get(SNAPSHOT_KV_KEY))];
}

const released = (revision: number, euWest = 90, usEast = "enabled") => ({ revision, euWest, usEast });

let reports = 0;
/** As an edge does it: see config/beacon.ts. */
async function report(vantage: string, body: object): Promise<void> {
  reports += 1;
  const isolate = reports.toString(16).padStart(16, "0");
  const text = JSON.stringify({ isolate, requests: 0, atMs: reports, ...body });
  const answer = await env.BEACON.getByName(`demo:${vantage}`).fetch("https://beacon/report", {
    method: "POST",
    body: text,
  });
  expect(answer.status).toBe(204);
}

const refusal = (revision: number) => report("weur", { revision: 1, rejected: [{ revision, code: "invalid" }] });

describe("while a revision is tried", () => {
  test("the first one of all is everybody's at once", async () => {
    expect(await served()).toEqual([released(1), released(1), released(1)]);
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 1, published: true });
  });

  test("one vantage has it, the others and KV go on with what was released, and all are told so", async () => {
    const { body } = await shift(50);
    expect(body).toMatchObject({ revision: 2, changed: true, published: false });
    expect(body.trial).toEqual({ vantage: "weur", sinceRevision: 2, untilMs: Date.now() + HOLD_MS });
    expect(await served()).toEqual([released(2, 50), released(1), released(1)]);
    await ringAfter(HOLD_MS - 1);
    await evict();
    expect(await served()).toEqual([released(2, 50), released(1), released(1)]);
    expect((await get("/v1/fleet")).body).toMatchObject({ published: false, trial: { vantage: "weur" } });
    expect(await alarmInMs()).toBeLessThanOrEqual(1_000);
  });

  test("it is everybody's when nothing went wrong until the end", async () => {
    await shift(50);
    await report("weur", { revision: 2, requests: 100 });
    await ringAfter(HOLD_MS);
    expect(await served()).toEqual([released(2, 50), released(2, 50), released(2, 50)]);
    const { body } = await get("/v1/fleet");
    expect(body).toMatchObject({ revision: 2, published: true });
    expect(body).not.toHaveProperty("trial");
    expect((await get("/v1/incidents")).body.incidents).toEqual([]);
  });

  test("a drain is everybody's at once, and does not take along what is tried", async () => {
    await shift(50);
    await drain();
    passTime(1_000);
    await ringAfter(0);
    expect(await served()).toEqual([
      released(3, 50, "draining"),
      released(3, 90, "draining"),
      released(3, 90, "draining"),
    ]);
    await ringAfter(HOLD_MS);
    expect(await served()).toEqual(Array(3).fill(released(3, 50, "draining")));
  });

  test("freezes and overrides are not tried, and what is tried goes on", async () => {
    await send("POST", "/v1/freezes", { name: "quiet", routes: ["web"], reason: "x" });
    expect((await get("/v1/fleet")).body).not.toHaveProperty("trial");
    await send("POST", "/v1/freezes/quiet/lift", { reason: "x" });
    expect((await get("/v1/fleet")).body).not.toHaveProperty("trial");
    await shift(50);
    const { untilMs } = (await get("/v1/fleet")).body.trial;
    passTime(1_000);
    await send("POST", "/v1/freezes", { name: "quiet", routes: ["web"], reason: "x" });
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 5, trial: { sinceRevision: 4, untilMs } });
  });

  test("another change is tried with it, from the beginning", async () => {
    await shift(50);
    await ringAfter(HOLD_MS - 1);
    await shift(40);
    await ringAfter(HOLD_MS - 1);
    expect(await served()).toEqual([released(3, 40), released(1), released(1)]);
    await ringAfter(1);
    expect(await served()).toEqual(Array(3).fill(released(3, 40)));
  });

  test("nobody has to be awake there: silence, and a beacon that does not answer, let it out", async () => {
    await shift(50);
    await env.BEACON.getByName("demo:weur").setFailing(true);
    await ringAfter(HOLD_MS);
    expect((await beacon("enam")).revision).toBe(2);
  });

  test("a change cannot excuse itself by its Policy", async () => {
    const documents = smallFleet();
    expect((await send("PUT", "/v1/fleet", { documents })).body).toMatchObject({
      revision: 2,
      trial: { vantage: "weur" },
    });
    expect((await beacon("enam")).revision).toBe(1);
    await ringAfter(HOLD_MS);
    expect((await shift(50)).body).not.toHaveProperty("trial");
    expect((await beacon("enam")).revision).toBe(3);
  });
});

describe("a revision that does harm", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // what edges of the canary vantage report                                                             because
    ["refuse it",                     [{ revision: 1, rejected: [{ revision: 2, code: "invalid" }] }],      "Edges refuse revision 2"],
    ["find bugs of their own",        [{ revision: 1, requests: 50 }, { revision: 2, requests: 1, invariants: 1 }], "Bugs of the edge"],
    ["have more errors of their own", [{ revision: 1, requests: 500, ownErrors: 1 }, { revision: 2, requests: 50, ownErrors: 10 }], "10 of 50 requests got an error of the edge's own"],
  ])("is withdrawn everywhere by itself: edges %s", async (_, told, because) => {
    await shift(50);
    for (const one of told) await report("weur", one);
    await ringAfter(1_000);

    expect(await served()).toEqual([released(3), released(3), released(3)]);
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 3, published: true, overlays: [] });
    expect((await get("/v1/revisions/1/diff?to=3")).body).toEqual({ from: 1, to: 3, documents: [], overlays: [] });
    expect((await get("/v1/revisions/3")).body).toMatchObject({
      ...{ kind: "withdraw", author: "fairlead", reason: expect.stringContaining(because) },
      outcome: { kind: "withdraw", revision: 1 },
    });
    const { marks } = (await get("/v1/metrics/query?measure=requests&last=15m")).body;
    expect(marks.at(-1)).toMatchObject({ revision: 3, kind: "withdraw", author: "fairlead" });
    expect(await lastLeaf()).toMatchObject({
      ...{ action: "fairlead.withdraw", resource: "revision/1", request: "alarm", actor: { kind: "system" } },
      ...{ outcome: "committed", before: { revision: 2 }, after: { revision: 3 } },
    });
    const [incident, ...more] = (await get("/v1/incidents")).body.incidents;
    expect(more).toEqual([]);
    expect(incident).toMatchObject({
      ...{ severity: 2, title: "Revision 2 withdrawn", openedBy: "fairlead", revision: 3 },
      cause: { kind: "withdrawn", withdrawnRevision: 2, because: expect.stringContaining(because) },
    });
    // Nothing else is changed until somebody has looked.
    expect((await shift(60)).body).toMatchObject({ code: "ruleDenied", errors: [{ code: "rule.incident" }] });
    await send("POST", `/v1/incidents/${incident.id}/close`, { reason: "found" });
    expect((await shift(60)).body).toMatchObject({ revision: 4, trial: { vantage: "weur" } });
    await ringAfter(HOLD_MS);
    expect(await served()).toEqual(Array(3).fill(released(4, 60)));
  });

  // biome-ignore format: a table reads in columns
  test.each([
    ["elsewhere",                   "enam", { revision: 1, rejected: [{ revision: 2, code: "invalid" }] }],
    ["of another revision",         "weur", { revision: 2, requests: 9, rejected: [{ revision: 1, code: "invalid" }] }],
    ["a few errors",                "weur", { revision: 2, requests: 100, ownErrors: 4 }],
    ["bugs under the old one",      "weur", { revision: 1, requests: 100, invariants: 3 }],
  ])("is not what this is: %s", async (_, vantage, body) => {
    await report("weur", { revision: 1, requests: 100 });
    await shift(50);
    await report(vantage, body);
    await ringAfter(1_000);
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 2, trial: {} });
    await ringAfter(HOLD_MS);
    expect(await served()).toEqual(Array(3).fill(released(2, 50)));
  });

  test("goes with all that was tried, but a drain made meanwhile stays", async () => {
    await shift(50);
    await drain();
    await shift(40);
    await refusal(2);
    await ringAfter(1_000);
    expect(await served()).toEqual(Array(3).fill(released(5, 90, "draining")));
    expect((await get("/v1/fleet")).body.overlays).toMatchObject([{ kind: "regionDrain", region: "us-east" }]);
    expect((await get("/v1/incidents")).body.incidents).toHaveLength(1);
  });

  test("and that people have undone meanwhile needs nothing taken back", async () => {
    await shift(50);
    await refusal(2);
    await send("POST", "/v1/revisions/1/restore", { overlays: "restore", reason: "looks bad" });
    await ringAfter(1_000);
    expect(await served()).toEqual(Array(3).fill(released(3)));
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 3, published: true });
    expect((await get("/v1/fleet")).body).not.toHaveProperty("trial");
  });

  test("when traffic comes back by itself: the drain is in force again until somebody has looked", async () => {
    await drain({ expiresIn: "1m" });
    await ringAfter(MINUTE_MS);
    passTime(1_000);
    await ringAfter(0);
    // Its end is tried, too: the others go on draining meanwhile.
    expect(await served()).toEqual([released(3), released(2, 90, "draining"), released(2, 90, "draining")]);
    await report("weur", { revision: 3, requests: 1, invariants: 1 });
    await ringAfter(1_000);
    expect(await served()).toEqual(Array(3).fill(released(4, 90, "draining")));
    const [overlay] = (await get("/v1/fleet")).body.overlays;
    expect(overlay).toMatchObject({ kind: "regionDrain", region: "us-east" });
    expect(overlay.expiresAtMs - Date.now()).toBeGreaterThan(HOUR_MS);
    await ringAfter(MINUTE_MS);
    expect((await get("/v1/fleet")).body.revision).toBe(4);
  });
});
