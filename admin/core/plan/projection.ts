/** How traffic spreads over regions, clusters and countries by one snapshot: what a plan compares before and after. */

export type Demand = {
  /** `recorded`: reported by edges. `policy`: stated in the Policy. `countryMix`: only the shipped spread, no rate. */
  readonly source: "recorded" | "policy" | "countryMix";
  /** Of all clients together; absent when nobody knows. */
  readonly requestsPerSecond?: number;
  /** Relative, any total. ISO 3166-1 alpha-2; `XX` unknown, `T1` Tor. */
  readonly countries: Readonly<Record<string, number>>;
  /** Relative, any total, by route name. Absent: every route gets the same. A route that is missing gets nothing. */
  readonly routes?: Readonly<Record<string, number>>;
};

export type RegionProjection = {
  readonly region: string;
  /** Of all traffic, in basis points; those of all regions and `unservedBps` sum to 10,000. */
  readonly shareBps: number;
  readonly capacityRequestsPerSecond: number;
  /** Absent when the demand has no rate. */
  readonly requestsPerSecond?: number;
  readonly utilizationBps?: number;
};

export type Projection = {
  /** What it reckons with. */
  readonly demand: { readonly source: Demand["source"]; readonly requestsPerSecond?: number };
  /** All regions of the snapshot. */
  readonly regions: readonly RegionProjection[];
  /** Those with a share; the shares of a region's clusters sum to its own. */
  readonly clusters: readonly { readonly cluster: string; readonly region: string; readonly shareBps: number }[];
  readonly countries: readonly CountryProjection[];
  /** Traffic that would be refused: by residency, because nothing takes it, or for want of its route. */
  readonly unservedBps: number;
};

export type CountryProjection = {
  readonly country: string;
  /** Of this country's traffic; with `unservedBps` they sum to 10,000. Regions without a share are left out. */
  readonly regions: Readonly<Record<string, number>>;
  readonly unservedBps: number;
};
