/** Prometheus' own tool, on what we write and on what we ship. */
import { beforeEach, describe, expect, test } from "vitest";
import { familiesOf } from "../../../admin/core/metrics/families.ts";
import { writeText } from "../../../admin/core/metrics/text.ts";
import { FACTS } from "./facts.ts";
import { promtool, skipWithoutPrometheus } from "./promtool.ts";
import { PROMETHEUS_FOLDER, RULE_FILES, RULE_TESTS } from "./shipped.ts";

/** Rules are evaluated for days of data, by a program of its own, on a machine that does other things meanwhile. */
const RULES_MS_MAX = 60_000;

beforeEach(skipWithoutPrometheus);

describe("promtool", () => {
  test("finds nothing wrong with the metrics", () => {
    expect(promtool(["check", "metrics"], writeText(familiesOf(FACTS), "prometheus"))).toEqual({
      fine: true,
      output: "",
    });
  });

  test("would find a metric that is named wrongly", () => {
    const { fine, output } = promtool(["check", "metrics"], "# TYPE requests counter\nrequests 1\n");
    expect(fine).toBe(false);
    expect(output).toContain("_total");
  });

  test("finds nothing wrong with the rules, and with the configuration around them", () => {
    expect(promtool(["check", "rules", ...RULE_FILES])).toMatchObject({ fine: true });
    const syntaxOnly = ["check", "config", "--syntax-only", `${PROMETHEUS_FOLDER}/prometheus.yml`];
    expect(promtool(syntaxOnly)).toMatchObject({ fine: true });
  });

  test.each(RULE_TESTS)("passes %s", { timeout: RULES_MS_MAX }, (file) => {
    const { fine, output } = promtool(["test", "rules", file]);
    expect(fine, output).toBe(true);
  });
});
