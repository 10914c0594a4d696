/**
 * Ends every run with `N passed, N failed`, the line that CI reads. A file that cannot be loaded counts as failed. Before
 * that it tells what tests said when they skipped themselves, each reason once.
 */
import type { Reporter, TestModule } from "vitest/node";

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    const reasons = new Set<string>();
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed += 1;
        if (result.state === "failed") failed += 1;
        if (result.state === "skipped") skipped += 1;
        if (result.state === "skipped" && result.note !== undefined) reasons.add(result.note);
      }
    }
    // The default reporter writes its own summary in the same tick; ours has to be the last line.
    process.once("exit", () => {
      for (const reason of reasons) process.stdout.write(`Skipped: ${reason}\n`);
      process.stdout.write(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}\n`);
    });
  }
}
