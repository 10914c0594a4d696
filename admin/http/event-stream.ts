/**
 * A stream of events to one reader. It asks the health object every moment: an object that held the stream itself would
 * never sleep and be billed for every second of it. A reader that is slow, or has gone, stops the asking.
 */
import { eventText, HEARTBEAT_TEXT, openingText } from "../core/events/event-text.ts";
import { errorText, logEvent } from "../log.ts";
import type { Heard } from "../objects/health-object.ts";

/** What is known a second after it happened is live for people, and no load for the object. */
const ASK_MS = 1_000;
/** Proxies give up after 30 s or more without a byte. */
const HEARTBEAT_MS = 15_000;

export type EventStreamDeps = {
  /** Undefined: there is no room for this reader any more. */
  readonly ask: (after: number) => Promise<Heard | undefined>;
  /** The reader has gone, or its time is over. */
  readonly leave: () => Promise<void>;
  readonly endsAtMs: number;
};

/** `first` is the answer to the first question, which is asked before anything is answered, so that a failure is a problem. */
export function eventStream(first: Heard, deps: EventStreamDeps): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  const texts = textsFrom(first, deps, gone.signal);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await texts.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      // The generator may be waiting for something to tell, and hears of its end only when that has come.
      gone.abort();
      await texts.return();
    },
  });
}

async function* textsFrom(
  first: Heard,
  { ask, leave, endsAtMs }: EventStreamDeps,
  gone: AbortSignal,
): AsyncGenerator<string, void> {
  try {
    yield openingText(first);
    let heard: Heard | undefined = first;
    let after = first.after;
    let saidAtMs = Date.now();
    while (heard !== undefined) {
      for (const event of heard.events) {
        yield eventText(event);
        after = event.number;
        saidAtMs = Date.now();
      }
      const nowMs = Date.now();
      if (gone.aborted || nowMs >= endsAtMs) return;
      if (nowMs - saidAtMs >= HEARTBEAT_MS) {
        yield HEARTBEAT_TEXT;
        saidAtMs = nowMs;
      }
      if (heard.events.length === 0) await waitMs(Math.min(ASK_MS, endsAtMs - nowMs), gone);
      heard = await ask(after);
      if (heard?.missed === true) yield openingText(heard);
    }
  } catch (error) {
    // The reader comes back with the number of the last event that it has.
    logEvent("events.broken", { error: errorText(error) });
  } finally {
    await leave().catch(() => undefined); // Whoever does not ask any more is forgotten in any case.
  }
}

/** Or until the reader has gone. */
async function waitMs(ms: number, gone: AbortSignal): Promise<void> {
  await scheduler.wait(ms, { signal: gone }).catch(() => undefined);
}
