/** What is kept of the list before must never show in the digest, by which the list is found again. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256Hex } from "../../../admin/core/digest.ts";
import { digestList } from "../../../admin/core/json/list-digest.ts";
import { canonicalJson } from "../../../config/canonical.ts";

const item = fc.record({ name: fc.nat(), weights: fc.dictionary(fc.constantFrom("eu", "us", "ä"), fc.nat(9)) });
const items = fc.array(item, { maxLength: 100, size: "max" });
/** Around the lengths at which states of the hash are kept, and where one list goes on as another one did. */
const edit = fc.record({ at: fc.nat(100), removed: fc.nat(40), added: fc.array(item, { maxLength: 40, size: "max" }) });

test("the digest of a list is that of its text, whatever list it came from", () => {
  fc.assert(
    fc.property(items, fc.array(edit, { maxLength: 6 }), (first, edits) => {
      let before: readonly unknown[] = [];
      let list: readonly unknown[] = first;
      for (const { at, removed, added } of [{ at: 0, removed: 0, added: [] }, ...edits]) {
        list = list.toSpliced(at, removed, ...added);
        const text = canonicalJson(list);
        expect(digestList(list, before)).toEqual({ text, digest: sha256Hex(text) });
        before = list;
      }
    }),
  );
});

test.each([0, 1, 31, 32, 33, 63, 64, 65])(
  "a list of %i items keeps its digest when it is asked for again",
  (length) => {
    const list = Array.from({ length }, (_, index) => ({ index }));
    const longer = [...list, { index: length }];
    const digest = digestList(list).digest;
    expect(digest).toBe(sha256Hex(canonicalJson(list)));
    expect(digestList([...list], list).digest).toBe(digest);
    expect(digestList(longer, list).digest).toBe(sha256Hex(canonicalJson(longer)));
    expect(digestList(list, longer).digest).toBe(digest);
  },
);
