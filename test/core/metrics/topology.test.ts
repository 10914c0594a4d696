/** What metrics have to know of a revision, from the demo's own snapshot. */
import { expect, test } from "vitest";
import { METRICS } from "../../../admin/core/metrics/catalogue.ts";
import { topologyOf } from "../../../admin/core/metrics/topology.ts";
import { RouteName } from "../../../config/ids.ts";
import type { Snapshot } from "../../../config/snapshot.ts";
import { planDemo } from "../../../scripts/demo/plan.ts";

const SNAPSHOT: Snapshot = planDemo(8_787).snapshot;

const named = (name: string) => (one: { readonly name: string }) => one.name === name;

test("has each cluster's place, and the weights of rules that have some", () => {
  const { clusters, weights, weightsOmitted, regions } = topologyOf(SNAPSHOT, "d");
  expect(clusters).toHaveLength(9);
  expect(clusters[0]).toEqual({
    cluster: "ap-south-accounts",
    service: "accounts",
    region: "ap-south",
    inService: true,
  });
  expect(weights).toEqual([
    { route: "web", rule: "europe", region: "eu-west", weight: 100 },
    { route: "web", rule: "americas", region: "us-east", weight: 100 },
    { route: "web", rule: "asia", region: "ap-south", weight: 100 },
  ]);
  expect(weightsOmitted).toBe(0);
  expect(regions).toContainEqual({ region: "us-east", drained: false });
});

test("a drained region takes its clusters out of service, a drained cluster itself", () => {
  const closed = { adminState: "disabled" } as const;
  const snapshot: Snapshot = {
    ...SNAPSHOT,
    regions: SNAPSHOT.regions.map((one) => (named("us-east")(one) ? { ...one, availability: closed } : one)),
    clusters: SNAPSHOT.clusters.map((one) => (named("eu-west-blue")(one) ? { ...one, availability: closed } : one)),
  };
  const { clusters, regions } = topologyOf(snapshot, "d");
  expect(regions.filter(({ drained }) => drained)).toEqual([{ region: "us-east", drained: true }]);
  expect(clusters.filter(({ inService }) => !inService).map(({ cluster }) => cluster)).toEqual([
    "eu-west-blue",
    "us-east-accounts",
    "us-east-blue",
    "us-east-green",
  ]);
});

test("carries no more weights than are shown, and says how many there are besides", () => {
  const [route] = SNAPSHOT.routes.filter(named("web"));
  if (route === undefined) throw new Error("the demo has a route web");
  const { seriesMax } = METRICS.regionWeight;
  const routes = Array.from({ length: seriesMax }, (_, at) => ({ ...route, name: RouteName.parse(`r${at}`) }));
  const { weights, weightsOmitted } = topologyOf({ ...SNAPSHOT, routes }, "d");
  expect(weights).toHaveLength(seriesMax);
  expect(weightsOmitted).toBe(2 * seriesMax);
});
