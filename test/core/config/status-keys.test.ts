/** A key says whose status it is, so no two clusters may have the same. */
import { expect, test } from "vitest";
import { cluster, findingsOf, soundBut } from "./fixtures.ts";

const key = (letter: string) => ({ statusKey: `${letter.repeat(43)}=` });

// biome-ignore format: a table reads in columns
test.each([
  // eu-web       us-web                          findings
  [key("A"),      key("B"),                       []],
  [key("A"),      {},                             []],
  [key("A"),      key("A"),                       ["statusKey.shared 4/spec/statusKey"]],
  [{ statusKey: "short" }, {},                    ["field.format 3/spec/statusKey"]],
])("%j and %j", (eu, us, expected) => {
  const inputs = soundBut(cluster("eu-web", eu), cluster("us-web", { region: "us", ...us }));
  expect(findingsOf(inputs)).toEqual(expected);
});
