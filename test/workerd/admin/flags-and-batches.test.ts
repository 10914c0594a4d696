/** Flags that gate steering rules, and several changes as one. */
import { beforeEach, describe, expect, test } from "vitest";
import { HOUR_MS, quietInStoppedTime, ringAfter } from "./fleet-object.ts";
import { get, ROUTE, send, smallFleet } from "./support.ts";

quietInStoppedTime();

const apply = (documents: readonly unknown[]) => send("PUT", "/v1/fleet", { documents });

async function overlays() {
  return (await get("/v1/fleet")).body.overlays;
}

const FLAG = {
  ...{ apiVersion: "fairlead.dev/v1", kind: "Flag", metadata: { name: "beta" } },
  spec: { state: "DISABLED", variants: { on: true, off: false }, defaultVariant: "on" },
};

describe("a flag", () => {
  /** While it is on, Europe goes to us-east. */
  const gated = {
    ...ROUTE,
    spec: {
      ...ROUTE.spec,
      steering: [
        { name: "try", when: { continents: ["EU"], flag: "beta" }, weights: { "us-east": 1 } },
        { name: "europe", when: { continents: ["EU"] }, weights: { "eu-west": 1 } },
      ],
    },
  };
  const FLAGGED = [...smallFleet().map((document) => (document === ROUTE ? gated : document)), FLAG];
  const flip = (state: string, rest: object = {}) =>
    send("POST", "/v1/flags/beta/switch", { state, reason: "try it", ...rest });

  async function explained(): Promise<string> {
    const { body } = await get("/v1/explain?host=shop.example.com&country=DE&continent=EU&key=somebody");
    const { rule } = body.reasons.find(({ code }: { readonly code: string }) => code === "steer.rule");
    return `${rule} ${body.decision.first.region}`;
  }

  beforeEach(() => apply(FLAGGED));

  test("gates a rule: what it is switched to is what is explained, until it is released", async () => {
    expect(await explained()).toBe("europe eu-west");
    const { body } = await flip("ENABLED");
    expect(body.outcome).toEqual({ kind: "switchFlag", flag: "beta", state: "ENABLED", rules: ["web/try"] });
    expect(await explained()).toBe("try us-east");
    expect((await get("/v1/flags")).body.flags).toMatchObject([
      {
        name: "beta",
        on: true,
        declared: "DISABLED",
        rules: ["web/try"],
        switched: { author: "token", reason: "try it" },
      },
    ]);
    expect((await flip("ENABLED")).body.changed).toBe(false);
    await send("POST", "/v1/flags/beta/release", { reason: "tried" });
    expect(await explained()).toBe("europe eu-west");
    expect((await get("/v1/flags")).body.flags).toMatchObject([{ on: false, declared: "DISABLED" }]);
    expect((await send("POST", "/v1/flags/beta/release", { reason: "again" })).body.changed).toBe(false);
  });

  test("goes back by itself when the switch has an end, and stays when it has none", async () => {
    await flip("ENABLED", { expiresIn: "2h" });
    await ringAfter(2 * HOUR_MS - 1);
    expect(await explained()).toBe("try us-east");
    await ringAfter(1);
    expect(await explained()).toBe("europe eu-west");
    await flip("ENABLED");
    await ringAfter(1_000 * HOUR_MS);
    expect(await explained()).toBe("try us-east");
  });

  test.each([
    ["POST /v1/flags/bteA/switch", { state: "ENABLED" }, 404, "flagUnknown"],
    ["POST /v1/flags/bta/switch", { state: "ENABLED" }, 404, "flagUnknown"],
    ["POST /v1/flags/bta/release", {}, 404, "flagUnknown"],
    ["POST /v1/flags/beta/switch", { state: "ON" }, 422, "bodyInvalid"],
    ["POST /v1/flags/beta/switch", { state: "ENABLED", expiresIn: "1s" }, 422, "expiryInvalid"],
  ])("by %s with %j: %i %s", async (request, body, status, code) => {
    const [method = "", path = ""] = request.split(" ");
    const answer = await send(method, path, { reason: "test", ...body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    if (path.includes("/bta/")) expect(answer.body.errors).toMatchObject([{ didYouMean: "beta" }]);
    expect(await overlays()).toEqual([]);
  });
});

describe("a batch", () => {
  const batch = (mutations: readonly object[], headers = {}) =>
    send(
      "POST",
      "/v1/batch",
      { mutations: mutations.map((one) => ({ reason: "move", ...one })), reason: "move" },
      headers,
    );
  const of = (kind: "drain" | "undrain", name: string) => ({ kind, target: { kind: "region", name } });
  const weight = (euWest: number) => ({
    kind: "shiftWeights",
    route: "web",
    rule: "europe",
    weights: { "eu-west": euWest },
  });

  test("lets regions change places, which no order of single changes would", async () => {
    await apply(smallFleet());
    await send("POST", "/v1/regions/eu-west/drain", { reason: "maintenance" });
    expect((await send("POST", "/v1/regions/us-east/drain", { reason: "move" })).body.code).toBe("ruleDenied");
    for (const mutations of [
      [of("drain", "us-east"), of("undrain", "eu-west")],
      [of("drain", "eu-west"), of("undrain", "us-east")],
    ]) {
      const { status, body } = await batch(mutations);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.outcome).toMatchObject({ kind: "batch", outcomes: [{ kind: "drain" }, { kind: "undrain" }] });
    }
    expect((await get("/v1/fleet")).body).toMatchObject({
      revision: 4,
      overlays: [
        { kind: "regionDrain", region: "eu-west" },
        { kind: "regionReturn", region: "us-east" },
      ],
    });
  });

  test.each([
    // mutations                                                  status  code                pointer
    [[weight(50), of("drain", "eu-wset")], 404, "regionUnknown", "/mutations/1/name"],
    [[weight(50), weight(40), { ...weight(1), rule: "asia" }], 422, "weightsInvalid", "/mutations/2/rule"],
    [[of("drain", "eu-west"), { kind: "apply", documents: [{}] }], 422, "documentsInvalid", "/mutations/1/documents/0"],
    [[of("drain", "eu-west"), of("drain", "us-east")], 409, "ruleDenied", ""],
    [[weight(50), { ...of("drain", "eu-west"), mode: "soft" }], 422, "bodyInvalid", "/mutations/1/mode"],
    [[weight(50), { kind: "batch", mutations: [] }], 422, "bodyInvalid", "/mutations/1/kind"],
    [[], 422, "bodyInvalid", "/mutations"],
  ])("does all of %j or nothing: %i %s", async (mutations, status, code, pointer) => {
    await apply(smallFleet());
    const answer = await batch(mutations);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors[0].pointer).toMatch(new RegExp(`^${pointer}`));
    expect((await get("/v1/fleet")).body).toMatchObject({ revision: 1, overlays: [] });
  });

  test("whose parts undo each other changes nothing", async () => {
    await apply(smallFleet());
    expect((await batch([weight(50), weight(90)])).body).toMatchObject({ revision: 1, changed: false });
  });
});
