/** Snapshots, clients and healths of every kind for laws: four regions, one service with up to twelve clusters, one route. */
import fc from "fast-check";
import { Snapshot } from "../../../config/snapshot.ts";
import { facts, view } from "./world.ts";

export const REGIONS = ["eu-west", "us-east", "ap-south", "sa-east"] as const;
const JURISDICTIONS = ["eu", "us", "in"] as const;
const COUNTRIES = ["DE", "FR", "US", "IN", "BR", "T1", "XX", "ZZ", undefined] as const;

const adminState = fc.constantFrom("enabled", "enabled", "enabled", "draining", "disabled");
const availability = fc.record({ adminState, deadlineMs: fc.nat(1_000) }, { requiredKeys: ["adminState"] });
const weights = fc.dictionary(fc.constantFrom(...REGIONS), fc.nat(100));
const selector = fc.oneof(
  fc.record({ countries: fc.subarray(["DE", "US", "IN", "BR"], { minLength: 1 }) }),
  fc.constant({ eu: true }),
  fc.constant({ unknown: true }),
  fc.constant({ any: true }),
  fc.record({ continents: fc.subarray(["EU", "NA", "AS"], { minLength: 1 }) }),
);
const residency = fc.array(
  fc.record({ clients: selector, jurisdictions: fc.subarray([...JURISDICTIONS], { minLength: 1 }) }),
  { minLength: 1, maxLength: 3 },
);

const region = (name: string) =>
  fc.record({
    name: fc.constant(name),
    latitude: fc.integer({ min: -90, max: 90 }),
    longitude: fc.integer({ min: -180, max: 180 }),
    jurisdictions: fc.subarray([...JURISDICTIONS]),
    availability,
  });

const replicaLag = fc.record({ readsMs: fc.nat(9_000), writesMs: fc.nat(9_000) }, { requiredKeys: [] });

const service = fc.record(
  {
    name: fc.constant("web"),
    residency,
    affinity: fc.constantFrom(
      { by: "none" },
      { by: "clientAddress" },
      { by: "header", header: "x-user" },
      { by: "cookie", maxAgeSeconds: 60 },
    ),
    canaryShareBps: fc.dictionary(fc.constantFrom(...REGIONS), fc.nat(10_000)),
    attemptsMax: fc.integer({ min: 1, max: 5 }),
    firstByteMs: fc.constant(1_000),
    totalMs: fc.constant(2_000),
    recovery: fc.constant({ rampMs: 60_000, floorBps: 1_000 }),
    load: fc.oneof(
      fc.constant({ lean: false }),
      fc.record({ lean: fc.boolean(), shed: fc.constant({ lowBps: 5_000, highBps: 9_000 }) }),
    ),
    replicaLag,
  },
  { requiredKeys: ["name", "affinity", "canaryShareBps", "attemptsMax", "firstByteMs", "totalMs", "recovery", "load"] },
);

const clusters = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...Array.from({ length: 12 }, (_, i) => `c${i}`)),
    service: fc.constant("web"),
    region: fc.constantFrom(...REGIONS),
    endpoint: fc.constant("https://a.example.net"),
    side: fc.constantFrom("stable", "canary"),
    weight: fc.nat(100),
    availability,
  }),
  { selector: ({ name }) => name, maxLength: 12 },
);

const routes = fc
  .record(
    {
      name: fc.constant("web"),
      service: fc.constant("web"),
      hosts: fc.constant(["*"]),
      paths: fc.constant([{ prefix: "/" }]),
      steering: fc.array(fc.record({ name: fc.constant("rule"), when: selector, weights }), { maxLength: 2 }),
      default: fc.oneof(
        fc.record({ by: fc.constant("weights"), weights }),
        fc.record({ by: fc.constantFrom("proximity", "latency"), regions: fc.subarray([...REGIONS]) }),
      ),
      failover: fc.record({
        order: fc.oneof(fc.constantFrom("proximity", "none"), fc.subarray([...REGIONS], { minLength: 1 })),
        overprovisioningFactor: fc.integer({ min: 100, max: 300 }),
        panicThreshold: fc.nat(100),
        onPanic: fc.constantFrom("spread", "reject"),
      }),
      replicaLag,
    },
    { requiredKeys: ["name", "service", "hosts", "paths", "steering", "default", "failover"] },
  )
  .map((route) => [route]);

export const snapshots = fc
  .record({
    schemaVersion: fc.constant(1),
    environment: fc.constant("test"),
    revision: fc.nat(9),
    beacons: fc.constant([]),
    regions: fc.tuple(...REGIONS.map(region)),
    services: service.map((one) => [one]),
    clusters,
    routes,
  })
  .map((snapshot) => Snapshot.parse(snapshot));

export const clients = fc
  .record(
    {
      geo: fc.record(
        {
          country: fc.constantFrom(...COUNTRIES),
          latitude: fc.integer({ min: -90, max: 90 }),
          longitude: fc.integer({ min: -180, max: 180 }),
        },
        { requiredKeys: ["country"] },
      ),
      method: fc.constantFrom("GET", "HEAD", "OPTIONS", "POST", "DELETE"),
      clientAddress: fc.ipV6(),
      binding: fc.constantFrom(...Array.from({ length: 12 }, (_, i) => `c${i}`)),
      headers: fc.record({ "x-user": fc.string() }, { requiredKeys: [] }),
    },
    { requiredKeys: ["geo"] },
  )
  .map(facts);

export const healths = fc
  .record({
    states: fc.dictionary(fc.stringMatching(/^c\d$/), fc.constantFrom("healthy", "degraded", "unhealthy", "unknown")),
    ejected: fc.array(fc.stringMatching(/^c\d$/)),
    capacity: fc.dictionary(fc.stringMatching(/^c\d$/), fc.integer({ min: 1, max: 10_000 })),
    utilization: fc.dictionary(fc.stringMatching(/^c\d$/), fc.nat(10_000)),
    lag: fc.dictionary(fc.stringMatching(/^c\d$/), fc.nat(10_000)),
    rank: fc.subarray([...REGIONS]),
  })
  .map(({ states, ejected, capacity, utilization, lag, rank }) =>
    view(states, ejected, {
      capacityBps: new Map(Object.entries(capacity)),
      utilizationBps: new Map(Object.entries(utilization)),
      lagMs: new Map(Object.entries(lag)),
      latencyRanks: new Map([["web/DE", rank]]),
    }),
  );

export const draws = fc.integer({ min: 0, max: 2 ** 32 - 1 });
export const nows = fc.nat(2_000);
