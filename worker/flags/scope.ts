/** What an expression may know: the context of the one who asks, which flag is asked, and when. */

/** Any JSON that the caller sends, or what the edge knows of a request (`config/flag-context.ts`). */
export type FlagContext = Readonly<Record<string, unknown>>;

export type Scope = {
  readonly context: FlagContext;
  readonly flag: string;
  /** Milliseconds since the epoch; expressions see seconds, as `$flagd.timestamp`. */
  readonly nowMs: number;
};

/** A part of an expression, ready to run. Never throws; gives `FAILED` for what cannot be worked out. */
export type Expression = (scope: Scope) => unknown;

/** flagd answers GENERAL when an operator meets values that it cannot work with, as a list where a number belongs. */
export const FAILED = Symbol("the expression cannot be worked out");

/** The key that shares are cut by, or undefined when there is none: an empty one is none, as in flagd. */
export function targetingKeyOf({ targetingKey }: FlagContext): string | undefined {
  if (typeof targetingKey === "number") return String(targetingKey);
  return typeof targetingKey === "string" && targetingKey !== "" ? targetingKey : undefined;
}
