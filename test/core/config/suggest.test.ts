/** "Did you mean" guesses a slip and keeps quiet about another word. */
import { expect, test } from "vitest";
import { suggest } from "../../../config/suggest.ts";

const NAMES = ["eu-west", "us-east", "ap-south", "weights", "weight", "owner", "eu", "us"];

// biome-ignore format: a table reads in columns

test.each([
  ["eu-wset", "eu-west"],
  ["eu-wes", "eu-west"],
  ["EU-West", "eu-west"],
  ["wieghts", "weights"],
  ["ower", "owner"],
  ["ue", "eu"],
  ["sa-east", "us-east"],
  ["mumbai", undefined],
  ["", undefined],
  ["x".repeat(5_000), undefined],
  ["__proto__", undefined],
])("%s: %s", (word, meant) => {
  expect(suggest(word, NAMES)).toBe(meant);
});

test("what is written right is not suggested again", () => {
  expect(suggest("eu-west", ["eu-west"])).toBeUndefined();
});
