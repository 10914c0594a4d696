/** What-if questions: whole documents, lists of changes, past revisions, and which requests would be decided otherwise. */
import { beforeEach, describe, expect, test } from "vitest";
import { leaves, passTime, quietInStoppedTime, storedRows } from "./fleet-object.ts";
import { type Answer, as, env, get, POLICY, ROUTE, SERVICE, send, smallFleet } from "./support.ts";

quietInStoppedTime();

beforeEach(async () => {
  await send("PUT", "/v1/fleet", { documents: smallFleet() });
});

const simulate = (body: object, headers = {}) => send("POST", "/v1/simulate", body, headers);
const drain = (name: string) => ({ kind: "drain", target: { kind: "region", name }, reason: "what if" });
const shift = (euWest: number) => ({
  ...{ kind: "shiftWeights", route: "web", rule: "europe" },
  ...{ weights: { "eu-west": euWest }, reason: "what if" },
});
const withRoute = (spec: object) =>
  smallFleet().map((document) => (document === ROUTE ? { ...ROUTE, spec: { ...ROUTE.spec, ...spec } } : document));

function outcomeOf({ body }: Answer, rule: string): string {
  return body.verdicts.find((verdict: { readonly rule: string }) => verdict.rule === rule).outcome;
}

describe("a simulation", () => {
  test("is a question: nothing is stored, not even that it was asked, and a viewer may", async () => {
    const before = [await storedRows(), await leaves()];
    const mutations = [drain("eu-west"), { kind: "freeze", name: "quiet", reason: "what if" }];
    const answer = await simulate({ mutations, documents: withRoute({ steering: [] }) }, as("viewer"));
    expect(answer.status).toBe(200);
    expect([await storedRows(), await leaves()]).toEqual(before);
  });

  test("of nothing at all changes nothing", async () => {
    const { body } = await simulate({});
    expect(body).toMatchObject({ base: { revision: 1 }, diff: { documents: [], overlays: [] }, moved: { bps: 0 } });
    expect(body.after).toEqual(body.before);
  });

  test("of whole documents says what they would do, and what rules would say", async () => {
    const answer = await simulate({ documents: withRoute({ steering: [], default: { weights: { "us-east": 1 } } }) });
    expect(answer.body.diff.documents).toContainEqual(
      expect.objectContaining({ document: "Route/web", path: ["spec", "default", "weights"] }),
    );
    expect(answer.body.after.regions).toMatchObject([
      { region: "eu-west", shareBps: 0 },
      { region: "us-east", shareBps: 10_000 },
    ]);
    expect(answer.body.moved.regionBps).toBeGreaterThan(0);
    expect(outcomeOf(answer, "acceptingRegions")).toBe("pass");
  });

  test("of changes does one after the other, and denies nobody: what rules would say is what was asked", async () => {
    const both = await simulate({ mutations: [drain("eu-west"), drain("us-east")] });
    expect(both.status).toBe(200);
    expect(outcomeOf(both, "acceptingRegions")).toBe("deny");
    expect(both.body.after.unservedBps).toBe(10_000);
    expect(both.body.warnings).toContainEqual(expect.objectContaining({ code: "unservedRises" }));
    const changed = await simulate({ mutations: [shift(10), shift(90)] });
    expect(changed.body.diff).toEqual({ documents: [], overlays: [] });
  });

  test("of live state takes it in the place of what there is", async () => {
    await send("POST", "/v1/regions/eu-west/drain", { reason: "test" });
    const [overlay] = (await get("/v1/fleet")).body.overlays;
    const gone = await simulate({ overlays: [], mutations: [shift(50)] });
    expect(gone.body.diff.overlays).toMatchObject([{ kind: "removed", overlay: "regionDrain/eu-west" }]);
    expect((await simulate({ overlays: [overlay] })).body.diff.overlays).toEqual([]);
    const wrong = await simulate({ overlays: [overlay, overlay, { kind: "regionDrain" }] });
    expect(wrong.body).toMatchObject({
      code: "bodyInvalid",
      errors: [{ pointer: "/overlays/1" }, { pointer: "/overlays/2" }],
    });
  });

  test("does not ask whose it is", async () => {
    await send("PATCH", "/v1/weights", { ...shift(50), kind: undefined }, as("ci"));
    const { status, body } = await simulate({ mutations: [shift(20)] });
    expect(status).toBe(200);
    expect(body.diff.overlays).toMatchObject([{ kind: "changed", before: { managedBy: "ci" } }]);
  });

  test("starts from a past revision when it is told to", async () => {
    await send("POST", "/v1/regions/eu-west/drain", { reason: "test" });
    const then = await simulate({ revision: 1, mutations: [drain("us-east")] });
    expect(then.body.base).toMatchObject({ revision: 1 });
    expect(outcomeOf(then, "acceptingRegions")).toBe("pass");
    const now = await simulate({ mutations: [drain("us-east")] });
    expect(now.body.base).toMatchObject({ revision: 2, digest: (await get("/v1/fleet")).body.digest });
    expect(outcomeOf(now, "acceptingRegions")).toBe("deny");
    expect((await simulate({ revision: 3 })).body).toMatchObject({ status: 404, code: "revisionUnknown" });
  });

  test("reckons with what the Policy says that there is, and says who would be over capacity", async () => {
    const policy = { ...POLICY, spec: { ...POLICY.spec, demand: { requestsPerSecond: 150 } } };
    const documents = smallFleet().map((document) => (document === POLICY ? policy : document));
    await send("PUT", "/v1/fleet", { documents });
    const drained = await simulate({ mutations: [drain("eu-west")] });
    expect(drained.body.after.regions).toMatchObject([{ requestsPerSecond: 0 }, { requestsPerSecond: 150 }]);
    expect(outcomeOf(drained, "capacity")).toBe("warn"); // What has to go has to go.
    expect(drained.body.before.demand).toEqual({ source: "policy", requestsPerSecond: 150 });
    const { failures } = (await simulate({})).body;
    expect(failures.single.overCapacity).toMatchObject([{ utilizationBps: 15_000 }]);
  });

  test("says whom residency would leave without a region", async () => {
    const spec = { ...SERVICE.spec, residency: [{ clients: { continents: ["EU"] }, jurisdictions: ["eu"] }] };
    const documents = smallFleet().map((document) => (document === SERVICE ? { ...SERVICE, spec } : document));
    const { body } = await simulate({ documents });
    expect(body.failures.single.regions).toEqual(["eu-west"]);
    expect(body.failures.single.stranded).toMatchObject([
      { service: "web", countries: expect.arrayContaining(["DE", "FR"]) },
    ]);
    expect(body.failures.single.unservedBps).toBeGreaterThan(0);
    expect(body.warnings).toContainEqual(expect.objectContaining({ code: "failureStrands" }));
  });

  // biome-ignore format: a table reads in columns
  test.each([
    // body                                                                   status  code                 pointer
    [{ documents: [{}] },                                                     422,    "documentsInvalid",  "/documents/0"],
    [{ documents: smallFleet(), mutations: [drain("eu-west"), drain("x")] },  404,    "regionUnknown",     "/mutations/1/name"],
    [{ mutations: [drain("eu-west"), { ...shift(1), rule: "asia" }] },        422,    "weightsInvalid",    "/mutations/1/rule"],
    [{ mutations: [{ kind: "apply", documents: [{}] }] },                     422,    "documentsInvalid",  "/mutations/0/documents/0"],
    [{ mutations: [{ kind: "batch", mutations: [] }] },                       422,    "bodyInvalid",       "/mutations/0/kind"],
    [{ revision: 0 },                                                         422,    "bodyInvalid",       "/revision"],
    [{ requests: [{ host: "a b" }] },                                         422,    "bodyInvalid",       "/requests/0/host"],
    [{ requests: [{ host: "a", path: "/?x" }] },                              422,    "bodyInvalid",       "/requests/0/path"],
    [{ reason: "why not" },                                                   422,    "bodyInvalid",       "/reason"],
  ])("of %j answers %i %s at %s", async (body, status, code, pointer) => {
    const answer = await simulate(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors[0].pointer.startsWith(pointer), answer.body.errors[0].pointer).toBe(true);
  });
});

describe("a replay", () => {
  const clients = ["a", "b", "c", "d", "e", "f", "g", "h"].map((key) => ({
    ...{ host: "shop.example.com", path: "/cart", country: "DE", continent: "EU", key: `client-${key}` },
  }));

  async function explained({ host, country, continent, key }: (typeof clients)[number]): Promise<string> {
    const { first } = (
      await get(`/v1/explain?host=${host}&path=/cart&country=${country}&continent=${continent}&key=${key}`)
    ).body.decision;
    return `${first.region}/${first.cluster}`;
  }

  test("decides given requests as the edge would, before and after, and lists those that change", async () => {
    const elsewhere = { host: "nobody.example.com" };
    const before = await Promise.all(clients.map(explained));
    expect(new Set(before).size).toBe(2);
    const { replay } = (await simulate({ mutations: [drain("us-east")], requests: [...clients, elsewhere] })).body;
    const moving = clients.flatMap((request, index) =>
      before[index] === "us-east/us-east-blue"
        ? [{ request: { ...request, method: "GET" }, before: "us-east/us-east-blue", after: "eu-west/eu-west-blue" }]
        : [],
    );
    expect(replay).toEqual({ source: "given", requests: 9, changed: moving.length, changes: moving });
    await send("POST", "/v1/regions/us-east/drain", { reason: "now it is" });
    expect(new Set(await Promise.all(clients.map(explained)))).toEqual(new Set(["eu-west/eu-west-blue"]));
  });

  test("says by which refusal somebody would be turned away", async () => {
    const mutations = [drain("eu-west"), drain("us-east")];
    const { replay } = (await simulate({ mutations, requests: clients.slice(0, 1) })).body;
    expect(replay.changes).toMatchObject([{ after: expect.stringMatching(/^[a-z]+[A-Z][A-Za-z]+$/) }]);
  });

  test("of what edges have seen lately, when nothing is given", async () => {
    const sample = { method: "GET", path: "/cart", country: "DE", continent: "EU" };
    const samples = ["0000000a", "0000000b", "0000000c"].map((key) => ({ ...sample, host: "shop.example.com", key }));
    const report = {
      ...{ isolate: "0123456789abcdef", revision: 1, requests: 600, atMs: 1 },
      ...{ countries: { DE: 600 }, routes: { web: 600 }, sample: samples },
    };
    const beacon = env.BEACON.getByName("demo:weur");
    await beacon.fetch("https://beacon/report", { method: "POST", body: JSON.stringify(report) });
    passTime(16_000); // What was known of traffic is older than that now.
    const { body } = await simulate({ mutations: [{ ...shift(0) }] });
    expect(body.replay).toMatchObject({ source: "recorded", requests: 3 });
    expect(body.replay.changed).toBe(body.replay.changes.length);
    expect(body.before.demand).toMatchObject({ source: "recorded", requestsPerSecond: 600 / 16 });
    expect(body.before.countries.map(({ country }: { readonly country: string }) => country)).toEqual(["DE"]);
  });
});
