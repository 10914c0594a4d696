/**
 * Whose past the rules ask about for one change: what it turns itself, for waits and sums, and the other controls of an
 * assertion that it turns something of, for that rule's wait. However much else was turned within the hour, a change
 * costs what it is about.
 */
import type { ControlChange } from "./control-change.ts";
import type { ResolvedSafety } from "./defaults.ts";
import type { ExaminedChange } from "./examine.ts";
import { controlsOf } from "./rules/assertions.ts";

export function lookedBackAt(
  turned: readonly ControlChange[],
  compiled: ExaminedChange["compiled"],
  { assertions }: Pick<ResolvedSafety, "assertions">,
): readonly string[] {
  const own = new Set(turned.map(({ control }) => control));
  const shared = assertions
    .map((rule) => controlsOf(rule, compiled))
    .filter((controls) => controls.some((control) => own.has(control)));
  return [...new Set([...own, ...shared.flat()])];
}
