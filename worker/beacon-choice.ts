/**
 * Which beacons an edge asks, nearest first. Beacons are Durable Objects that were placed by a location hint; where the
 * hint leads is Cloudflare's choice, so each vantage stands here as one large city of its area.
 */
import type { Vantage } from "../config/vantage.ts";
import { nearness, unitVector } from "./routing/distance.ts";

type Point = { readonly latitude: number; readonly longitude: number };

const VANTAGE_POINTS = {
  wnam: { latitude: 37.4, longitude: -121.9 }, // San José
  enam: { latitude: 39.0, longitude: -77.5 }, // Ashburn
  sam: { latitude: -23.5, longitude: -46.6 }, // São Paulo
  weur: { latitude: 50.1, longitude: 8.7 }, // Frankfurt
  eeur: { latitude: 52.2, longitude: 21.0 }, // Warsaw
  apac: { latitude: 1.35, longitude: 103.8 }, // Singapore
  "apac-ne": { latitude: 35.7, longitude: 139.7 }, // Tokyo
  "apac-se": { latitude: -6.2, longitude: 106.8 }, // Jakarta
  oc: { latitude: -33.9, longitude: 151.2 }, // Sydney
  afr: { latitude: -26.2, longitude: 28.0 }, // Johannesburg
  me: { latitude: 25.2, longitude: 55.3 }, // Dubai
} as const satisfies Record<Vantage, Point>;

/** `beacons` as they come when nobody knows where this edge is: any of them has the newest revision. */
export function rankBeacons(beacons: readonly Vantage[], from: Point | undefined): readonly Vantage[] {
  if (from === undefined || beacons.length < 2) return beacons;
  const here = unitVector(from);
  const nearnessOf = (vantage: Vantage) => nearness(here, unitVector(VANTAGE_POINTS[vantage]));
  return beacons.toSorted((a, b) => nearnessOf(b) - nearnessOf(a));
}
