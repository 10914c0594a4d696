/**
 * The hashing schemes that rendezvous is measured against: Envoy's ring hash and Maglev, built on xxHash64 as Envoy
 * builds them, and the two naive ones. Only tests use them; the published conformance tables prove that they are what
 * they claim to be, so that a comparison with them means something.
 */
const MASK = (1n << 64n) - 1n;
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const rotl = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & MASK;
const mul = (a: bigint, b: bigint) => (a * b) & MASK;
const round = (acc: bigint, lane: bigint) => mul(rotl((acc + mul(lane, P2)) & MASK, 31n), P1);
const merge = (acc: bigint, lane: bigint) => (mul(acc ^ round(0n, lane), P1) + P4) & MASK;

/** xxHash64 of an ASCII text (Collet's specification, version 0.1.1). */
export function xxh64(text: string, seed = 0n): bigint {
  const bytes = Buffer.from(text, "latin1");
  let at = 0;
  let h: bigint;
  if (bytes.length >= 32) {
    let v1 = (seed + P1 + P2) & MASK;
    let v2 = (seed + P2) & MASK;
    let v3 = seed;
    let v4 = (seed - P1) & MASK;
    for (; at + 32 <= bytes.length; at += 32) {
      v1 = round(v1, bytes.readBigUInt64LE(at));
      v2 = round(v2, bytes.readBigUInt64LE(at + 8));
      v3 = round(v3, bytes.readBigUInt64LE(at + 16));
      v4 = round(v4, bytes.readBigUInt64LE(at + 24));
    }
    h = (rotl(v1, 1n) + rotl(v2, 7n) + rotl(v3, 12n) + rotl(v4, 18n)) & MASK;
    for (const lane of [v1, v2, v3, v4]) h = merge(h, lane);
  } else {
    h = (seed + P5) & MASK;
  }
  h = (h + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8)
    h = (mul(rotl(h ^ round(0n, bytes.readBigUInt64LE(at)), 27n), P1) + P4) & MASK;
  if (at + 4 <= bytes.length) {
    h = (mul(rotl(h ^ mul(BigInt(bytes.readUInt32LE(at)), P1), 23n), P2) + P3) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at += 1) h = mul(rotl(h ^ mul(BigInt(bytes.readUInt8(at)), P5), 11n), P1);
  h = mul(h ^ (h >> 33n), P2);
  h = mul(h ^ (h >> 29n), P3);
  return h ^ (h >> 32n);
}

export type Weights = Readonly<Record<string, number>>;
export type Picker = (keyHash: bigint) => string;

/** Points of all names sorted; a key belongs to the first point at or after it. `points` by name. */
export function ring(points: Readonly<Record<string, number>>): {
  positions: { name: string; hash: bigint }[];
  pick: Picker;
} {
  const positions = Object.entries(points)
    .flatMap(([name, count]) => Array.from({ length: count }, (_, i) => ({ name, hash: xxh64(`${name}_${i}`) })))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const pick: Picker = (keyHash) => {
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[middle]?.hash ?? 0n) < keyHash) low = middle + 1;
      else high = middle;
    }
    return positions[low % positions.length]?.name ?? "";
  };
  return { positions, pick };
}

/** Maglev's table (Eisenbud et al. 2016) with Envoy's weighting: a name takes part in weight/maxWeight of the turns. */
export function maglev(weights: Weights, size: number): { table: string[]; pick: Picker } {
  const entries = Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .map(([name, weight]) => ({
      name,
      weight,
      offset: Number(xxh64(name) % BigInt(size)),
      skip: Number(xxh64(name, 1n) % BigInt(size - 1)) + 1,
      next: 0,
      target: 0,
    }));
  const weightMax = Math.max(...entries.map(({ weight }) => weight));
  const table: (string | undefined)[] = Array.from({ length: size });
  let filled = 0;
  for (let turn = 1; filled < size; turn += 1) {
    for (const entry of entries) {
      if (filled === size) break;
      if (turn * entry.weight < entry.target) continue;
      entry.target += weightMax;
      let slot = (entry.offset + entry.next * entry.skip) % size;
      while (table[slot] !== undefined) {
        entry.next += 1;
        slot = (entry.offset + entry.next * entry.skip) % size;
      }
      table[slot] = entry.name;
      entry.next += 1;
      filled += 1;
    }
  }
  const names = table.map((name) => name ?? "");
  return { table: names, pick: (keyHash) => names[Number(keyHash % BigInt(size))] ?? "" };
}

/** Shares laid end to end in list order: what most hand-written weighted pickers do. */
export function cumulativeRanges(weights: Weights): Picker {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return (keyHash) => {
    let point = (Number(keyHash >> 11n) / 2 ** 53) * total;
    for (const [name, weight] of Object.entries(weights)) {
      if (point < weight) return name;
      point -= weight;
    }
    return Object.keys(weights).at(-1) ?? "";
  };
}
