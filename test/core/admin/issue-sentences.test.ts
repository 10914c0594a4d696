/** No sentence of the schema library reaches a client. */
import { expect, test } from "vitest";
import { sentenceOf } from "../../../admin/http/issue-sentences.ts";

test.each([
  [
    {
      code: "invalid_type",
      message: "Invalid input: expected string, received undefined",
      path: ["reason"],
      expected: "string",
    },
    '"reason" is missing.',
  ],
  [
    {
      code: "invalid_type",
      message: "Invalid input: expected record, received null",
      path: ["weights"],
      expected: "record",
    },
    '"weights" must be an object.',
  ],
  [
    {
      code: "invalid_type",
      message: "Invalid input: expected int, received number",
      path: ["weights", "eu-west"],
      expected: "int",
    },
    '"eu-west" must be a whole number.',
  ],
  [
    { code: "invalid_type", message: "Invalid input: expected object, received array", path: [], expected: "object" },
    "The body must be an object.",
  ],
  [
    {
      code: "too_small",
      message: "Too small: expected string to have >=1 characters",
      path: ["reason"],
      origin: "string",
      minimum: 1,
    },
    '"reason" must not be empty.',
  ],
  [
    { code: "too_small", message: "Too small: expected number to be >=0", path: ["a"], origin: "number", minimum: 0 },
    '"a" must be at least 0.',
  ],
  [
    {
      code: "too_big",
      message: "Too big: expected string to have <=500 characters",
      path: ["reason"],
      origin: "string",
      maximum: 500,
    },
    '"reason" must be at most 500 long.',
  ],
  [
    { code: "invalid_value", message: "Invalid option", path: ["mode"], values: ["graceful", "immediate"] },
    '"mode" must be one of graceful, immediate.',
  ],
  [
    { code: "invalid_key", message: "Invalid key in record", path: ["weights"] },
    '"weights" has a key that is not a name.',
  ],
  [
    { code: "invalid_union", message: "Invalid input", path: ["documents", 3] },
    "Entry 3 does not have the form that is expected.",
  ],
  [
    { code: "invalid_format", message: 'must be a number with a unit, as in "90s"', path: ["expiresIn"] },
    '"expiresIn" must be a number with a unit, as in "90s"',
  ],
])("%j says %j", (issue, sentence) => {
  expect(sentenceOf(issue)).toBe(sentence);
});
