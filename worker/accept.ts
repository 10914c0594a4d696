/** Whether a client would rather read an error as a page than as JSON (RFC 9110 §12.5.1). */

const HTML_TYPES: ReadonlySet<string> = new Set(["text/html", "application/xhtml+xml"]);
const JSON_TYPES: ReadonlySet<string> = new Set(["application/problem+json", "application/json", "application/*"]);

/** Enough for any browser; a longer list is not worth reading for an error answer. */
const RANGES_MAX = 30;

/** True only when HTML is named. `Accept: *\/*`, as command lines and programs send it, gets JSON. */
export function prefersHtml(accept: string | null): boolean {
  if (accept === null) return false;
  let html = 0;
  let json = 0;
  for (const range of accept.split(",", RANGES_MAX)) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = qualityOf(parameters);
    if (HTML_TYPES.has(type)) html = Math.max(html, quality);
    if (JSON_TYPES.has(type)) json = Math.max(json, quality);
  }
  return html > 0 && html >= json;
}

/** 1 without a `q`; 0, "not acceptable", for one that is not a number. */
function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  if (weight === undefined) return 1;
  const quality = Number(weight.slice(2));
  return quality >= 0 && quality <= 1 ? quality : 0;
}
