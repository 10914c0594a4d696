/** The stand-in for curl sends what curl would, for the options that README uses. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DemoCluster, startDemoCluster } from "../../../scripts/demo/cluster.ts";

let cluster: DemoCluster;
beforeAll(async () => {
  cluster = await startDemoCluster({ name: "a", region: "b", version: "1", port: 0, controlPort: 0 });
});
afterAll(() => cluster.stop());

async function curl(...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, ["test/e2e/curl.ts", ...args])).stdout;
}

test("asks with the headers that it is given", async () => {
  expect(JSON.parse(await curl("-s", `${cluster.url}/x?y=1`, "-H", 'X-Place: {"country":"DE"}'))).toMatchObject({
    request: { method: "GET", path: "/x?y=1", headers: { "x-place": '{"country":"DE"}' } },
  });
});

test("sends data by POST, or by the method that it is told", async () => {
  expect(await curl("-s", `${cluster.url}/echo`, "-d", '{"a":1}')).toBe('{"a":1}');
  expect(await curl("-s", "-X", "PATCH", `${cluster.url}/echo`, "-d", '{"a":2}')).toBe('{"a":2}');
});

test("refuses what it does not know", async () => {
  await expect(curl("--compressed", cluster.url)).rejects.toThrow("--compressed");
});
