/** What `npm run validate` prints. A change here is read as prose: would it help the person who made the mistake? */
import { expect, test } from "vitest";
import { validate } from "../../scripts/lib/validate.ts";

test("a fleet with everything wrong", async () => {
  const { code, stdout, stderr } = validate(["test/golden/bad-fleet"]);
  await expect(stdout).toMatchFileSnapshot("bad-fleet.golden.txt");
  expect([code, stderr]).toEqual([1, ""]);
});

test("as JSON, the same findings", () => {
  const { code, stdout } = validate(["test/golden/bad-fleet", "--json"]);
  const { errors, warnings, findings } = JSON.parse(stdout);
  expect(code).toBe(1);
  expect(findings).toHaveLength(errors + warnings);
  expect(Object.keys(findings[0])).toEqual(expect.arrayContaining(["file", "line", "column", "code", "message"]));
});

test("the demo fleet is sound", () => {
  expect(validate(["config/fleets/demo", "--development"])).toEqual({
    code: 0,
    stdout: "0 errors, 0 warnings\n",
    stderr: "",
  });
});

test.each([[[]], [["a", "b"]], [["a", "--nonsense"]], [["--environment"]]])("%j is not understood", (args) => {
  const { code, stdout, stderr } = validate(args);
  expect([code, stdout]).toEqual([64, ""]);
  expect(stderr).toMatch(/\n\nusage: npm run validate/);
});

test("a folder that is not there is an error, not a crash", () => {
  expect(validate(["no/such/folder"])).toMatchObject({ code: 1, stderr: "" });
});
