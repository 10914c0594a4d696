/**
 * Which of the two formats to answer with, by `Accept` (RFC 9110 §12.5.1). OpenMetrics is for who names it in a version
 * that we write; everybody else, a person with curl among them, gets Prometheus text. Who accepts neither gets that too:
 * a scrape that fails over a header helps nobody.
 */
import type { TextFormat } from "./text.ts";

type MediaRange = { readonly type: string; readonly version: string | undefined; readonly quality: number };

export function chooseFormat(accept: string | undefined): TextFormat {
  if (accept === undefined) return "prometheus";
  const ranges = accept.split(",").map(parseRange);
  const openMetrics = Math.max(0, ...ranges.filter(namesOpenMetrics).map(({ quality }) => quality));
  return openMetrics > 0 && openMetrics >= textQuality(ranges) ? "openMetrics" : "prometheus";
}

function namesOpenMetrics({ type, version }: MediaRange): boolean {
  return type === "application/openmetrics-text" && (version === undefined || version === "1.0.0");
}

/** By the most specific range that names it. */
function textQuality(ranges: readonly MediaRange[]): number {
  for (const name of ["text/plain", "text/*", "*/*"]) {
    const named = ranges.filter(({ type, version }) => type === name && (version === undefined || version === "0.0.4"));
    if (named.length > 0) return Math.max(...named.map(({ quality }) => quality));
  }
  return 0;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const parameter = (name: string) => parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return { type, version: parameter("version")?.replaceAll('"', ""), quality: parseQuality(parameter("q")) };
}

/** What is no quality counts as none given, as in most servers. */
function parseQuality(text: string | undefined): number {
  return text !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}
