/** A request as people and tools describe it, and what the edge would see of it. Nothing is looked up. */
import type { Facts } from "../../../worker/routing/facts.ts";
import type { LoadedSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { type Geo, readAsn, readPlace } from "../../../worker/routing/place.ts";

export type Question = {
  /** Normalised by the caller. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
  /** Field names of `request.cf`. */
  readonly geo: Geo;
  /** What the client is kept by: its address, or the value of the service's affinity header. */
  readonly key?: string;
  /** Further headers; names in any case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A uint32, for clients without a key. */
  readonly draw: number;
};

/** The same in one flat object, with what a client has unless somebody says otherwise left out. */
export type DescribedRequest = {
  readonly host: string;
  /** `/` when absent. */
  readonly path?: string;
  /** `GET` when absent. */
  readonly method?: string;
  readonly country?: string;
  readonly continent?: string;
  /** The part of an ISO 3166-2 code behind the hyphen. */
  readonly subdivision?: string;
  readonly asn?: number;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export function questionOf(request: DescribedRequest, draw: number): Question {
  const { host, path = "/", method = "GET", key, headers, subdivision, ...place } = request;
  return {
    ...{ host, path, method, draw },
    geo: { ...place, ...(subdivision === undefined ? {} : { regionCode: subdivision }) },
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** A header that the question states counts as it is, even where a service keeps clients by it. */
export function factsOf(
  { host, path, method, geo, key, headers = {} }: Question,
  keyHeaders: ReadonlySet<string>,
): Facts {
  const stated = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const asn = readAsn(geo);
  return {
    method,
    host,
    path,
    header: (name) => stated.get(name) ?? (key !== undefined && keyHeaders.has(name) ? key : null),
    place: readPlace(geo),
    ...(asn === undefined ? {} : { asn }),
    ...(key === undefined ? {} : { clientAddress: key }),
  };
}

/** The headers that services keep their clients by. */
export function keyHeadersOf({ services }: Pick<LoadedSnapshot, "services">): ReadonlySet<string> {
  return new Set([...services.values()].flatMap(({ affinity }) => (affinity.by === "header" ? [affinity.header] : [])));
}
