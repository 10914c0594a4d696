/** The laws of the door: it answers whatever knocks, and what it lets in can be compiled. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import { canonicalJson } from "../../../config/canonical.ts";
import { compile } from "../../../config/compile.ts";
import { DOCUMENT_SCHEMAS, RESERVED_KINDS } from "../../../config/documents.ts";
import { FINDING_CODES, hasErrors } from "../../../config/findings.ts";
import { Revision } from "../../../config/ids.ts";
import { DOCUMENTS_MAX } from "../../../config/limits.ts";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { loadDemoFleet } from "../../../scripts/lib/demo-fleet.ts";
import { PRODUCTION, region } from "./fixtures.ts";

const DEMO = loadDemoFleet().documents;
const OPTIONS = { environment: "demo", development: true };
const REVISION = z.parse(Revision, 1);

/** Reads, and holds the answer against what every answer promises. */
function readAny(inputs: readonly unknown[]): void {
  const { fleet, findings } = readFleet(inputs, OPTIONS);
  for (const { code, path, message } of findings) {
    expect(FINDING_CODES).toContain(code);
    expect(message).toMatch(/^[^\n]{3,2000}$/);
    expect(path.length === 0 || typeof path[0] === "number").toBe(true);
  }
  if (hasErrors(findings)) return;
  const text = canonicalJson(compile({ fleet, overlays: [], environment: "demo", revision: REVISION }));
  const parsed = parseSnapshot(text);
  expect(parsed.ok ? "" : parsed.error).toBe("");
}

test("any JSON gets an answer", () => {
  fc.assert(fc.property(fc.array(fc.jsonValue({ noUnicodeString: false }), { maxLength: 5 }), readAny));
});

test("any JavaScript value gets an answer", () => {
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true });
  fc.assert(fc.property(fc.array(anything, { maxLength: 5 }), readAny));
});

test("a document of a known kind with any metadata and spec gets an answer", () => {
  const kind = fc.constantFrom(...Object.keys(DOCUMENT_SCHEMAS), ...Object.keys(RESERVED_KINDS));
  const document = fc.record({
    apiVersion: fc.constant("fairlead.dev/v1"),
    kind,
    metadata: fc.jsonValue(),
    spec: fc.jsonValue(),
  });
  fc.assert(fc.property(fc.array(document, { maxLength: 5 }), readAny));
});

test("the demo fleet with any one part replaced, renamed or taken out gets an answer", () => {
  const places = DEMO.flatMap((document, index) => pathsIn(document).map((path) => [index, ...path]));
  const replacement = fc.oneof(
    fc.constantFrom(undefined, null, 0, -1, "", "a", "__proto__", "constructor", "eu-west", "any", [], {}, true),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...places), replacement, fc.boolean(), (place, value, rename) => {
      // What stands at the root of the mutated value is the list of documents.
      readAny(mutated(DEMO, place, value, rename) as readonly unknown[]);
    }),
    { numRuns: 400 },
  );
});

test("the order of documents says nothing about the fleet", () => {
  const { fleet } = readFleet(DEMO, OPTIONS);
  fc.assert(
    fc.property(fc.shuffledSubarray([...DEMO], { minLength: DEMO.length }), (shuffled) => {
      expect(readFleet(shuffled, OPTIONS).fleet).toEqual(fleet);
    }),
    { numRuns: 20 },
  );
});

test("more documents than a fleet has are refused before any is read", () => {
  const inputs = Array.from({ length: DOCUMENTS_MAX + 1 }, () => null);
  expect(readFleet(inputs, PRODUCTION).findings.map(({ code }) => code)).toEqual(["limit.exceeded"]);
});

test("what is read back is what was written", () => {
  expect(readFleet([region("eu")], PRODUCTION).documents).toEqual([region("eu")]);
});

type Path = readonly (string | number)[];

function pathsIn(value: unknown): Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [[], ...keys.flatMap((key) => pathsIn(childOf(value, key)).map((path) => [key, ...path]))];
}

function childOf(value: object, key: string | number): unknown {
  return Object.entries(value).find(([name]) => name === String(key))?.[1];
}

function mutated(value: unknown, [key, ...rest]: Path, by: unknown, rename: boolean): unknown {
  if (key === undefined || typeof value !== "object" || value === null) return by;
  if (Array.isArray(value)) return value.with(Number(key), mutated(value[Number(key)], rest, by, rename));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (name !== key) return [name, item];
      return rename && rest.length === 0 ? [`${name}x`, item] : [name, mutated(item, rest, by, rename)];
    }),
  );
}
