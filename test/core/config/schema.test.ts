/** The schemas that editors use are made from the source that the parser uses. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderSchemas } from "../../../scripts/lib/schemas.ts";

const FOLDER = "config/schema";
const files = renderSchemas();

test("config/schema holds a file for each kind and one for all, and nothing else", () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...files.keys()].sort());
});

test.each([...files])("%s is current (else: npm run schema)", (name, text) => {
  expect(readFileSync(`${FOLDER}/${name}`, "utf8")).toBe(text);
});

test("the example documents name the schema that they follow", () => {
  for (const file of readdirSync("config/fleets/demo")) {
    const [line] = readFileSync(`config/fleets/demo/${file}`, "utf8").split("\n");
    expect(line).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/schema\/[a-z]+\.schema\.json$/);
    expect([...files.keys()]).toContain(line?.split("/").at(-1));
  }
});
