/** What a change says, and that it says all of it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../config/canonical.ts";
import { applyChanges, diffDocuments, documentId } from "../../../config/diff.ts";
import { sortedBy } from "../../../config/order.ts";
import { cluster, fleetOf, region, route, SOUND, soundBut } from "./fixtures.ts";

const documentsOf = (inputs: readonly unknown[]) => fleetOf(inputs).documents;
const BEFORE = documentsOf(SOUND);
const steering = (us: number) => [{ name: "europe", when: { eu: true }, weights: { eu: 1, us } }];

// biome-ignore format: a table reads in columns

test.each([
  [[], []],
  [[route("web", { default: { weights: { eu: 3 } } })], [{ kind: "changed", document: "Route/web", path: ["spec", "default", "weights", "eu"], before: 1, after: 3 }]],
  [[route("web", { default: { weights: { eu: 1, us: 0 } } })], [{ kind: "added", document: "Route/web", path: ["spec", "default", "weights", "us"], after: 0 }]],
  [[region("eu", { jurisdictions: ["eu", "uk"] })], [{ kind: "changed", document: "Region/eu", path: ["spec", "jurisdictions"], before: ["eu"], after: ["eu", "uk"] }]],
])("%j", (changes, expected) => {
  expect(diffDocuments(BEFORE, documentsOf(soundBut(...changes)))).toEqual(expected);
});

test("a document that came or went is one change", () => {
  const after = documentsOf(soundBut(cluster("eu-two")));
  const [added] = diffDocuments(BEFORE, after);
  expect(added).toMatchObject({ kind: "added", document: "Cluster/eu-two", path: [] });
  expect(diffDocuments(after, BEFORE)).toMatchObject([{ kind: "removed", document: "Cluster/eu-two", path: [] }]);
});

test("a steering rule keeps its place, so its weights are compared one by one", () => {
  const [before, after] = [1, 2].map((us) => documentsOf(soundBut(route("web", { steering: steering(us) }))));
  expect(diffDocuments(before ?? [], after ?? [])).toEqual([
    { kind: "changed", document: "Route/web", path: ["spec", "steering", 0, "weights", "us"], before: 1, after: 2 },
  ]);
});

const named = fc.record({
  kind: fc.constantFrom("Region", "Route"),
  metadata: fc.record({ name: fc.constantFrom("a", "b", "c") }),
  spec: fc.dictionary(fc.constantFrom("x", "y", "constructor"), fc.jsonValue({ maxDepth: 2 })),
});
const lists = fc.uniqueArray(named, { selector: documentId });

test("applying the difference gives the new documents, and nothing differs from itself", () => {
  fc.assert(
    fc.property(lists, lists, (before, after) => {
      const applied = applyChanges(before, diffDocuments(before, after));
      expect(canonicalJson(applied)).toBe(canonicalJson(sortedBy(after, documentId)));
      expect(diffDocuments(before, [...before].reverse())).toEqual([]);
    }),
  );
});
