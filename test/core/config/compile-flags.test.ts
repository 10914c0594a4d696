/** Which flags the edge is told of, and what switches make of them. */
import { describe, expect, test } from "vitest";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { Overlay } from "../../../config/overlays.ts";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import { flag, fleetOf, route, service, soundBut } from "./fixtures.ts";

const WHO = { author: "kim", reason: "x", createdAtMs: 0 };
const switched = (state: string, region?: string) =>
  Overlay.parse({ kind: "flagSwitch", flag: "beta", state, ...(region === undefined ? {} : { region }), ...WHO });

function compiled(
  spec: { readonly [key: string]: unknown },
  overlays: readonly Overlay[] = [],
  more: readonly { readonly [key: string]: unknown }[] = [],
) {
  const steering = [{ name: "testers", when: { eu: true, flag: "beta" }, weights: { us: 1 } }];
  const { fleet } = fleetOf(soundBut(route("web", { steering }), flag("beta", spec), ...more));
  const snapshot = compile({ fleet, overlays, environment: "production", revision: Revision.parse(1) });
  expect(parseSnapshot(JSON.stringify(snapshot))).toEqual({ ok: true, value: snapshot });
  return snapshot;
}

const HALF = {
  targeting: {
    fractional: [
      ["yes", 1],
      ["no", 1],
    ],
  },
};
const EU_OFF = { regions: { eu: { state: "DISABLED" } } };

describe("a rule that goes by a flag", () => {
  // biome-ignore format: a table reads in columns
  test.each<[string, { readonly [key: string]: unknown }, readonly Overlay[], string]>([
    // the flag                              switches                                      the rule
    ["the same for everybody",               {},                 [],                                          "counts"],
    ["off for everybody",                    { defaultVariant: "no" }, [],                                    "is gone"],
    ["different from client to client",      HALF,               [],                                          "asks"],
    ["different in a region",                EU_OFF,             [],                                          "asks"],
    ["disabled, with targeting",             { ...HALF, state: "DISABLED" }, [],                              "is gone"],
    ["killed, with targeting",               HALF,               [switched("DISABLED")],                      "is gone"],
    ["killed, enabled in a region",          { ...HALF, regions: { eu: { state: "ENABLED" } } }, [switched("DISABLED"), switched("ENABLED", "eu")], "is gone"],
    ["killed in a region",                   {},                 [switched("DISABLED", "eu")],                "asks"],
    ["disabled, enabled in a region",        { state: "DISABLED" }, [switched("ENABLED", "eu")],              "asks"],
  ])("%s", (_, spec, overlays, expected) => {
    const snapshot = compiled(spec, overlays);
    const [rule] = snapshot.routes[0]?.steering ?? [];
    const does = rule === undefined ? "is gone" : rule.flag === undefined ? "counts" : "asks";
    expect([does, snapshot.flags?.map(({ name }) => name)]).toEqual([expected, expected === "asks" ? ["beta"] : undefined]);
  });
});

// biome-ignore format: a table reads in columns
test.each<[readonly Overlay[], { readonly [key: string]: unknown }, string, object | undefined]>([
  // switches                                             the document          everywhere    otherwise
  [[],                                                    EU_OFF,               "ENABLED",    { eu: { state: "DISABLED" } }],
  [[switched("ENABLED")],                                 EU_OFF,               "ENABLED",    undefined],
  [[switched("DISABLED")],                                EU_OFF,               "DISABLED",   undefined],
  [[switched("ENABLED", "eu")],                           EU_OFF,               "ENABLED",    undefined],
  [[switched("DISABLED", "us")],                          EU_OFF,               "ENABLED",    { eu: { state: "DISABLED" }, us: { state: "DISABLED" } }],
  [[switched("ENABLED"), switched("DISABLED", "eu")],     { state: "DISABLED" }, "ENABLED",   { eu: { state: "DISABLED" } }],
  [[switched("DISABLED"), switched("ENABLED", "eu")],     {},                   "DISABLED",   undefined],
])("switched %j", (overlays, spec, state, regions) => {
  const { flags } = compiled({ ...HALF, ...spec }, overlays, [service("web", { flags: ["beta"] })]);
  expect([flags?.[0]?.state, flags?.[0]?.regions]).toEqual([state, regions]);
});

test("evaluators are in their places, and services tell which flags they go by", () => {
  const evaluator = {
    ...{ apiVersion: "fairlead.dev/v1", kind: "Evaluator", metadata: { name: "europe" } },
    spec: { logic: { "==": [{ var: "continent" }, "EU"] } },
  };
  const canaryFlag = { flag: "beta", variant: "yes" };
  const { flags, services } = compiled(
    { targeting: { if: [{ $ref: "europe" }, "yes", "no"] } },
    [],
    [evaluator, service("web", { flags: ["beta"], canaryFlag })],
  );
  expect(flags?.[0]?.targeting).toEqual({ if: [evaluator.spec.logic, "yes", "no"] });
  expect(services).toMatchObject([{ flags: ["beta"], canaryFlag }]);
});

test("a snapshot that goes by a flag which it does not have is none", () => {
  const snapshot = compiled(HALF);
  const answer = parseSnapshot(JSON.stringify({ ...snapshot, flags: [] }));
  expect(answer).toEqual({ ok: false, error: "route web names the flag beta, which the snapshot does not have" });
});
