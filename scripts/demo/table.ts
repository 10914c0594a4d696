/**
 * The live table of the demo as text: which region serves which country, on what revision, and what fails.
 * Pure; where and how often it is printed is decided in `live-table.ts`.
 */
import { COUNTRY_MIX } from "../../admin/core/plan/country-mix.ts";
import { sortedBy } from "../../config/order.ts";
import type { CountryTraffic, TrafficSummary } from "./traffic-window.ts";

export type TableState = {
  readonly summary: TrafficSummary;
  /** In the order of the columns. */
  readonly regions: readonly string[];
  /** Longer lines are cut: a line that wraps would break redrawing in place. */
  readonly width: number;
  readonly color: boolean;
};

/**
 * The countries with a row of their own, always in this order, so that the eye can stay on one; the others share a row.
 * Some from each region's part of the world, and no more than fit a terminal of 24 lines.
 */
const COUNTRY_ROWS = ["CN", "IN", "ID", "JP", "US", "BR", "MX", "DE", "GB", "FR", "NG", "XX", "T1"];
const COUNTRY_WIDTH = 18;
const COLUMN_WIDTH = 10;
const CLUSTERS_PER_LINE = 3;
const CLUSTER_WIDTH = 22;

const NAMES: ReadonlyMap<string, string> = new Map(COUNTRY_MIX.map(({ code, name }) => [code, name]));

type Style = "plain" | "bold" | "red" | "green";
type Line = { readonly text: string; readonly style: Style };

export function renderTable({ summary, regions, width, color }: TableState): string {
  const byCode = new Map(summary.countries.map((country) => [country.code, country]));
  const others = summary.countries.filter(({ code }) => !COUNTRY_ROWS.includes(code));
  const lines: readonly Line[] = [
    plain(heading(summary)),
    plain(""),
    plain(row("", ["requests", ...regions, "errors"])),
    ...COUNTRY_ROWS.map((code) => {
      const label = `${code} ${NAMES.get(code) ?? ""}`;
      return plain(countryRow(label, byCode.get(code) ?? sumOf([]), regions));
    }),
    plain(countryRow("others", sumOf(others), regions)),
    { text: countryRow("all", sumOf(summary.countries), regions), style: "bold" },
    plain(""),
    ...clusterLines(summary.byCluster).map(plain),
    { text: `errors    ${errorsLine(summary)}`, style: summary.sinceStart.errors === 0 ? "green" : "red" },
  ];
  return lines.map(({ text, style }) => `${paint(text.slice(0, width).trimEnd(), style, color)}\n`).join("");
}

function plain(text: string): Line {
  return { text, style: "plain" };
}

function heading({ windowMs, requests, byRevision }: TrafficSummary): string {
  const seconds = windowMs / 1_000;
  return `${revisions(byRevision)} · ${(requests / seconds).toFixed(1)} requests/s · the last ${seconds} s`;
}

/** Newest first: after a change the old one fades out. */
function revisions(byRevision: Readonly<Record<string, number>>): string {
  const served = Object.entries(byRevision).sort(([a], [b]) => Number(b) - Number(a));
  const total = served.reduce((sum, [, requests]) => sum + requests, 0);
  const [only, another] = served;
  if (only === undefined) return "no revision yet";
  if (another === undefined) return `revision ${only[0]}`;
  return `revisions ${served.map(([revision, requests]) => `${revision} (${percent(requests, total)})`).join(", ")}`;
}

function countryRow(label: string, traffic: Omit<CountryTraffic, "code">, regions: readonly string[]): string {
  const shares = regions.map((region) => percent(traffic.byRegion[region] ?? 0, traffic.requests));
  return row(label, [
    traffic.requests === 0 ? "-" : String(traffic.requests),
    ...shares,
    traffic.errors === 0 ? "-" : String(traffic.errors),
  ]);
}

function row(label: string, cells: readonly string[]): string {
  const cut = label.length > COUNTRY_WIDTH ? `${label.slice(0, COUNTRY_WIDTH - 1)}.` : label;
  return cut.padEnd(COUNTRY_WIDTH) + cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join("");
}

function sumOf(countries: readonly CountryTraffic[]): Omit<CountryTraffic, "code"> {
  const byRegion: Record<string, number> = {};
  for (const country of countries) {
    for (const [region, requests] of Object.entries(country.byRegion)) {
      byRegion[region] = (byRegion[region] ?? 0) + requests;
    }
  }
  const sum = (of: "requests" | "errors") => countries.reduce((total, country) => total + country[of], 0);
  return { requests: sum("requests"), errors: sum("errors"), byRegion };
}

function clusterLines(counts: Readonly<Record<string, number>>): string[] {
  const total = Object.values(counts).reduce((sum, requests) => sum + requests, 0);
  const shares = sortedBy(Object.entries(counts), ([name]) => name).map(([name, requests]) =>
    `${name} ${percent(requests, total)}`.padEnd(CLUSTER_WIDTH),
  );
  const lineCount = Math.max(1, Math.ceil(shares.length / CLUSTERS_PER_LINE));
  return Array.from({ length: lineCount }, (_, i) => {
    const start = i * CLUSTERS_PER_LINE;
    return `${i === 0 ? "clusters" : ""}`.padEnd(10) + shares.slice(start, start + CLUSTERS_PER_LINE).join("");
  });
}

function errorsLine({ errors, sinceStart }: TrafficSummary): string {
  const now = sortedBy(Object.entries(errors), ([error]) => error);
  const recent = now.length === 0 ? "none" : now.map(([error, requests]) => `${error} ${requests}`).join("  ");
  return `${recent}  (${sinceStart.errors} of ${sinceStart.requests} since the start)`;
}

/** `-` is none at all, which is not the same as a few. */
function percent(part: number, whole: number): string {
  if (part === 0) return "-";
  const rounded = Math.round((part / whole) * 100);
  return rounded === 0 ? "<1%" : `${rounded}%`;
}

/** Select Graphic Rendition (ECMA-48). */
const CODES = { bold: 1, red: 31, green: 32 } as const;

function paint(text: string, style: Style, color: boolean): string {
  return style === "plain" || !color ? text : `\x1b[${CODES[style]}m${text}\x1b[0m`;
}
