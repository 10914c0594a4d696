/** Reports as SARIF 2.1.0: held to what its schema requires and allows of the parts that are used. */
import { expect, test } from "vitest";
import * as z from "zod";
import { sarifOf } from "../../../admin/core/preflight/sarif.ts";
import { type Case, judge, web, webStatus, worldBut } from "./world.ts";

// The properties are those of the OASIS schema (sarif-schema-2.1.0.json), which forbids all others; what it requires is
// required here, and some of what its prose and code hosts ask for besides.
const Text = z.strictObject({ text: z.string().min(1) });
const Level = z.enum(["none", "note", "warning", "error"]);
const Rule = z.strictObject({
  ...{ id: z.string().min(1), shortDescription: Text, fullDescription: Text, help: Text },
  defaultConfiguration: z.strictObject({ level: Level }),
});
const Location = z.strictObject({
  physicalLocation: z
    .strictObject({
      artifactLocation: z.strictObject({ uri: z.string().regex(/^[^/\\:]+(\/[^/\\]+)*$/) }),
      region: z.strictObject({ startLine: z.int().min(1), startColumn: z.int().min(1) }),
    })
    .optional(),
  logicalLocations: z.array(
    z.strictObject({ index: z.int().min(0), fullyQualifiedName: z.string().startsWith("/documents") }),
  ),
});
const Place = z.strictObject({
  ...{ index: z.int().min(0), name: z.string(), fullyQualifiedName: z.string() },
  kind: z.enum(["array", "object", "property", "value"]),
  parentIndex: z.int().min(0).optional(),
});
const Result = z.strictObject({
  ...{ ruleId: z.string(), ruleIndex: z.int().min(0), level: Level, message: Text },
  locations: z.array(Location).min(1),
  partialFingerprints: z.record(z.string().regex(/^[\w/]+$/), z.string().min(1)),
  properties: z.looseObject({ fix: z.string() }),
});
const Log = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string().min(1),
          semanticVersion: z.string().regex(/^\d+\.\d+\.\d+$/),
          informationUri: z.url(),
          rules: z.array(Rule),
        }),
      }),
      logicalLocations: z.array(Place),
      columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]),
      invocations: z.array(z.strictObject({ executionSuccessful: z.boolean(), exitCode: z.int() })).min(1),
      results: z.array(Result),
      properties: z.looseObject({ ok: z.boolean() }),
    }),
  ]),
});

const TROUBLE: Case = {
  documents: worldBut(web("eu-web"), web("us-web", { image: "registry.example/web:4.0" })),
  statuses: { "eu-web": null, "us-web": webStatus({ secrets: [] }) },
};

function sarif(one: Case = {}, options = {}) {
  const report = judge(one);
  const log = sarifOf(report, { toolVersion: "1.2.3", ...options });
  // As it travels: what JSON has no word for is gone.
  return { report, run: Log.parse(JSON.parse(JSON.stringify(log))).runs[0] };
}

test.each<[string, Case]>([
  ["nothing", {}],
  ["errors and warnings", TROUBLE],
  ["broken documents", { documents: worldBut(web("eu-web", { weight: -1, endpoint: "https://10.0.0.1" })) }],
  ["what is about no document", { statuses: "unavailable" }],
])("%s is SARIF", (_, one) => {
  const { report, run } = sarif(one);
  expect(run.results.map(({ ruleId, level }) => [ruleId, level])).toEqual(
    report.findings.map(({ code, severity }) => [code, severity]),
  );
  for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  expect(new Set(run.tool.driver.rules.map(({ id }) => id)).size).toBe(run.tool.driver.rules.length);
  for (const { locations } of run.results)
    for (const { index, fullyQualifiedName } of locations.flatMap(({ logicalLocations }) => logicalLocations))
      expect(run.logicalLocations[index]?.fullyQualifiedName).toBe(fullyQualifiedName);
  for (const [index, { parentIndex, fullyQualifiedName, name, ...place }] of run.logicalLocations.entries()) {
    expect(place.index).toBe(index);
    const around = parentIndex === undefined ? "" : run.logicalLocations[parentIndex]?.fullyQualifiedName;
    expect(fullyQualifiedName).toBe(`${around}/${name}`);
  }
  expect(run.invocations).toEqual([{ executionSuccessful: true, exitCode: report.ok ? 0 : 1 }]);
});

test("a result points into the JSON, and says what to do", () => {
  const [result] = sarif(TROUBLE).run.results;
  expect(result).toMatchObject({
    ...{ ruleId: "image.notPinned", level: "error" },
    message: {
      text: "The image of us-web (us) is registry.example/web:4.0, by a tag that can be moved: what runs may change without anybody's doing. Add the digest that the tag stands for today: `name:tag@sha256:...`.",
    },
    locations: [{ logicalLocations: [{ fullyQualifiedName: "/documents/5/spec/image" }] }],
    properties: { document: "Cluster/us-web", clusters: ["us-web"], regions: ["us"] },
  });
});

test("where files are known, it points there as well", () => {
  const fileOf = ({ path }: { readonly path: string }) =>
    path.startsWith("/documents/5/") ? { uri: "fleet/clusters.yaml", line: 12, column: 3 } : undefined;
  const { run } = sarif(TROUBLE, { fileOf });
  expect(run.results.map(({ locations }) => locations[0]?.physicalLocation?.region.startLine)).toEqual([
    12,
    12,
    undefined,
  ]);
});

test("the same trouble keeps its fingerprint when its document moves, and other trouble has another", () => {
  const fingerprints = (one: Case) => sarif(one).run.results.map((result) => result.partialFingerprints["fairlead/v1"]);
  const here = fingerprints(TROUBLE);
  const [first, ...others] = TROUBLE.documents ?? [];
  if (first === undefined) throw new Error("the world has documents");
  expect(fingerprints({ ...TROUBLE, documents: [...others, first] })).toEqual(here);
  expect(new Set(here).size).toBe(3);
});
