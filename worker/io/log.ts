/** Structured log lines: one JSON object with an `event` named noun.verb, for the platform's log and its search. */
export function logEvent(event: `${string}.${string}`, fields: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ event, ...fields }));
}
