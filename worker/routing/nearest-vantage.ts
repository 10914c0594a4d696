/**
 * Which vantage is nearest to a place. Vantages are Durable Objects that were placed by a location hint; where the hint
 * leads is Cloudflare's choice, so each stands here as one large city of its area.
 */
import type { Vantage } from "../../config/vantage.ts";
import { nearness, type UnitVector, unitVector } from "./distance.ts";

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

/** Nearest first; of equally near ones the first stays first. */
export function rankVantages(vantages: readonly Vantage[], from: Point): readonly Vantage[] {
  const here = unitVector(from);
  return vantages.toSorted((a, b) => nearnessOf(b, here) - nearnessOf(a, here));
}

function nearnessOf(vantage: Vantage, here: UnitVector): number {
  return nearness(here, unitVector(VANTAGE_POINTS[vantage]));
}

/** One for each whole degree, both poles and both sides of the date line included. */
const LONGITUDES = 361;
const CELLS = 181 * LONGITUDES;

/**
 * The nearest of some vantages, worked out once for each cell of a degree and then looked up: for a request that is two
 * roundings and one read, and however many clients there are, it is 65 KB. A degree is 111 km, as exact as the points
 * of countries are (DECISIONS 11).
 */
export class VantageMap {
  readonly vantages: readonly Vantage[];
  /** Which of them, counted from 1; 0 where nobody has asked yet. */
  readonly #cells = new Uint8Array(CELLS);

  constructor(vantages: readonly Vantage[]) {
    this.vantages = vantages;
  }

  /** Undefined only when there are no vantages. */
  nearest({ latitude, longitude }: Point): Vantage | undefined {
    const cell = (Math.round(latitude) + 90) * LONGITUDES + Math.round(longitude) + 180;
    return this.vantages[(this.#cells[cell] || this.#fill(cell)) - 1];
  }

  #fill(cell: number): number {
    const middle = { latitude: Math.floor(cell / LONGITUDES) - 90, longitude: (cell % LONGITUDES) - 180 };
    const [nearest] = rankVantages(this.vantages, middle);
    const number = nearest === undefined ? 0 : this.vantages.indexOf(nearest) + 1;
    this.#cells[cell] = number;
    return number;
  }
}
