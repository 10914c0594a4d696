/** One structured line per event. `event` is `noun.verb`; texts from outside stay out, ids and codes go in. */
export function logEvent(event: string, fields: Readonly<Record<string, string | number | boolean>>): void {
  console.log(JSON.stringify({ event, ...fields }));
}

/** A caught value as one line, without a stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
