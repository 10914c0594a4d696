/** The documents that the model's few numbers stand for, as people would write them. */
import { cluster, ROUTE, region, SERVICE } from "../support.ts";
import { CLUSTERS, type Documents } from "./state.ts";

const AP_SOUTH = region("ap-south", { latitude: 19.1, longitude: 72.9, vantage: "apac" });
const EU_WEST = region("eu-west", { latitude: 50.1, longitude: 8.7, vantage: "weur" });
const US_EAST = region("us-east", { latitude: 39, longitude: -77.5, vantage: "enam" });

/**
 * Rules that go by time, sums and figures are off: each has its own tables, and a model of them would be another
 * implementation. What is left is that a service must keep a region that takes new clients.
 */
const POLICY = {
  apiVersion: "fairlead.dev/v1",
  kind: "Policy",
  metadata: { name: "model" },
  spec: {
    safety: {
      acceptingRegionsMin: 1,
      healthyClustersMin: "off",
      utilizationMaxPercent: "off",
      stepMaxBps: "off",
      shiftPerHourMaxBps: "off",
      midChange: "off",
      waitSame: "off",
      waitOpposite: "off",
      removalMaxPercent: "off",
    },
  },
};

/** In the order in which they are kept: by kind and name. */
export function documentsOf({ capacity, declared }: Documents): readonly unknown[] {
  const steering = declared === undefined ? [] : [{ name: "europe", when: { continents: ["EU"] }, weights: declared }];
  return [
    ...Object.entries(CLUSTERS).map(([name, regionName]) => cluster(name, regionName)),
    POLICY,
    ...[AP_SOUTH, EU_WEST, US_EAST].map(({ spec, ...rest }) => ({
      ...rest,
      spec: { ...spec, capacity: { requestsPerSecond: capacity } },
    })),
    { ...ROUTE, spec: { ...ROUTE.spec, steering } },
    SERVICE,
  ];
}
