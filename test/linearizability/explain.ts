/** Says to a person why a history is not linearizable: the answer, what was running then, and what it could have been. */
import type { Operation } from "./history.ts";
import type { Stuck } from "./search.ts";
import type { Specification } from "./specification.ts";

/** More than these fill the screen and say nothing new. */
const STATES_SHOWN_MAX = 5;
const OPERATIONS_SHOWN_MAX = 10;

/** `culprit` ends the prefix that fails; `stuck` is where the search for an order of that prefix ended. */
export function explain<S, I, O>(
  specification: Specification<S, I, O>,
  culprit: Operation<I, O>,
  prefix: readonly Operation<I, O>[],
  stuck: Stuck<S, I, O>,
): string {
  const line = (operation: Operation<I, O>) => `  ${lineOf(operation)}`;
  const running = prefix.filter(({ completion }) => completion === undefined);
  const states = [...new Set(stuck.states.map((state) => `  ${specification.key(state)}`))];
  const order = stuck.order.map(line).toReversed();
  return [
    "No order of the operations explains all answers up to this one:",
    line(culprit),
    ...(stuck.at === culprit ? [] : ["Those before it explained, this one is left over:", line(stuck.at)]),
    ...section("Without an answer by then, the latest first:", running.map(line).toReversed(), OPERATIONS_SHOWN_MAX),
    ...section("The state could only be:", states, STATES_SHOWN_MAX),
    ...section("One order that explains what came before, from its end:", order, OPERATIONS_SHOWN_MAX),
  ].join("\n");
}

function section(title: string, lines: readonly string[], max: number): readonly string[] {
  if (lines.length === 0) return [];
  const more = lines.length > max ? [`  and ${lines.length - max} more`] : [];
  return [title, ...lines.slice(0, max), ...more];
}

function lineOf<I, O>({ client, input, invokedAt, completion }: Operation<I, O>): string {
  const call = `client ${client}: ${JSON.stringify(input)}`;
  if (completion === undefined) return `${call} [from ${invokedAt}]`;
  return `${call} -> ${JSON.stringify(completion.output)} [${invokedAt} to ${completion.returnedAt}]`;
}
