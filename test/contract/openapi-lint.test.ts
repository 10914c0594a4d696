/** The description that the Worker serves is clean by two linters; redocly.yaml and .spectral.yaml say by which rules. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadDescription } from "./description.ts";
import { type LintFinding, lint } from "./linters.ts";

/** Two programs that take seconds to start, on machines that do other things meanwhile. */
const LINT_MS_MAX = 120_000;

const JSON_TYPE = "application/json";

test("the description is clean", { timeout: LINT_MS_MAX }, async () => {
  const findings = await lint(await loadDescription());
  expect(findings.filter((finding) => !isForeign(finding))).toEqual([]);
});

/** OFREP is somebody else's protocol, and says itself how its refusals look. */
function isForeign({ rule, message }: LintFinding): boolean {
  return rule === "operation-4xx-problem-details-rfc7807" && message.startsWith("#/paths/~1ofrep~1");
}

/** What a new route could forget, and the rules that notice. */
const FORGOTTEN: readonly (readonly [path: readonly string[], rules: readonly string[]])[] = [
  [["info", "contact"], ["info-contact"]],
  [["paths", "/v1/health", "get", "tags"], ["operation-tags"]],
  [["paths", "/v1/health", "get", "description"], ["operation-description"]],
  [["paths", "/v1/health", "get", "operationId"], ["operation-operationId"]],
  [["paths", "/v1/health", "get", "summary"], ["operation-summary"]],
  [["paths", "/v1/fleet", "put", "requestBody", "content", JSON_TYPE, "example"], ["fairlead-request-example"]],
  [["paths", "/v1/weights", "patch", "responses", "200", "content", JSON_TYPE, "example"], ["fairlead-answer-example"]],
  [["paths", "/v1/weights", "patch", "responses", "200", "headers"], ["fairlead-answer-headers"]],
  [["paths", "/v1/explain", "get", "parameters", "0", "description"], ["parameter-description"]],
  [
    ["paths", "/problems/{code}", "get", "parameters"],
    ["path-parameters-defined", "path-params"],
  ],
  [["tags", "0", "description"], ["tag-description"]],
];

test("what a route forgets is found", { timeout: LINT_MS_MAX }, async () => {
  const broken = FORGOTTEN.reduce<unknown>((value, [path]) => without(value, path), await loadDescription());
  const found = (await lint(broken as object)).map(({ rule }) => rule); // it still is the object that it was
  for (const [path, rules] of FORGOTTEN) expect(found, path.join(".")).toEqual(expect.arrayContaining([...rules]));
});

/** The same value without the member that the keys lead to. */
function without(value: unknown, [key = "", ...rest]: readonly string[]): unknown {
  const copy = structuredClone(value) as Record<string, unknown>; // the keys say that it is an object or a list
  if (!Object.hasOwn(copy, key)) throw new Error(`there is no ${key} to leave out`);
  if (rest.length === 0) delete copy[key];
  else copy[key] = without(copy[key], rest);
  return copy;
}

test.each(["redocly.yaml", ".spectral.yaml"])("every rule that %s switches off says why", (file) => {
  const lines = readFileSync(file, "utf8").split("\n");
  const off = lines.flatMap((line, index) => (/: "?off"?$/.test(line) ? [lines[index - 1] ?? ""] : []));
  for (const before of off) expect(before).toMatch(/^\s*# Off: .+\.$/);
});
