/**
 * A client that sends bytes as they are written and returns the answer as it came, complete or not. Every wait has a
 * deadline, so that a peer that hangs is an outcome, not a test that never ends.
 */
import net from "node:net";
import { fieldValues, MessageReader, statusOf } from "./message-reader.ts";
import { play, type Step, send } from "./steps.ts";

/** How the answer ended. */
export type Ending =
  /** To its last byte. */
  | "complete"
  /** The connection ended or broke before that: the client can tell that something is missing. */
  | "cut"
  /** The connection ended or broke before there was a final head. */
  | "noAnswer"
  /** Neither within the deadline. */
  | "deadline"
  /** Not HTTP. */
  | "malformed";

export type RawAnswer = {
  readonly ending: Ending;
  /** Of the final answer; 0 without one. */
  readonly status: number;
  readonly statusLine: string;
  /** Header lines as they came, in order. */
  readonly lines: readonly string[];
  /** Without chunk framing. */
  readonly content: Buffer;
  readonly trailers: readonly string[];
  /** Status lines of the interim answers before it. */
  readonly interim: readonly string[];
  readonly elapsedMs: number;
};

export type Exchange = {
  readonly port: number;
  /** The request, or what to do instead of sending it in one go. */
  readonly request: string | readonly Step[];
  /** Of the request; an answer to HEAD has no content. */
  readonly method?: string;
  readonly deadlineMs?: number;
};

/** Far above what any answer takes that is not made slow on purpose. */
const DEADLINE_MS = 10_000;

const HOST = "127.0.0.1";

export function exchange(options: Exchange): Promise<RawAnswer> {
  const { port, request, method = methodOf(request), deadlineMs = DEADLINE_MS } = options;
  const steps = typeof request === "string" ? [send(request)] : request;
  const startMs = performance.now();
  const socket = net.connect({ port, host: HOST, allowHalfOpen: true });
  socket.setNoDelay(true);
  const reading = new AnswerReading(method);

  return new Promise((resolve) => {
    const settle = (ending: Ending) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...reading.parts(), ending, elapsedMs: performance.now() - startMs });
    };
    const timer = setTimeout(() => settle("deadline"), deadlineMs);
    socket.on("error", () => undefined);
    socket.once("end", () => settle(reading.endingOfStream()));
    socket.once("close", () => settle(reading.endingOfBreak()));
    socket.on("data", (bytes: Buffer) => {
      const ending = reading.push(bytes);
      if (ending !== undefined) settle(ending);
    });
    socket.once("connect", () => void play(socket, steps));
  });
}

/** Collects one final answer and the interim ones before it. */
class AnswerReading {
  readonly #reader: MessageReader;
  #head: { readonly startLine: string; readonly lines: readonly string[] } | undefined;
  readonly #interim: string[] = [];
  readonly #content: Buffer[] = [];
  #trailers: readonly string[] = [];

  constructor(method: string) {
    this.#reader = new MessageReader({ kind: "response", method: () => method });
  }

  /** The ending, when these bytes were the last that the answer needed. */
  push(bytes: Buffer): Ending | undefined {
    for (const event of this.#reader.push(bytes)) {
      if (event.kind === "malformed") return "malformed";
      if (event.kind === "content") this.#content.push(event.bytes);
      if (event.kind === "head") this.#head = event.head;
      if (event.kind === "end" && this.#head !== undefined) {
        if (!isInterim(this.#head.startLine)) {
          this.#trailers = event.trailers;
          return "complete";
        }
        this.#interim.push(this.#head.startLine);
        this.#head = undefined;
      }
      // A switched connection has no end to wait for: the answer is its head.
      if (event.kind === "head" && statusOf(event.head.startLine) === 101) return "complete";
    }
    return undefined;
  }

  endingOfStream(): Ending {
    if (this.#head === undefined) return "noAnswer";
    return this.#reader.finish() === "ofContent" ? "complete" : "cut";
  }

  endingOfBreak(): Ending {
    return this.#head === undefined ? "noAnswer" : "cut";
  }

  parts(): Omit<RawAnswer, "ending" | "elapsedMs"> {
    const { startLine, lines } = this.#head ?? { startLine: "", lines: [] };
    return {
      status: this.#head === undefined ? 0 : statusOf(startLine),
      statusLine: startLine,
      lines,
      content: Buffer.concat(this.#content),
      trailers: this.#trailers,
      interim: this.#interim,
    };
  }
}

function isInterim(statusLine: string): boolean {
  const status = statusOf(statusLine);
  return status < 200 && status !== 101;
}

function methodOf(request: Exchange["request"]): string {
  if (typeof request !== "string") return "GET";
  return request.slice(0, request.indexOf(" "));
}

/** The values of every line of an answer or a recorded request with that name, in order. */
export function values(message: { readonly lines: readonly string[] }, name: string): readonly string[] {
  return fieldValues(message.lines, name.toLowerCase());
}
