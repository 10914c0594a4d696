/** Rules and dashboard use metrics and labels that there are, and no others; each alert says what to do. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DEFINITIONS } from "../../../admin/core/metrics/catalogue.ts";
import { loadDescription } from "../../contract/description.ts";
import { loadDashboard, loadRules, PROMETHEUS_FOLDER } from "./shipped.ts";

const RULES = loadRules();
const ALERTS = RULES.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const RECORDED = RULES.flatMap(({ record }) => record ?? []);

/** What a target adds to every series. */
const TARGET_LABELS = ["job", "instance"];

/** Names in an expression, with what is asked of their labels. */
const SERIES_PATTERN = /([a-z]+:[a-z0-9_:]+|\bedge_[a-z0-9_]+)(?:\{([^}]*)\})?/g;

type Used = { readonly name: string; readonly labels: readonly string[] };

function seriesIn(expr: string): readonly Used[] {
  return [...expr.matchAll(SERIES_PATTERN)].map(([, name = "", matchers = ""]) => ({
    name,
    labels: [...matchers.matchAll(/([a-z_]+) *(?:=~|!~|!=|=)/g)].map((match) => match[1] ?? ""),
  }));
}

/** What is wrong with an expression, in sentences. */
function flaws(expr: string): readonly string[] {
  return seriesIn(expr).flatMap(({ name, labels }) => {
    if (name.includes(":")) return RECORDED.includes(name) ? [] : [`nobody records ${name}`];
    const definition = DEFINITIONS.find((one) => one.name === name || isPartOf(name, one.name, one.type));
    if (definition === undefined) return [`there is no ${name}`];
    const known = [...definition.labels, ...TARGET_LABELS, ...(name.endsWith("_bucket") ? ["le"] : [])];
    return labels.filter((label) => !known.includes(label)).map((label) => `${name} has no label ${label}`);
  });
}

function isPartOf(name: string, whole: string, type: string): boolean {
  return type === "histogram" && ["_bucket", "_count", "_sum"].some((part) => name === `${whole}${part}`);
}

test.each([
  ["edge_requests_total", []],
  ['sum(rate(edge_requests_total{side="stable", path="/"}[5m]))', ["edge_requests_total has no label path"]],
  ['edge_request_duration_seconds_bucket{le="0.5"}', []],
  ["edge_request_total > 0", ["there is no edge_request_total"]],
  ["region:edge_requests:rate6m", ["nobody records region:edge_requests:rate6m"]],
])("what is wrong with %s", (expr, expected) => {
  expect(flaws(expr)).toEqual(expected);
});

test.each(RULES)("$record$alert asks for what there is", ({ expr }) => {
  expect(seriesIn(expr).length).toBeGreaterThan(0);
  expect(flaws(expr)).toEqual([]);
});

describe("alerts", () => {
  const runbooks = readFileSync(`${PROMETHEUS_FOLDER}/RUNBOOKS.md`, "utf8");
  const sections = [...runbooks.matchAll(/^## (\w+)$/gm)].map((match) => match[1] ?? "");

  test.each(ALERTS)("$alert pages or makes a ticket, says what is the matter, and leads to what to do", (rule) => {
    expect(rule.alert).toMatch(/^Fairlead[A-Z]\w+$/);
    expect(["page", "ticket"]).toContain(rule.labels?.severity);
    expect(rule.annotations).toMatchObject({ summary: expect.any(String), description: expect.any(String) });
    expect(rule.annotations?.runbook_url).toMatch(new RegExp(`#${rule.alert.toLowerCase()}$`));
    expect(sections).toContain(rule.alert);
  });

  test("no section is of an alert that is gone", () => {
    expect(sections).toEqual(expect.arrayContaining(ALERTS.map(({ alert }) => alert)));
    expect(sections).toHaveLength(ALERTS.length);
  });

  test("what runbooks and commands tell people to ask can be asked", async () => {
    const description: { paths?: Record<string, Record<string, unknown>> } = await loadDescription();
    const known = Object.entries(description.paths ?? {}).flatMap(([address, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${address}`),
    );
    const told = [...runbooks.matchAll(/`((?:GET|POST|PUT|PATCH) [^ `?]+)/g)].map((match) => match[1] ?? "");
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter((one) => !known.includes(one))).toEqual([]);
    for (const { annotations = {} } of ALERTS.filter((alert) => alert.annotations?.command !== undefined))
      expect(annotations.command).toContain("/v1/regions/{{ $labels.region }}/drain");
  });
});

describe("the dashboard", () => {
  const dashboard = loadDashboard();
  const shown = dashboard.panels.filter(({ type }) => type !== "row");
  const targets = shown.flatMap(({ title, targets: of = [] }) => of.map(({ expr }) => ({ title, expr })));

  test("is one that Grafana 10 and later import", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, targets: of = [], gridPos } of shown) {
      expect(of.length, title).toBeGreaterThan(0);
      expect(new Set(of.map(({ refId }) => refId)).size, title).toBe(of.length);
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    }
  });

  test("has no two panels in one place", () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  test.each(targets)("$title shows what there is: $expr", ({ expr }) => {
    expect(flaws(expr)).toEqual([]);
  });

  test("its variables and annotations ask for what there is", () => {
    const queries = dashboard.templating.list.flatMap(({ query }) => JSON.stringify(query));
    for (const text of [...queries, ...dashboard.annotations.list.map(({ expr }) => expr)])
      expect(flaws(text.replaceAll("\\", ""))).toEqual([]);
  });

  test("together with the alerts it uses every metric", () => {
    const used = [...RULES.map(({ expr }) => expr), ...targets.map(({ expr }) => expr)].flatMap(seriesIn);
    const names = new Set(used.map(({ name }) => name.replace(/_(?:bucket|count|sum)$/, "")));
    expect(DEFINITIONS.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([]);
  });
});
