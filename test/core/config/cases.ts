/** Runs tables of fleets that differ from the sound one in a few documents, each against its findings. */
import { describe, expect, test } from "vitest";
import { findingsOf, soundBut } from "./fixtures.ts";

type Json = { readonly [key: string]: unknown };

/** What is different, the documents that are, and `code path` of every finding. */
export type Case = readonly [what: string, documents: readonly Json[], expected: readonly string[]];

export function testCases(groups: Readonly<Record<string, readonly Case[]>>): void {
  describe.each(Object.entries(groups))("%s", (_, cases) => {
    test.each(cases)("%s", (_what, documents, expected) => {
      expect(findingsOf(soundBut(...documents))).toEqual(expected);
    });
  });
}
