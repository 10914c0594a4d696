/** What the documents say is what the code does, where a table can be compared. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderFaultMatrix } from "../wire/fault-matrix.ts";

const read = (file: string) => readFileSync(file, "utf8");

test("DESIGN shows the fault matrix that the tests hold the edge to", () => {
  expect(read("DESIGN.md")).toContain(renderFaultMatrix().trimEnd());
});

test("every npm script that README or CHANGELOG names exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }; // package.json of this project
  const named = [
    ...`${read("README.md")}${read("CHANGELOG.md")}`.matchAll(/npm run (?:--silent )?([a-z][a-z-]*)/g),
  ].map((match) => match[1] ?? "");
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test("decisions are numbered without a gap", () => {
  const numbers = [...read("DECISIONS.md").matchAll(/^## (\d+)\. /gm)].map((match) => Number(match[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
