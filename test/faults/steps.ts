/**
 * What one side of a connection does, as data: bytes, pauses and the two ways to end it. Answers of the recording server,
 * requests of the raw client and faults of the proxy are all lists of these.
 */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { unreachable } from "../../config/invariant.ts";

export type Step =
  | { readonly kind: "send"; readonly bytes: Buffer }
  | { readonly kind: "pause"; readonly ms: number }
  /** FIN: nothing more comes from here, in order. */
  | { readonly kind: "fin" }
  /** RST: the connection breaks. */
  | { readonly kind: "reset" };

/** Text is taken byte for character, so that a test can write any byte as `\xNN`. */
export function send(content: string | Buffer): Step {
  return { kind: "send", bytes: typeof content === "string" ? Buffer.from(content, "latin1") : content };
}

export function pause(ms: number): Step {
  return { kind: "pause", ms };
}

export const FIN: Step = { kind: "fin" };
export const RESET: Step = { kind: "reset" };

/** A reset overtakes what was sent before it and makes the peer's kernel drop it: bytes get this long to be read. */
const BEFORE_RESET_MS = 30;

/** Takes the steps until they end or the connection does. Rejects only when making the steps does. */
export async function play(socket: Socket, steps: Iterable<Step> | AsyncIterable<Step>): Promise<void> {
  for await (const step of steps) {
    if (socket.destroyed || socket.writableEnded) return;
    await take(socket, step);
  }
}

async function take(socket: Socket, step: Step): Promise<void> {
  switch (step.kind) {
    case "send":
      // Waits until the kernel has the bytes, so that a slow reader slows the sender down; a broken connection ends it.
      await new Promise<void>((resolve) => socket.write(step.bytes, () => resolve()));
      return;
    case "pause":
      await sleep(step.ms);
      return;
    case "fin":
      socket.end();
      return;
    case "reset":
      await sleep(BEFORE_RESET_MS);
      socket.resetAndDestroy();
      return;
    default:
      return unreachable(step);
  }
}
