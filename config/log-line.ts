/**
 * One structured line an event, the same for both Workers: JSON with `event`, named noun.verb, then ids and reason codes as
 * fields. Everything passes `redact` here, in one place, so that no caller has to think of it.
 */
import { redact } from "./redact.ts";

export type EventName = `${string}.${string}`;
export type EventFields = Readonly<Record<string, unknown>>;

export function logLine(event: EventName, fields: EventFields): string {
  return JSON.stringify({ event, ...Object(redact(fields)) });
}
