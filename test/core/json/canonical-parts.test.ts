/** A text that is put together from parts must be the one that is digested and signed when it is written at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalList, canonicalRecord } from "../../../admin/core/json/canonical-parts.ts";
import { canonicalJson } from "../../../config/canonical.ts";

const value = fc.jsonValue({ noUnicodeString: false });

test("lists and records read as canonical JSON, also when their items are spelled already", () => {
  fc.assert(
    fc.property(fc.array(value), fc.dictionary(fc.string(), fc.oneof(value, fc.array(value))), (items, fields) => {
      for (const list of [items, items, items.toReversed(), [...items, ...items]])
        expect(canonicalList(list)).toBe(canonicalJson(list));
      for (const record of [fields, fields, { ...fields, items }])
        expect(canonicalRecord(record)).toBe(canonicalJson(record));
    }),
  );
});
