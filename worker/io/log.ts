/** Structured log lines, for the platform's log and its search. What a line looks like, and what stays out of it, is `logLine`. */
import { type EventFields, type EventName, logLine } from "../../config/log-line.ts";

export function logEvent(event: EventName, fields: EventFields): void {
  console.log(logLine(event, fields));
}
