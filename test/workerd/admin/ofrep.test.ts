/** Flags as SDKs of OpenFeature ask for them, and the ways in which operators turn them. */
import { reset } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { tokenOf } from "./principals.ts";
import { as, ask, get, SERVICE, send, smallFleet } from "./support.ts";

const flag = (name: string, spec: object) => ({
  ...{ apiVersion: "fairlead.dev/v1", kind: "Flag", metadata: { name } },
  spec: { state: "ENABLED", ...spec },
});
const BOOLEAN = { variants: { on: true, off: false }, defaultVariant: "off" };

const FLAGS = [
  flag("checkout", {
    ...BOOLEAN,
    targeting: { if: [{ $ref: "paying" }, "on", null] },
    regions: { "us-east": { rollout: { variant: "on", shareBps: 10_000 } } },
    metadata: { team: "shop", tries: 2 },
  }),
  flag("theme", { variants: { dark: "dark", light: "light" }, defaultVariant: "light" }),
  flag("limits", { variants: { small: { items: [1, 2] } }, defaultVariant: "small" }),
  flag("retired", { ...BOOLEAN, state: "DISABLED", staleAfter: "2020-01-31" }),
  flag("open", { variants: { on: true } }),
  flag("compared", { ...BOOLEAN, targeting: { if: [{ "<": [{ var: "age" }, 18] }, "on"] } }),
  flag("shared", { ...BOOLEAN, regions: { "eu-west": { rollout: { variant: "on", shareBps: 5_000 } } } }),
];
const EVALUATOR = {
  ...{ apiVersion: "fairlead.dev/v1", kind: "Evaluator", metadata: { name: "paying" } },
  spec: { logic: { in: [{ var: "plan" }, ["pro", "team"]] } },
};
const DOCUMENTS = [
  ...smallFleet().map((document) =>
    document === SERVICE ? { ...SERVICE, spec: { ...SERVICE.spec, flags: ["checkout"] } } : document,
  ),
  ...FLAGS,
  EVALUATOR,
];

beforeAll(async () => {
  vi.spyOn(console, "log").mockReturnValue();
  const { status, body } = await send("PUT", "/v1/fleet", { documents: DOCUMENTS });
  expect([status, body.errors]).toEqual([200, undefined]);
});

afterAll(async () => {
  vi.restoreAllMocks();
  await reset();
});

const ONE = "/ofrep/v1/evaluate/flags";
const evaluate = (key: string, context?: unknown) =>
  send("POST", `${ONE}/${key}`, context === undefined ? {} : { context }, as("sdk"));

describe("one flag", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // flag       context                                   status, answer beside the key
    ["checkout",  { plan: "pro" },                          200, { value: true, variant: "on", reason: "TARGETING_MATCH", metadata: { team: "shop", tries: 2 } }],
    ["checkout",  { plan: "free" },                         200, { value: false, variant: "off", reason: "DEFAULT", metadata: { team: "shop", tries: 2 } }],
    ["checkout",  { plan: "free", region: "us-east" },      200, { value: true, variant: "on", reason: "SPLIT", metadata: { team: "shop", tries: 2 } }],
    ["theme",     {},                                       200, { value: "light", variant: "light", reason: "STATIC" }],
    ["limits",    undefined,                                200, { value: { items: [1, 2] }, variant: "small", reason: "STATIC" }],
    ["retired",   {},                                       200, { reason: "DISABLED" }],
    ["open",      {},                                       200, { reason: "DEFAULT" }],
    ["compared",  { age: ["x"] },                           400, { errorCode: "GENERAL", errorDetails: expect.any(String) }],
    ["shared",    { region: "eu-west" },                    400, { errorCode: "TARGETING_KEY_MISSING", errorDetails: expect.any(String) }],
    ["nothing",   {},                                       404, { errorCode: "FLAG_NOT_FOUND", errorDetails: expect.any(String) }],
    ["theme",     [],                                       400, { errorCode: "INVALID_CONTEXT", errorDetails: expect.any(String) }],
    ["theme",     { targetingKey: 7 },                      400, { errorCode: "INVALID_CONTEXT", errorDetails: expect.any(String) }],
  ])("%s in %j is answered %i", async (key, context, status, answer) => {
    const { status: got, body } = await evaluate(key, context);
    expect([got, body]).toEqual([status, { key, ...answer }]);
  });

  test("a body that is no JSON is a parse error, and none at all an empty context", async () => {
    const broken = await send("POST", `${ONE}/theme`, "{", as("sdk"));
    expect([broken.status, broken.body]).toEqual([
      400,
      { key: "theme", errorCode: "PARSE_ERROR", errorDetails: expect.any(String) },
    ]);
    const list = await send("POST", ONE, "[]", as("sdk"));
    expect([list.status, list.body]).toEqual([400, { errorCode: "INVALID_CONTEXT", errorDetails: expect.any(String) }]);
  });
});

describe("all flags", () => {
  test("are answered with an ETag, and by 304 while they are the same for this context", async () => {
    const context = { targetingKey: "somebody", plan: "team" };
    const first = await send("POST", ONE, { context }, as("sdk"));
    expect(first.body.flags.map(({ key, reason }: Record<string, string>) => `${key} ${reason}`)).toEqual([
      ...["checkout TARGETING_MATCH", "compared TARGETING_MATCH", "limits STATIC", "open DEFAULT"],
      ...["retired DISABLED", "shared STATIC", "theme STATIC"],
    ]);
    const etag = first.headers.get("etag") ?? "";
    const again = await send("POST", ONE, { context }, { ...as("sdk"), "if-none-match": etag });
    expect([again.status, again.headers.get("etag"), again.body]).toEqual([304, etag, ""]);
    const other = await send("POST", ONE, { context: { plan: "free" } }, { ...as("sdk"), "if-none-match": etag });
    expect(other.status).toBe(200);
  });
});

describe("who asks", () => {
  test("needs a key, in either header, and may do nothing else with it", async () => {
    const post = (headers: Readonly<Record<string, string>>) =>
      ask(`${ONE}/theme`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: "{}" });
    expect((await post({})).status).toBe(401);
    expect((await post({ "x-api-key": "wrong" })).status).toBe(401);
    expect((await post({ "x-api-key": tokenOf("sdk") })).status).toBe(200);
    expect((await post(as("auditor"))).status).toBe(403);
    expect((await get("/v1/fleet", as("sdk"))).status).toBe(403);
  });

  test("too often is told when to come back", async () => {
    const worker = (exports as unknown as { readonly default: Fetcher }).default;
    const headers = { "content-type": "application/json", ...as("viewer") };
    const askOnce = async () => {
      const answer = await worker.fetch(`http://admin${ONE}/theme`, { method: "POST", headers, body: "{}" });
      await answer.text();
      return answer;
    };
    const answers = await Promise.all(Array.from({ length: 400 }, askOnce));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(200);
    expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("a switch", () => {
  const flip = (name: string, state: string, rest: object = {}) =>
    send("POST", `/v1/flags/${name}/switch`, { state, reason: "it fails", ...rest });
  const release = (name: string, rest: object = {}) =>
    send("POST", `/v1/flags/${name}/release`, { reason: "it is mended", ...rest });
  const reason = async (key: string, context: object) => (await evaluate(key, context)).body.reason;

  test("of one region holds there alone, and one of the whole flag kills it everywhere", async () => {
    const there = { region: "eu-west", plan: "pro" };
    const elsewhere = { region: "us-east", plan: "pro" };
    const { body } = await flip("checkout", "DISABLED", { region: "eu-west" });
    expect(body.outcome).toMatchObject({ kind: "switchFlag", flag: "checkout", region: "eu-west", state: "DISABLED" });
    expect([await reason("checkout", there), await reason("checkout", elsewhere)]).toEqual(["DISABLED", "SPLIT"]);
    await flip("checkout", "ENABLED", { region: "eu-west" });
    await flip("checkout", "DISABLED");
    expect([await reason("checkout", there), await reason("checkout", elsewhere)]).toEqual(["DISABLED", "DISABLED"]);
    const { flags } = (await get("/v1/flags")).body;
    expect(flags.find(({ name }: { readonly name: string }) => name === "checkout")).toMatchObject({
      ...{ on: false, targeted: true, switched: { state: "DISABLED" }, uses: ["clusters of web"] },
      switchedRegions: [{ region: "eu-west", state: "ENABLED" }],
    });
    await release("checkout");
    await release("checkout", { region: "eu-west" });
    expect([await reason("checkout", there), await reason("checkout", elsewhere)]).toEqual([
      "TARGETING_MATCH",
      "SPLIT",
    ]);
    expect((await flip("checkout", "DISABLED", { region: "eu-wst" })).body).toMatchObject({ code: "regionUnknown" });
  });

  test("works for flags of every kind", async () => {
    for (const name of ["theme", "limits", "open", "shared"]) {
      await flip(name, "DISABLED");
      expect(await reason(name, { region: "eu-west" }), name).toBe("DISABLED");
      await release(name);
    }
  });

  test("is planned: whom it concerns, by region", async () => {
    const { body } = await send("POST", "/v1/flags/shared/switch?dryRun=true", { state: "DISABLED", reason: "x" });
    const [{ flag: name, regions }] = body.plan.flags;
    expect(name).toBe("shared");
    expect(regions.map(({ region, changedBps }: Record<string, unknown>) => [region, changedBps])).toEqual([
      ["eu-west", 10_000],
      ["us-east", 10_000],
    ]);
    const [eu] = regions;
    expect(eu.variants.map(({ variant, afterBps }: Record<string, unknown>) => [variant, afterBps])).toEqual([
      [null, 10_000],
      ["off", 0],
      ["on", 0],
    ]);
    expect(Math.abs(eu.variants[2].beforeBps - 5_000)).toBeLessThan(300);
  });
});

test("stale flags are listed with the reason", async () => {
  const { flags } = (await get("/v1/flags?stale=true")).body;
  expect(
    flags.map(({ name, stale }: { readonly name: string; readonly stale: { readonly reason: string } }) => [
      name,
      stale.reason,
    ]),
  ).toEqual([["retired", "expired"]]);
  expect((await get("/v1/flags?stale=false")).body.flags).toHaveLength(6);
});

test("a slip in targeting is refused with its JSON pointer, and what was probably meant", async () => {
  const slip = flag("slip", { ...BOOLEAN, targeting: { if: [{ starts_wiht: [{ var: "x" }, "a"] }, "on"] } });
  const { status, body } = await send("PUT", "/v1/fleet", { documents: [...DOCUMENTS, slip] });
  expect([status, body.code]).toEqual([422, "documentsInvalid"]);
  expect(body.errors).toMatchObject([
    {
      pointer: `/documents/${DOCUMENTS.length}/spec/targeting/if/0/starts_wiht`,
      code: "flag.operator",
      didYouMean: "starts_with",
    },
  ]);
});
