/**
 * The order of everything that has a name. By UTF-16 code units, as RFC 8785 sorts keys: the same on every machine,
 * whatever its language settings.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function sortedBy<T>(items: Iterable<T>, key: (item: T) => string): T[] {
  return [...items].sort((a, b) => compareText(key(a), key(b)));
}

/** The same record with its keys in order, so that two equal snapshots also read the same. */
export function sortedRecord<K extends string, V>(record: Readonly<Record<K, V>>): Record<K, V> {
  // `Object.entries` forgets the key type; the entries are those of `record`, so their keys are K.
  return Object.fromEntries(sortedBy(Object.entries<V>(record), ([key]) => key)) as Record<K, V>;
}
