import { describe, expect, test } from "vitest";
import { parseStrictJson } from "../../../admin/core/json/strict-json.ts";

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("JSON as the API accepts it", () => {
  test.each([
    // text                                        value
    ['{"a":[1,2,{"b":null}]}', { a: [1, 2, { b: null }] }],
    ['{"a":1,"b":{"a":2}}', { a: 1, b: { a: 2 } }],
    ['"{[,:\\""', '{[,:"'],
    ['[{"a":1},{"a":1}]', [{ a: 1 }, { a: 1 }]],
    ['{"a":"a","b":"a"}', { a: "a", b: "a" }],
    ["1e308", 1e308],
    ['"\\ud83d\\ude00"', "😀"],
    ['{"constructor":1,"toString":2}', { constructor: 1, toString: 2 }],
    [nested(4), [[[[]]]]],
  ])("%s is read", (text, value) => {
    expect(parseStrictJson(text, 4)).toEqual({ ok: true, value });
  });

  test.each([
    // text                            code              pointer
    ["", "syntax", ""],
    ["{", "syntax", ""],
    ["{'a':1}", "syntax", ""],
    ["[1,]", "syntax", ""],
    ["NaN", "syntax", ""],
    ['{"a":01}', "syntax", ""],
    ['"\\x"', "syntax", ""],
    [nested(5), "tooDeep", "/0/0/0/0"],
    ['{"a":1,"b":{"c":1,"c":2}}', "duplicateKey", "/b/c"],
    ['{"a":1,"\\u0061":2}', "duplicateKey", "/a"],
    ['[0,{"__proto__":{}}]', "forbiddenKey", "/1/__proto__"],
    ['{"\\u005f_proto__":1}', "forbiddenKey", "/__proto__"],
    ['{"a":[1,1e400]}', "numberTooLarge", "/a/1"],
    ['{"a":"\\ud800"}', "loneSurrogate", "/a"],
    ['{"\\ud800":1}', "loneSurrogate", ""],
  ])("%s is refused as %s", (text, code, pointer) => {
    const result = parseStrictJson(text, 4);
    expect(
      result.ok ? undefined : { code: result.error.code, pointer: result.error.pointer.replace(/\/$/, "") },
    ).toEqual({
      code,
      pointer,
    });
  });

  test.each([
    ["open brackets", "[".repeat(4_000_000), "tooDeep"],
    ["a string of escaped quotes that never ends", `"${'\\"'.repeat(2_000_000)}`, "syntax"],
    ["backslashes that never end", `"${"\\".repeat(4_000_000)}`, "syntax"],
    ["digits", "1".repeat(4_000_000), "numberTooLarge"],
  ])("%s cost time in proportion to their length", { timeout: 2_000 }, (_, text, code) => {
    expect(parseStrictJson(text, 32)).toMatchObject({ ok: false, error: { code } });
  });
});
