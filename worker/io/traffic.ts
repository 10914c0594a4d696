/**
 * What passed since it was last taken: requests by country and by route, and a few of them as samples for replay. Counts
 * those that a route was found for, because the others are no load to anybody. Runs for each request, so an ordinary one
 * costs two look-ups and three additions; bounded in every respect.
 */
import {
  COUNTRIES_REPORTED_MAX,
  COUNTRIES_REST,
  COUNTRY_TOR,
  COUNTRY_UNKNOWN,
  type RequestSample,
  ROUTES_REPORTED_MAX,
  ROUTES_REST,
  SAMPLE_PATH_LENGTH_MAX,
  SAMPLES_REPORTED_MAX,
} from "../../config/beacon.ts";
import { BoundedCounts } from "../../config/bounded-counts.ts";
import { addressHash } from "../routing/affinity.ts";
import type { Facts } from "../routing/facts.ts";

/** Between two samples there are this many requests at most, and half as many on average. */
const SAMPLE_GAP_MAX = 32;

/** Longer ones are nobody's standard. */
const METHOD_LENGTH_MAX = 20;

/** A sample before its client has a pseudonym; `clientHash` stays in this isolate. */
export type SampledRequest = Omit<RequestSample, "key"> & { readonly clientHash: number };

export type Traffic = {
  readonly countries: BoundedCounts;
  readonly routes: BoundedCounts;
  readonly samples: readonly SampledRequest[];
};

export class TrafficCounter {
  readonly #chance: () => number;
  #countries = newCountries();
  #routes = newRoutes();
  #samples: SampledRequest[] = [];
  /** The first request is a sample, so that a quiet place has one; the gaps after it are drawn. */
  #untilSample = 1;

  /** `chance` is uniform in [0, 1). */
  constructor(chance: () => number) {
    this.#chance = chance;
  }

  note(route: string, facts: Facts): void {
    this.#countries.add(countryOf(facts));
    this.#routes.add(route);
    if (this.#untilSample > 1) this.#untilSample -= 1;
    else if (this.#samples.length < SAMPLES_REPORTED_MAX) this.#sample(facts);
  }

  take(): Traffic {
    const taken = { countries: this.#countries, routes: this.#routes, samples: this.#samples };
    this.#countries = newCountries();
    this.#routes = newRoutes();
    this.#samples = [];
    return taken;
  }

  #sample(facts: Facts): void {
    if (facts.path.length > SAMPLE_PATH_LENGTH_MAX || facts.method.length > METHOD_LENGTH_MAX) return;
    this.#untilSample = 1 + Math.floor(this.#chance() * SAMPLE_GAP_MAX);
    this.#samples.push(sampleOf(facts, this.#chance()));
  }
}

function newCountries(): BoundedCounts {
  return new BoundedCounts(COUNTRIES_REPORTED_MAX, COUNTRIES_REST);
}

function newRoutes(): BoundedCounts {
  return new BoundedCounts(ROUTES_REPORTED_MAX, ROUTES_REST);
}

function countryOf({ place }: Facts): string {
  return place.country ?? (place.tor ? COUNTRY_TOR : COUNTRY_UNKNOWN);
}

/** A client without an address is somebody else each time. */
function sampleOf({ host, method, path, place, asn, clientAddress }: Facts, chance: number): SampledRequest {
  const country = place.tor ? COUNTRY_TOR : place.country;
  const { continent, subdivision } = place;
  return {
    host,
    method,
    path,
    ...(country === undefined ? {} : { country }),
    ...(continent === undefined ? {} : { continent }),
    ...(subdivision === undefined ? {} : { subdivision }),
    ...(asn === undefined ? {} : { asn }),
    clientHash: clientAddress === undefined ? Math.floor(chance * 2 ** 32) : addressHash(clientAddress),
  };
}
