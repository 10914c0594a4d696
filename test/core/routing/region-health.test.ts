/** What regions come to is worked out once for each view, also when views take turns. */
import { expect, test } from "vitest";
import { loadSnapshot } from "../../../worker/routing/loaded-snapshot.ts";
import { healthOf } from "../../../worker/routing/region-health.ts";
import { view, world } from "./world.ts";

const [service] = loadSnapshot(world()).services.values();
const region = service?.regions.find(({ name }) => name === "eu-west");
const VIEWS = ["healthy", "degraded", "unhealthy", "unknown", "healthy"].map((state) =>
  view({ "eu-west-blue": state as "healthy" | "degraded" | "unhealthy" | "unknown" }),
);
const HEALTHY_BPS = [10_000, 0, 0, 10_000, 10_000];

test.each([
  // views that take turns, of which the second round finds again
  [1, 1],
  [2, 2],
  [4, 4],
  [5, 0],
])("of %i views in turns %i are found again, and none is taken for another", (views, foundAgain) => {
  if (service === undefined || region === undefined) throw new Error("a world has a service in Europe");
  const used = VIEWS.slice(0, views);
  const first = used.map((one) => healthOf(region, service, one));
  const second = used.map((one) => healthOf(region, service, one));
  expect(second.map(({ healthyBps }) => healthyBps)).toEqual(HEALTHY_BPS.slice(0, views));
  expect(second.filter((one, i) => one === first[i])).toHaveLength(foundAgain);
});
