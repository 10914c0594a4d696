/** The country of each of so many clients: every country has its part of them, as exactly as their number allows. */
export function spreadByPart(parts: readonly number[], clients: number): readonly number[] {
  let country = 0;
  let until = parts[0] ?? 1;
  return Array.from({ length: clients }, (_, client) => {
    while (country < parts.length - 1 && (client + 0.5) / clients > until) {
      country += 1;
      until += parts[country] ?? 0;
    }
    return country;
  });
}
