/** The safety rules as the API enforces them, by their defaults; and what people set against them: freezes, incidents, broken glass. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  alarmInMs,
  HOUR_MS,
  lastLeaf,
  leaves,
  MINUTE_MS,
  passTime,
  quietInStoppedTime,
  ringAfter,
} from "./fleet-object.ts";
import { type Answer, as, cluster, get, POLICY, ROUTE, region, send, smallFleet } from "./support.ts";

const SOUTH = region("ap-south", { latitude: 19, longitude: 72.8, vantage: "apac" });
const POLICYLESS = smallFleet().filter((document) => document !== POLICY);
const LARGER = [...POLICYLESS, SOUTH, cluster("ap-south-blue", "ap-south")];

quietInStoppedTime();

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: POLICYLESS });
});

const SHIFT = { route: "web", rule: "europe", reason: "test" };
/** Of 100, so that weights are percent. */
const weights = (euWest: number) => ({ "eu-west": euWest, "us-east": 100 - euWest });
const shift = (euWest: number, query = "", headers = {}) =>
  send("PATCH", `/v1/weights${query}`, { ...SHIFT, weights: weights(euWest) }, headers);
const drain = (name: string) => send("POST", `/v1/regions/${name}/drain`, { reason: "test" });
const undrain = (name: string) => send("POST", `/v1/regions/${name}/undrain`, { reason: "test" });

async function revision(): Promise<number> {
  return (await get("/v1/fleet")).body.revision;
}

/** The rules that refused, or nothing. */
function denied({ status, body }: Answer): readonly string[] {
  if (status === 200) return [];
  expect([status, body.code]).toEqual([409, "ruleDenied"]);
  const outcomes = body.verdicts.filter(({ outcome }: { readonly outcome: string }) => outcome === "deny");
  expect(body.errors.map(({ code }: { readonly code: string }) => code)).toEqual(
    outcomes.map(({ rule }: { readonly rule: string }) => `rule.${rule}`),
  );
  return outcomes.map(({ rule }: { readonly rule: string }) => rule);
}

describe("without a Policy", () => {
  test.each([
    // from 90    denied
    [40, []],
    [39, ["stepMax"]],
    [0, ["stepMax"]],
  ])("a shift from 90 to %i percent is denied by %j", async (euWest, rules) => {
    const answer = await shift(euWest);
    expect(denied(answer)).toEqual(rules);
    expect(await revision()).toBe(rules.length === 0 ? 2 : 1);
    expect(answer.headers.get("retry-after")).toBeNull(); // Waiting would not help.
    const decisions = expect.arrayContaining([{ rule: "stepMax", outcome: rules.length === 0 ? "pass" : "deny" }]);
    const outcome = rules.length === 0 ? { outcome: "committed" } : { outcome: "refused", problem: "ruleDenied" };
    expect(await lastLeaf()).toMatchObject({ ...outcome, decisions });
    if (rules.length === 0) return;
    expect(answer.body.detail).toContain("50% is the most in one step");
    expect((await shift(euWest, "?dryRun=true")).body.plan.verdicts).toEqual(answer.body.verdicts);
  });

  test("who goes on too soon is told when to come back, and is let through then", async () => {
    await shift(80);
    passTime(1_001);
    const soon = await shift(70);
    expect([denied(soon), soon.headers.get("retry-after")]).toEqual([["waitSame"], "4"]);
    passTime(3_998);
    expect(denied(await shift(70))).toEqual(["waitSame"]);
    passTime(1);
    expect(denied(await shift(70))).toEqual([]);

    const back = await shift(90);
    expect([denied(back), back.headers.get("retry-after")]).toEqual([["waitSame", "waitOpposite"], "60"]);
    passTime(MINUTE_MS);
    expect(denied(await shift(90))).toEqual([]);
  });

  test("an hour moves all of a rule's traffic once, and no more", async () => {
    for (const euWest of [40, 90]) {
      expect(denied(await shift(euWest))).toEqual([]);
      passTime(MINUTE_MS);
    }
    const more = await shift(80);
    expect(denied(more)).toEqual(["shiftPerHour"]);
    expect(Number(more.headers.get("retry-after"))).toBe(58 * 60);
    passTime(58 * MINUTE_MS);
    expect(denied(await shift(80))).toEqual([]);
  });

  test("of many who shift at the same moment one gets through", async () => {
    const answers = await Promise.all([80, 79, 78, 77, 76, 75].map((euWest) => shift(euWest)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    expect(await revision()).toBe(2);
  });

  test("the last region stays, and two are not on their way at once unless it is urgent", async () => {
    await send("PUT", "/v1/fleet", { documents: LARGER });
    expect(denied(await drain("eu-west"))).toEqual([]);
    expect(denied(await drain("us-east"))).toEqual([]);
    expect(denied(await drain("ap-south"))).toEqual(["acceptingRegions", "healthyClusters"]);
    // One region at a time comes back, and only when it has been away for a while.
    const back = await undrain("eu-west");
    expect(denied(back)).toEqual(["midChange", "waitSame", "waitOpposite"]);
    expect(back.headers.get("retry-after")).toBe(String(15 * 60)); // When us-east has drained.
    passTime(15 * MINUTE_MS);
    expect(denied(await undrain("eu-west"))).toEqual([]);
  });

  test("a change cannot bring the Policy that would allow it", async () => {
    const loose = { ...POLICY, spec: { safety: { stepMaxBps: "off" } } };
    const mutations = [
      { kind: "apply", documents: [...POLICYLESS, loose] },
      { kind: "shiftWeights", ...SHIFT, weights: weights(0) },
    ];
    expect(denied(await send("POST", "/v1/batch", { mutations, reason: "hurry" }))).toEqual(["stepMax"]);
    await send("PUT", "/v1/fleet", { documents: [...POLICYLESS, loose] });
    expect(denied(await shift(0))).toEqual([]);
  });

  test("a plan does not outlive the rules that it was made under", async () => {
    await shift(80);
    const { plan } = (await shift(70, "?dryRun=true")).body;
    expect(plan.verdicts).toContainEqual(expect.objectContaining({ rule: "waitSame", outcome: "deny" }));
    passTime(MINUTE_MS);
    // Nobody has changed anything, but the one who planned has read that it would be refused.
    expect((await shift(70, "", { "fairlead-plan": plan.digest })).body).toMatchObject({ code: "planStale" });
    expect((await shift(70)).body.revision).toBe(3);
  });
});

describe("a freeze", () => {
  const freeze = (body: object = {}) =>
    send("POST", "/v1/freezes", { name: "quiet", reason: "the busiest day", ...body });
  const europeless = { ...ROUTE, spec: { ...ROUTE.spec, steering: [] } };

  test.each([
    // of               shift        documents    undrain      drain
    [{}, ["freeze"], ["freeze"], ["freeze"], []],
    [{ routes: ["web"] }, ["freeze"], ["freeze"], [], []],
    [{ regions: ["eu-west"] }, ["freeze"], ["freeze"], ["freeze"], []],
    [{ regions: ["us-east"] }, ["freeze"], ["freeze"], [], []],
  ])("of %j denies a shift %j, documents %j, an undrain %j, a drain %j", async (scope, ...expected) => {
    await drain("eu-west");
    passTime(MINUTE_MS);
    expect((await freeze(scope)).body).toMatchObject({ revision: 3, outcome: { kind: "freeze", name: "quiet" } });
    const documents = POLICYLESS.map((document) => (document === ROUTE ? europeless : document));
    const found = [
      denied(await shift(80)),
      denied(await send("PUT", "/v1/fleet", { documents })),
      denied(await undrain("eu-west")),
      denied(await send("POST", "/v1/clusters/eu-west-blue/drain", { reason: "smoke" })),
    ];
    expect(found).toEqual(expected);
  });

  test("says for how long, is listed, and is over when it is lifted", async () => {
    await shift(80);
    passTime(MINUTE_MS);
    await freeze({ expiresIn: "2h" });
    const answer = await shift(70);
    expect(answer.headers.get("retry-after")).toBe(String(2 * 3_600));
    expect(answer.body.detail).toContain('The freeze "quiet" (the busiest day) holds');
    const [listed] = (await get("/v1/freezes")).body.freezes;
    expect(listed).toMatchObject({ name: "quiet", author: "token", expiresAtMs: Date.now() + 2 * HOUR_MS });
    // Rollbacks wait, too: somebody forbade changes on purpose.
    const restored = await send("POST", "/v1/revisions/1/restore", { overlays: "restore", reason: "back" });
    expect(denied(restored)).toEqual(["freeze"]);
    await send("POST", "/v1/freezes/quiet/lift", { reason: "over" });
    expect((await get("/v1/freezes")).body.freezes).toEqual([]);
    expect(denied(await shift(70))).toEqual([]);
  });

  test("ends by itself", async () => {
    await freeze({ expiresIn: "1h" });
    expect(await alarmInMs()).toBeLessThanOrEqual(HOUR_MS);
    await ringAfter(HOUR_MS - 1);
    expect(denied(await shift(80))).toEqual(["freeze"]);
    await ringAfter(1);
    expect((await get("/v1/freezes")).body.freezes).toEqual([]);
    expect((await get("/v1/revisions/3")).body).toMatchObject({ kind: "expire", author: "fairlead" });
    expect(denied(await shift(80))).toEqual([]);
  });

  test.each([
    ["POST /v1/freezes", { name: "x", regions: ["eu-wset"] }, 422, "freezeInvalid", "eu-west"],
    ["POST /v1/freezes", { name: "x", routes: ["wbe"] }, 422, "freezeInvalid", "web"],
    ["POST /v1/freezes", { name: "x", regions: [] }, 422, "bodyInvalid", undefined],
    ["POST /v1/freezes", { name: "x", expiresIn: "32d" }, 422, "expiryInvalid", undefined],
    ["POST /v1/freezes/queit/lift", {}, 404, "freezeUnknown", "quiet"],
    ["POST /v1/overrides", { name: "x", rules: ["stpeMax"] }, 422, "overrideInvalid", "stepMax"],
    ["POST /v1/overrides", { name: "x", rules: [] }, 422, "bodyInvalid", undefined],
    ["POST /v1/overrides", { name: "x", rules: ["stepMax"], expiresIn: "73h" }, 422, "expiryInvalid", undefined],
    ["POST /v1/overrides/x/lift", {}, 404, "overrideUnknown", undefined],
  ])("or an override by %s with %j: %i %s", async (request, body, status, code, didYouMean) => {
    await freeze();
    const [method = "", path = ""] = request.split(" ");
    const answer = await send(method, path, { reason: "test", ...body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors[0].didYouMean).toBe(didYouMean);
    expect(await revision()).toBe(2);
  });
});

describe("an incident", () => {
  const open = (severity: number) =>
    send("POST", "/v1/incidents", { severity, title: "checkout is red", reason: "pager" }, as("responder"));

  test.each([
    // severity   shift         undrain       drain restore
    [1, ["incident"], ["incident"], [], []],
    [2, ["incident"], ["incident"], [], []],
    [3, [], [], [], []],
  ])(
    "of severity %i denies a shift %j and an undrain %j, but no drain and no way back",
    async (severity, ...expected) => {
      await drain("eu-west");
      passTime(MINUTE_MS);
      const { body } = await open(severity);
      expect(body).toMatchObject({ severity, openedBy: "responder", revision: 2, cause: { kind: "opened" } });
      const found = [
        denied(await shift(80)),
        denied(await undrain("eu-west")),
        denied(await send("POST", "/v1/clusters/eu-west-blue/drain", { reason: "smoke" })),
      ];
      const before = `/v1/revisions/${(await revision()) - 1}/restore`;
      found.push(denied(await send("POST", before, { overlays: "restore", reason: "it was no good" })));
      expect(found).toEqual(expected);
      expect(JSON.stringify((await get("/v1/fleet")).body.overlays)).not.toContain("clusterDrain");
    },
  );

  test("is closed once, by whoever operates, and stays on record", async () => {
    const { id } = (await open(2)).body;
    const close = () => send("POST", `/v1/incidents/${id}/close`, { reason: "green" }, as("operator"));
    expect((await close()).body).toMatchObject({ closedBy: "operator", closedAtMs: Date.now(), closing: "green" });
    expect((await close()).body).toMatchObject({ status: 409, code: "incidentClosed" });
    expect((await get("/v1/incidents")).body.incidents).toMatchObject([{ id, severity: 2, closing: "green" }]);
    expect(denied(await shift(80))).toEqual([]);
    const found = (await leaves(4)).map(({ action, outcome }: Record<string, string>) => `${action} ${outcome}`);
    expect(found).toEqual([
      ...["weights.shift committed", "incident.close refused", "incident.close done", "incident.open done"],
    ]);
  });
});

describe("breaking the glass", () => {
  const glass = { kind: "override", name: "glass", rules: ["stepMax"], expiresIn: "1h", reason: "eu-west is lost" };
  const away = { kind: "shiftWeights", ...SHIFT, weights: weights(0) };

  test("in the same batch lets it pass, on the record, and opens an incident that locks nobody out", async () => {
    const answer = await send("POST", "/v1/batch", { mutations: [glass, away], reason: "eu-west is lost" });
    expect(answer.body).toMatchObject({ revision: 2, changed: true });
    const [step] = answer.body.verdicts.filter(({ rule }: { readonly rule: string }) => rule === "stepMax");
    expect(step).toMatchObject({ outcome: "overridden", sentence: expect.stringContaining('The override "glass"') });
    expect(await lastLeaf()).toMatchObject({
      decisions: expect.arrayContaining([{ rule: "stepMax", outcome: "overridden" }]),
    });
    expect((await get("/v1/incidents")).body.incidents).toMatchObject([
      {
        ...{ severity: 3, revision: 2, openedBy: "token", reason: "eu-west is lost" },
        cause: { kind: "override", override: "glass", rules: ["stepMax"] },
      },
    ]);
    expect((await get("/v1/overrides")).body.overrides).toMatchObject([{ name: "glass", rules: ["stepMax"] }]);
    // What it does not name still holds, and it is over in an hour.
    expect(denied(await shift(50))).toEqual(["shiftPerHour", "waitSame", "waitOpposite"]);
    await ringAfter(HOUR_MS);
    expect((await get("/v1/overrides")).body.overrides).toEqual([]);
    expect(denied(await shift(90))).toEqual(["stepMax"]);
  });

  test("beforehand holds for what comes after it, until it is lifted", async () => {
    const { kind: _, ...body } = glass;
    await send("POST", "/v1/overrides", body);
    expect(denied(await shift(0))).toEqual([]);
    await send("POST", "/v1/overrides/glass/lift", { reason: "done" });
    passTime(MINUTE_MS);
    expect(denied(await shift(90))).toEqual(["stepMax", "shiftPerHour"]);
  });

  test("by somebody who may not changes nothing and opens nothing", async () => {
    const answer = await send("POST", "/v1/batch", { mutations: [glass, away], reason: "hurry" }, as("maintainer"));
    expect(answer.body).toMatchObject({ status: 403, missing: ["override.set"] });
    expect((await get("/v1/incidents")).body.incidents).toEqual([]);
  });
});
