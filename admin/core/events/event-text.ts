/** Events as a stream of text (WHATWG HTML, server-sent events). Every value is JSON on one line, so none can break out. */
import type { NumberedEvent, Resumption } from "./event.ts";

/** How soon a reader comes back when the stream has ended, which it does by itself. */
const RETRY_MS = 2_000;

/** A line that readers ignore: it shows both sides that the other is still there. */
export const HEARTBEAT_TEXT = ":\n\n";

/**
 * The beginning. It names a number, so that a reader whom nothing happens to can go on from there too: `ready` when
 * nothing is missing from there on, `missed` when the reader has to read what is now.
 */
export function openingText({ after, missed }: Resumption): string {
  return `retry: ${RETRY_MS}\n${block(after, missed ? "missed" : "ready", { after })}`;
}

export function eventText({ number, event: { topic, told } }: NumberedEvent): string {
  return block(number, `${topic}.${told.kind}`, told);
}

function block(id: number, name: string, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
