/** What ships for Prometheus and Grafana, read for tests. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import * as z from "zod/mini";

const Rule = z.strictObject({
  record: z.optional(z.string()),
  alert: z.optional(z.string()),
  expr: z.string(),
  for: z.optional(z.string()),
  labels: z.optional(z.record(z.string(), z.string())),
  annotations: z.optional(z.record(z.string(), z.string())),
});
export type Rule = z.infer<typeof Rule>;

const RuleFile = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), interval: z.optional(z.string()), rules: z.array(Rule) })),
});

export const PROMETHEUS_FOLDER = "ops/prometheus";
export const RULE_FILES = filesOf("rules", ".yml");
export const RULE_TESTS = filesOf("tests", ".test.yml");

function filesOf(folder: string, ending: string): readonly string[] {
  const names = readdirSync(path.join(PROMETHEUS_FOLDER, folder)).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => path.join(PROMETHEUS_FOLDER, folder, name));
}

export function loadRules(): readonly Rule[] {
  const files = RULE_FILES.map((file) => RuleFile.parse(parse(readFileSync(file, "utf8"))));
  return files.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}

const Target = z.looseObject({ refId: z.string(), expr: z.string() });

const Panel = z.looseObject({
  id: z.int(),
  type: z.enum(["row", "timeseries", "stat", "bargauge", "table"]),
  title: z.string(),
  gridPos: z.strictObject({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
  targets: z.optional(z.array(Target)),
});

/** What Grafana wants of a dashboard that is imported, as far as this one goes. */
const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int(),
  panels: z.array(Panel),
  templating: z.looseObject({
    list: z.array(z.looseObject({ name: z.string(), type: z.string(), query: z.unknown() })),
  }),
  annotations: z.looseObject({ list: z.array(z.looseObject({ name: z.string(), expr: z.string() })) }),
});

export function loadDashboard() {
  return Dashboard.parse(JSON.parse(readFileSync("ops/grafana/fairlead.json", "utf8")));
}
