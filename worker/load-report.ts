/**
 * Reads what a cluster says of its own load in the answer's `endpoint-load-metrics` header: ORCA in its two readable
 * forms, `TEXT cpu_utilization=0.3,application_utilization=0.8` and `JSON {"cpu_utilization": 0.3}`. The application's
 * own figure counts before the processor's, as in gRFC A58. The header is for us, but harmless to clients: it stays.
 */
import { SHARE_BPS_TOTAL } from "../config/limits.ts";

export const LOAD_HEADER = "endpoint-load-metrics";

/** What a well-meant report needs; a longer one is not read. */
const REPORT_LENGTH_MAX = 1_024;

const FIELDS = ["application_utilization", "cpu_utilization"] as const;

/** 0 to 10,000 (more than full counts as full), or undefined when the header says nothing that we understand. */
export function readUtilizationBps(value: string): number | undefined {
  if (value.length > REPORT_LENGTH_MAX) return undefined;
  const text = value.trim();
  const figures = text.startsWith("JSON") ? readJson(text.slice(4)) : readText(text.replace(/^TEXT\b/, ""));
  for (const field of FIELDS) {
    const figure = figures.get(field);
    if (figure !== undefined && figure >= 0) return Math.min(SHARE_BPS_TOTAL, Math.round(figure * SHARE_BPS_TOTAL));
  }
  return undefined;
}

function readText(text: string): ReadonlyMap<string, number> {
  return finite(text.split(",").map((pair) => pair.split("=", 2).map((part) => part.trim())));
}

function readJson(text: string): ReadonlyMap<string, number> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? finite(Object.entries(parsed)) : new Map();
  } catch {
    return new Map(); // not a report: the cluster counts as one that does not say
  }
}

function finite(entries: readonly (readonly unknown[])[]): ReadonlyMap<string, number> {
  return new Map(
    entries.flatMap(([name, value]) => {
      const figure = typeof value === "string" && value !== "" ? Number(value) : value;
      return typeof name === "string" && typeof figure === "number" && Number.isFinite(figure) ? [[name, figure]] : [];
    }),
  );
}

/** Weight of the newest report (Envoy's load-aware locality). */
const ALPHA = 0.3;

/** Reported load moves in steps of 5%, so that it does not make a new health view with every answer. */
const STEP_BPS = 500;

/** A report counts this long; a cluster that stops reporting is one that does not say. */
const STALE_MS = 60_000;

/** Utilization by cluster as this isolate has heard it, smoothed. */
export class LoadReports {
  readonly #means = new Map<string, { mean: number; atMs: number }>();
  #published: ReadonlyMap<string, number> = new Map();

  record(cluster: string, utilizationBps: number, now: number): void {
    const known = this.#means.get(cluster);
    const fresh = known === undefined || now - known.atMs > STALE_MS;
    this.#means.set(cluster, {
      mean: fresh ? utilizationBps : known.mean + ALPHA * (utilizationBps - known.mean),
      atMs: now,
    });
  }

  /** The same map as long as no figure has moved by a step. */
  utilizationBps(now: number): ReadonlyMap<string, number> {
    const stepped = new Map<string, number>();
    for (const [cluster, { mean, atMs }] of this.#means) {
      if (now - atMs <= STALE_MS) stepped.set(cluster, Math.round(mean / STEP_BPS) * STEP_BPS);
      else this.#means.delete(cluster);
    }
    const same =
      stepped.size === this.#published.size && [...stepped].every(([name, bps]) => this.#published.get(name) === bps);
    if (!same) this.#published = stepped;
    return this.#published;
  }
}
