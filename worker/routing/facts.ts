/**
 * What a decision may know of one request. Nothing else about the request takes part, so that explain and replay,
 * given the same facts, answer the same.
 */
export type Place = {
  /** ISO 3166-1 alpha-2. Absent when not known: no geo at all, `XX`, or Tor. */
  readonly country?: string | undefined;
  /** ISO 3166-2, as in `US-CA`. */
  readonly subdivision?: string | undefined;
  readonly continent?: string | undefined;
  readonly eu: boolean;
  /** Measured for the client, else the country's own point; absent when neither is known. */
  readonly coordinates?:
    | { readonly latitude: number; readonly longitude: number; readonly from: "client" | "country" }
    | undefined;
  /** Came through Tor (`T1`): its country says nothing about the person. */
  readonly tor: boolean;
};

export type Facts = {
  /** Upper case. */
  readonly method: string;
  /** Lower case, without port and trailing dot. */
  readonly host: string;
  /** As it will be sent, without the query. */
  readonly path: string;
  /** The value of a header by its lower-case name, or null. */
  readonly header: (name: string) => string | null;
  readonly place: Place;
  readonly asn?: number | undefined;
  /** As the platform gives it; the affinity key when a service asks for it. */
  readonly clientAddress?: string | undefined;
  /** The cluster this client is bound to, from a verified token: what lets it stay while a region drains. */
  readonly binding?: string | undefined;
};
