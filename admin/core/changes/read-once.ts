/**
 * What reading a list of documents gave, kept for as long as the list is: a change to documents reads them and its
 * preflight reads them again, and every plan has the documents in force looked at, which dominates its cost in a large
 * fleet. Lists are never changed once they are made.
 */
import { type ReadFleet, type ReadOptions, readFleet } from "../../../config/read-fleet.ts";

type Kept = { readonly options: ReadOptions; readonly read: ReadFleet };

const kept = new WeakMap<readonly unknown[], Kept>();

export function readOnce(inputs: readonly unknown[], options: ReadOptions): ReadFleet {
  const known = kept.get(inputs);
  if (known !== undefined && isSame(known.options, options)) return known.read;
  const read = readFleet(inputs, options);
  kept.set(inputs, { options, read });
  return read;
}

function isSame(a: ReadOptions, b: ReadOptions): boolean {
  return a.environment === b.environment && a.development === b.development;
}
