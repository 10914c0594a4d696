/** Which beacons an edge asks, nearest first. */
import type { Vantage } from "../config/vantage.ts";
import { rankVantages } from "./routing/nearest-vantage.ts";

type Point = Parameters<typeof rankVantages>[1];

/** `beacons` as they come when nobody knows where this edge is: any of them has the newest revision. */
export function rankBeacons(beacons: readonly Vantage[], from: Point | undefined): readonly Vantage[] {
  return from === undefined || beacons.length < 2 ? beacons : rankVantages(beacons, from);
}
