/**
 * promtool, which comes with Prometheus (Debian's package `prometheus`). Whoever has it runs the tests that need it; on a
 * machine without it they are skipped, and their name says why.
 */
import { spawnSync } from "node:child_process";

export const HAS_PROMETHEUS = ["promtool", "prometheus"].every(
  (program) => spawnSync(program, ["--version"]).status === 0,
);

export const WHY_SKIPPED = HAS_PROMETHEUS ? "" : " (not run: Debian's package prometheus is not installed)";

/** What it says, and whether it was content. */
export function promtool(args: readonly string[], input = ""): { readonly fine: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { fine: status === 0, output: `${stdout}${stderr}` };
}
