/**
 * Who is asking, from what the platform says and never from what the client says. Decided here, once for everything:
 *
 * - Place comes from `request.cf`, which no header can change: Cloudflare fills it in, workerd leaves it empty.
 * - The address comes from `CF-Connecting-IP`, but only beside `request.cf`. Cloudflare overwrites the header on every
 *   request; a workerd socket passes on whatever a client wrote, and has no `cf`.
 * - `TRUST_VISITOR_HEADERS` is for workerd behind a front proxy that sets Cloudflare's visitor-location headers itself
 *   and drops the client's. Without it they are ignored.
 * - `DEVELOPMENT` lets `Fairlead-Geo` say all of it, so that one machine can play clients of the whole world.
 */
import { err, ok, type Result } from "../config/result.ts";
import type { Arrival } from "./arrival.ts";
import type { Geo } from "./routing/place.ts";
import type { Settings } from "./settings.ts";

/** In development only: JSON with the field names of `request.cf`, and `clientAddress`. */
export const GEO_HEADER = "fairlead-geo";

export type Client = { readonly geo: Geo; readonly address: string | undefined };

/** The field of `request.cf` that each visitor-location header stands for. */
const VISITOR_HEADERS = [
  ["cf-ipcountry", "country"],
  ["cf-region-code", "regionCode"],
  ["cf-ipcontinent", "continent"],
  ["cf-iplatitude", "latitude"],
  ["cf-iplongitude", "longitude"],
] as const;

const NO_GEO: Geo = {};

/** Fails only in development, for a `Fairlead-Geo` that cannot be read: silence would look like wrong routing. */
export function readClient(
  { headers, fields }: Pick<Arrival, "headers" | "fields">,
  cf: unknown,
  settings: Settings,
): Result<Client, string> {
  if (settings.development) {
    const text = headers.get(GEO_HEADER);
    if (text !== null) return readDevelopmentClient(text);
  }
  const geo = isRecord(cf) ? cf : NO_GEO;
  if (settings.trustVisitorHeaders && geo.country === undefined) {
    return ok({ geo: { ...geo, ...readVisitorHeaders(headers) }, address: cleanAddress(fields.connectingIp) });
  }
  return ok({ geo, address: geo === NO_GEO ? undefined : cleanAddress(fields.connectingIp) });
}

/** It is written into headers towards clusters, so it has to look like an address whoever sent it. */
function cleanAddress(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9A-Fa-f:.]{2,45}$/.test(value) ? value : undefined;
}

function readVisitorHeaders(headers: Headers): Geo {
  return Object.fromEntries(VISITOR_HEADERS.map(([header, field]) => [field, headers.get(header) ?? undefined]));
}

function readDevelopmentClient(text: string): Result<Client, string> {
  const geo = parseJson(text);
  if (!isRecord(geo))
    return err(`${GEO_HEADER} must be a JSON object with field names of request.cf, as {"country":"DE"}`);
  if (geo.clientAddress !== undefined && cleanAddress(geo.clientAddress) === undefined)
    return err(`${GEO_HEADER} has a clientAddress that is not an IP address`);
  return ok({ geo, address: cleanAddress(geo.clientAddress) });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Geo {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
