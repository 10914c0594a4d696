/** Ends every run with `N passed, N failed`, the line that CI reads. A file that cannot be loaded counts as failed. */
import type { Reporter, TestModule } from "vitest/node";

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        if (state === "failed") failed += 1;
        if (state === "skipped") skipped += 1;
      }
    }
    // The default reporter writes its own summary in the same tick; ours has to be the last line.
    process.once("exit", () =>
      process.stdout.write(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}\n`),
    );
  }
}
