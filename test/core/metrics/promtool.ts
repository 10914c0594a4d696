/**
 * promtool, which comes with Prometheus (Debian's package `prometheus`). Whoever has it runs the tests that need it; on a
 * machine without it they skip themselves, and the end of the run says why.
 */
import { spawnSync } from "node:child_process";
import type { TestContext } from "vitest";

export const HAS_PROMETHEUS = ["promtool", "prometheus"].every(
  (program) => spawnSync(program, ["--version"]).status === 0,
);

/** For `beforeEach`. */
export function skipWithoutPrometheus({ skip }: Pick<TestContext, "skip">): void {
  skip(!HAS_PROMETHEUS, "prometheus and promtool are not installed (Debian: apt-get install prometheus)");
}

/** What it says, and whether it was content. */
export function promtool(args: readonly string[], input = ""): { readonly fine: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { fine: status === 0, output: `${stdout}${stderr}` };
}
