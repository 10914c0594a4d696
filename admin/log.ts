/** One structured line per event. What a line looks like, and what stays out of it, is `logLine`. */
import { type EventFields, type EventName, logLine } from "../config/log-line.ts";

export function logEvent(event: EventName, fields: EventFields): void {
  console.log(logLine(event, fields));
}

/** A caught value as one line, without a stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
