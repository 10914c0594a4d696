/** Great-circle distance, by unit vectors: a region's vector is computed once, a client's once per request. */

/** Mean radius (IUGG), kilometres. */
const EARTH_RADIUS_KM = 6371.0088;

export type UnitVector = readonly [x: number, y: number, z: number];

/** Degrees in; a point on the unit sphere out. */
export function unitVector({ latitude, longitude }: { latitude: number; longitude: number }): UnitVector {
  const phi = (latitude * Math.PI) / 180;
  const lambda = (longitude * Math.PI) / 180;
  const width = Math.cos(phi);
  return [width * Math.cos(lambda), width * Math.sin(lambda), Math.sin(phi)];
}

/** Kilometres along the surface. The chord's half-angle stays exact for near points, where `acos` would not. */
export function greatCircleKm(a: UnitVector, b: UnitVector): number {
  const chord = Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2);
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, chord / 2));
}

/** 1 for the same point, -1 for the opposite one: orders points by nearness without a square root or an arc. */
export function nearness(a: UnitVector, b: UnitVector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
