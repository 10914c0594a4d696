/** Long runs have npm scripts of their own; `npm test` takes a slice of each, cut so that the whole suite stays short. */
const FULL = process.env.FAIRLEAD_FULL !== undefined;

export function inFullRun<T>({ slice, full }: { readonly slice: T; readonly full: T }): T {
  return FULL ? full : slice;
}
