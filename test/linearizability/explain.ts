/** Says to a person why a history is not linearizable: the answer, what was running then, and what it could have been. */
import type { Operation } from "./history.ts";
import type { Stuck } from "./search.ts";
import type { Specification } from "./specification.ts";

/** More than these fill the screen and say nothing new. */
const STATES_SHOWN_MAX = 5;
const ORDER_SHOWN_MAX = 10;

/** `culprit` ends the prefix that fails; `stuck` is where the search for an order of that prefix ended. */
export function explain<S, I, O>(
  specification: Specification<S, I, O>,
  culprit: Operation<I, O>,
  prefix: readonly Operation<I, O>[],
  stuck: Stuck<S, I, O>,
): string {
  const line = (operation: Operation<I, O>) => `  ${lineOf(specification, operation)}`;
  const running = prefix.filter(({ completion }) => completion === undefined);
  const states = [...new Set(stuck.states.map((state) => `  ${specification.key(state)}`))];
  return [
    "No order of the operations explains all answers up to this one:",
    line(culprit),
    ...(stuck.at === culprit ? [] : ["Those before it explained, this one is left over:", line(stuck.at)]),
    ...(running.length === 0 ? [] : ["Without an answer by then:", ...running.map(line)]),
    "The state could only be:",
    ...states.slice(0, STATES_SHOWN_MAX),
    ...(states.length > STATES_SHOWN_MAX ? [`  and ${states.length - STATES_SHOWN_MAX} more`] : []),
    ...(stuck.order.length === 0 ? [] : ["One order that explains what came before ends with:"]),
    ...stuck.order.slice(-ORDER_SHOWN_MAX).map(line),
  ].join("\n");
}

function lineOf<S, I, O>({ describe }: Specification<S, I, O>, operation: Operation<I, O>): string {
  const { client, input, invokedAt, completion } = operation;
  const output = completion?.output;
  const text =
    describe?.(input, output) ?? `${JSON.stringify(input)} -> ${output === undefined ? "?" : JSON.stringify(output)}`;
  return `client ${client}: ${text} [${invokedAt}, ${completion?.returnedAt ?? "…"}]`;
}
