/**
 * What cannot happen, stated where it holds. A failed invariant is a bug in Fairlead, never bad input: what can happen
 * is a value the caller must look at (STYLE, "two kinds of failure").
 */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws unless `condition` holds. `holds` says in words what should be true. */
export function invariant(condition: unknown, holds: string): asserts condition {
  if (!condition) throw new InvariantError(`expected: ${holds}`);
}

/** The end of a `switch` over a closed union: a new case makes every such place a compile error. */
export function unreachable(value: never): never {
  throw new InvariantError(`expected: a known case, got ${JSON.stringify(value)}`);
}
