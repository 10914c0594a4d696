/** Files as inputs, and from a path back to line and column. */
import { expect, test } from "vitest";
import { DEMO_PORT_BASE, loadDemoFleet } from "../../../scripts/lib/demo-fleet.ts";
import { loadFleetFolder } from "../../../scripts/lib/fleet-folder.ts";
import { parseFleetText } from "../../../scripts/lib/fleet-text.ts";

const TEXT = `# a comment
kind: Region
spec:
  list: [one, { two: 2 }]
  same: &anchor { a: 1 }
  again: *anchor
---
- kind: Route
- kind: Service
`;

// biome-ignore format: a table reads in columns
test.each([
  // document  path                              line  column
  [0,          [],                               2,    1],
  [0,          ["kind"],                         2,    1],
  [0,          ["spec", "list"],                 4,    3],
  [0,          ["spec", "list", 0],              4,    10],
  [0,          ["spec", "list", 1, "two"],       4,    17],
  [0,          ["spec", "again", "a"],           5,    19],
  [0,          ["spec", "absent", "a"],          3,    1],
  [0,          ["absent"],                       2,    1],
  [1,          [],                               8,    3],
  [2,          ["kind"],                         9,    3],
])("document %i at %j is at %i:%i", (index, path, line, column) => {
  const { documents, findings } = parseFleetText(TEXT, "yaml");
  expect(findings).toEqual([]);
  expect(documents[index]?.locate(path)).toEqual({ line, column });
});

const BOMB = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]`;

// biome-ignore format: a table reads in columns
test.each([
  ["a: 1\na: 2",              "yaml", ["2:1 yaml.duplicateKey"]],
  ['{"a":1,"a":2}',           "json", ["1:8 yaml.duplicateKey"]],
  ['{"a":1}',                 "json", []],
  ["a: 1",                    "json", ["1:1 json.syntax"]],
  ["a: !!binary aGk=",        "yaml", ["1:4 yaml.tag"]],
  ["a: !own 1",               "yaml", ["1:4 yaml.tag"]],
  ["a: 1\nb: *nothing",       "yaml", ["2:4 yaml.alias"]],
  [BOMB,                      "yaml", ["1:1 yaml.alias"]],
  ["[".repeat(20_000),        "yaml", ["1:1 yaml.syntax"]],
  ["",                        "yaml", ["1:1 file.empty"]],
  ["---\n---\n",              "yaml", ["1:1 file.empty"]],
  ["a: 1\n---\n",             "yaml", []],
  ["? [a]\n: 1",              "yaml", ["1:3 yaml.syntax"]],
  ["a: 1\n\tb: 2",            "yaml", ["2:1 yaml.syntax"]],
])("%j as %s: %j", (text, format, expected) => {
  const { findings } = parseFleetText(text, format === "json" ? "json" : "yaml");
  expect(findings.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(expected);
});

test("values are those of JSON, whatever YAML version the text asks for", () => {
  const { documents } = parseFleetText("%YAML 1.1\n---\n[{a: no, b: 2020-01-01, c: 0x1f, d: 1_000}]", "yaml");
  expect(documents.map(({ value }) => value)).toEqual([{ a: "no", b: "2020-01-01", c: 31, d: "1_000" }]);
});

test("a folder that is not there is a finding", () => {
  expect(loadFleetFolder("no/such/folder").findings.map(({ code }) => code)).toEqual(["file.unreadable"]);
});

test("the demo's ports move together", () => {
  const portsAt = (base: number) => loadDemoFleet(base).clusters.map(({ port, controlPort }) => [port, controlPort]);
  const moved = portsAt(DEMO_PORT_BASE + 1_000).map((ports) => ports.map((port) => port - 1_000));
  expect(moved).toEqual(portsAt(DEMO_PORT_BASE));
  expect(new Set(portsAt(20_000).flat())).toEqual(
    new Set([...Array(6).keys()].flatMap((i) => [20_100 + i, 20_200 + i])),
  );
});
