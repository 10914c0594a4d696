/** Templates and values: what comes out, and where findings point when it does not. */
import { describe, expect, test } from "vitest";
import { readFleet } from "../../../config/read-fleet.ts";
import { findingsOf, PRODUCTION, region, route, service, summary } from "./fixtures.ts";

type Json = { readonly [key: string]: unknown };

const PARAMETERS = { region: { type: "string" }, weight: { type: "integer", default: 5 } };
// biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders are what is tested
const SPEC = { region: "${region}", service: "web", endpoint: "https://${region}.example.com", weight: "${weight}" };

function template(parameters: Json = PARAMETERS, spec: Json = SPEC): Json {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders are what is tested
  const cluster = { metadata: { name: "${region}-web" }, spec };
  return {
    apiVersion: "fairlead.dev/v1",
    kind: "ClusterTemplate",
    metadata: { name: "web" },
    spec: { parameters, cluster },
  };
}

function environment(clusters: readonly Json[], values?: Json, name = "production"): Json {
  const spec = values === undefined ? { clusters } : { values, clusters };
  return { apiVersion: "fairlead.dev/v1", kind: "Environment", metadata: { name }, spec };
}

const entry = (values: Json, name = "web") => ({ template: name, values });

/** Template at 0, environment at 1, and what they lean on behind them. */
const fleet = (...documents: readonly Json[]) => [...documents, region("eu"), service("web"), route("web")];

test("a whole placeholder keeps its type, one inside text becomes text", () => {
  const { fleet: read, findings } = readFleet(fleet(template(), environment([entry({ region: "eu" })])), PRODUCTION);
  expect(summary(findings)).toEqual([]);
  expect(read.clusters).toEqual([
    {
      apiVersion: "fairlead.dev/v1",
      kind: "Cluster",
      metadata: { name: "eu-web" },
      spec: { region: "eu", service: "web", endpoint: "https://eu.example.com", weight: 5 },
    },
  ]);
});

// biome-ignore format: a table reads in columns
test.each([
  // own            shared          weight
  [{},              undefined,      5],
  [{},              { weight: 6 },  6],
  [{ weight: 7 },   { weight: 6 },  7],
])("own %j, shared %j: %i", (own, shared, weight) => {
  const inputs = fleet(template(), environment([entry({ region: "eu", ...own })], shared));
  expect(readFleet(inputs, PRODUCTION).fleet.clusters[0]?.spec.weight).toBe(weight);
});

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: placeholders are what is tested */
// biome-ignore format: a table reads in columns
describe.each([
  ["a missing value",               template(), environment([entry({})]), ["parameter.missing 1/spec/clusters/0/values"]],
  ["an unknown value",              template(), environment([entry({ region: "eu", wieght: 1 })]), ["parameter.unknown 1/spec/clusters/0/values/wieght"]],
  ["a value of another type",       template(), environment([entry({ region: "eu", weight: "1" })]), ["parameter.type 1/spec/clusters/0/values/weight"]],
  ["a shared value nobody takes",   template(), environment([entry({ region: "eu" })], { wieght: 1 }), ["parameter.unused 1/spec/values/wieght"]],
  ["an unknown template",           template(), environment([entry({ region: "eu" }, "wbe"), entry({ region: "eu" })]), ["reference.unknown 1/spec/clusters/0/template"]],
  ["a bad value",                   template(), environment([entry({ region: "eu", weight: -1 })]), ["field.range 1/spec/clusters/0/values/weight"]],
  ["a dangling value",              template(), environment([entry({ region: "eu" }), entry({ region: "ue" })]), ["reference.unknown 1/spec/clusters/1/values/region"]],
  ["the same cluster twice",        template(), environment([entry({ region: "eu" }), entry({ region: "eu", weight: 1 })]), ["name.duplicate 1/spec/clusters/1/values/region", "endpoint.shared? 1/spec/clusters/1/values/region"]],
  ["an undeclared placeholder",     template(PARAMETERS, { ...SPEC, side: "${side}" }), environment([entry({ region: "eu" })]), ["parameter.undeclared 0/spec/cluster/spec/side"]],
  ["a malformed placeholder",       template(PARAMETERS, { ...SPEC, side: "${Side}" }), environment([entry({ region: "eu" })]), ["parameter.malformed 0/spec/cluster/spec/side"]],
  ["an open placeholder",           template(PARAMETERS, { ...SPEC, side: "${side" }), environment([entry({ region: "eu" })]), ["parameter.malformed 0/spec/cluster/spec/side"]],
  ["an unused parameter",           template({ ...PARAMETERS, side: { type: "string" } }), environment([entry({ region: "eu", side: "canary" })]), ["parameter.unused 0/spec/parameters/side"]],
  ["a default of another type",     template({ ...PARAMETERS, weight: { type: "integer", default: true } }), environment([entry({ region: "eu" })]), ["parameter.type 0/spec/parameters/weight/default"]],
  ["a field that does not exist",   template(PARAMETERS, { ...SPEC, sied: "${region}" }), environment([entry({ region: "eu" })]), ["field.unknown 0/spec/cluster/spec/sied"]],
  ["a value that is a placeholder", template(), environment([entry({ region: "${region}" })]), ["field.format 1/spec/clusters/0/values/region", "field.format 1/spec/clusters/0/values/region"]],
  ["another environment's slip",    template(), environment([entry({ region: "eu" })]), []],
  ["no such environment",           template(), environment([entry({ region: "eu" })], undefined, "prodution"), ["environment.unknown 1/metadata/name"]],
])("%s", (_what, made, values, expected) => {
  test("is found where it was written", () => {
    expect(findingsOf(fleet(made, values))).toEqual(expected);
  });
});
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: placeholders are what is tested */

test("every environment is read, and only the chosen one makes clusters", () => {
  const staging = environment([entry({ regoin: "eu", region: "us" })], undefined, "staging");
  const inputs = fleet(template(), environment([entry({ region: "eu" })]), staging);
  const { fleet: read, findings } = readFleet(inputs, PRODUCTION);
  expect(summary(findings)).toEqual(["parameter.unknown 2/spec/clusters/0/values/regoin"]);
  expect(read.clusters.map(({ metadata }) => metadata.name)).toEqual(["eu-web"]);
});

test("a finding in a resolved cluster names it", () => {
  const { findings } = readFleet(fleet(template(), environment([entry({ region: "eu", weight: -1 })])), PRODUCTION);
  expect(findings.map(({ message }) => message)).toEqual(['cluster eu-web: "weight" must be at least 0']);
});

test("parameters may have the names of JavaScript's own properties", () => {
  const made = template(
    { region: { type: "string" }, constructor: { type: "integer" } },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders are what is tested
    { ...SPEC, weight: "${constructor}" },
  );
  expect(findingsOf(fleet(made, environment([entry({ region: "eu" })])))).toEqual([
    "parameter.missing 1/spec/clusters/0/values",
  ]);
  expect(findingsOf(fleet(made, environment([entry({ region: "eu", constructor: 3 })])))).toEqual([]);
});
