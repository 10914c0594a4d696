/**
 * Reads HTTP/1.1 messages off a byte stream (RFC 9112) without making anything of them: lines stay as they came, in
 * their order, and what is wrong is an event, not an error. No client library does that, and the wire tests are about
 * exactly what such a library would hide. Bytes in, events out; sockets are left to the callers.
 */
import { unreachable } from "../../config/invariant.ts";

export type Head = {
  /** Request line or status line. */
  readonly startLine: string;
  /** Header lines as they came, byte for character, in order. */
  readonly lines: readonly string[];
};

export type MessageEvent =
  | { readonly kind: "head"; readonly head: Head }
  /** Content, without its chunk framing. */
  | { readonly kind: "content"; readonly bytes: Buffer }
  | { readonly kind: "end"; readonly trailers: readonly string[] }
  /** Nothing after this can be read. */
  | { readonly kind: "malformed"; readonly why: string };

/** How the end of the stream left the message that was being read. */
export type StreamEnd = "betweenMessages" | "ofContent" | "cut" | "malformed" | "switched";

export type MessageReaderOptions =
  | { readonly kind: "request" }
  /** `method` is that of the request which is answered: an answer to HEAD has no content. */
  | { readonly kind: "response"; readonly method: () => string };

type State =
  | { readonly kind: "head" }
  | { readonly kind: "length"; readonly remaining: number }
  | { readonly kind: "chunkSize" }
  | { readonly kind: "chunk"; readonly remaining: number }
  | { readonly kind: "chunkEnd" }
  | { readonly kind: "trailers"; readonly lines: readonly string[] }
  | { readonly kind: "untilEnd" }
  | { readonly kind: "switched" }
  | { readonly kind: "malformed" };

const NOTHING = Buffer.alloc(0);

/** Far above anything that a test sends; without it, a peer that never ends a line would fill the memory. */
const LINE_BYTES_MAX = 1024 * 1024;

export class MessageReader {
  readonly #options: MessageReaderOptions;
  #state: State = { kind: "head" };
  #pending: Buffer = NOTHING;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
  }

  push(bytes: Buffer): readonly MessageEvent[] {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const events: MessageEvent[] = [];
    while (this.#step(events)) {
      // Each step takes one element off the pending bytes.
    }
    return events;
  }

  /** Call once, when the peer has ended its side. */
  finish(): StreamEnd {
    switch (this.#state.kind) {
      case "head":
        return this.#pending.length === 0 ? "betweenMessages" : "cut";
      case "untilEnd":
        return "ofContent";
      case "switched":
        return "switched";
      case "malformed":
        return "malformed";
      default:
        return "cut";
    }
  }

  /** What was pushed and not read; for whoever takes the connection over after a switch of protocols. */
  takeRest(): Buffer {
    const rest = this.#pending;
    this.#pending = NOTHING;
    return rest;
  }

  /** True when there may be another step. */
  #step(events: MessageEvent[]): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#readHead(events);
      case "length":
      case "chunk":
        return this.#readCounted(state, events);
      case "chunkSize":
        return this.#readChunkSize(events);
      case "chunkEnd":
        return this.#readChunkEnd(events);
      case "trailers":
        return this.#readTrailer(state.lines, events);
      case "untilEnd":
      case "switched":
        if (this.#pending.length > 0) events.push({ kind: "content", bytes: this.takeRest() });
        return false;
      case "malformed":
        return false;
      default:
        return unreachable(state);
    }
  }

  #readHead(events: MessageEvent[]): boolean {
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#pending.length > LINE_BYTES_MAX) return this.#fail("a head without an end", events);
      return false;
    }
    const [startLine = "", ...lines] = this.#pending.toString("latin1", 0, end).split("\r\n");
    this.#pending = this.#pending.subarray(end + 4);
    if (!startLinePattern(this.#options).test(startLine)) return this.#fail(`a start line ${startLine}`, events);
    const head = { startLine, lines };
    events.push({ kind: "head", head });
    this.#state = this.#contentState(head);
    if (this.#state.kind === "head") events.push({ kind: "end", trailers: [] });
    return true;
  }

  /** RFC 9112 §6.3: how the length of the content is told. */
  #contentState({ startLine, lines }: Head): State {
    if (this.#options.kind === "response") {
      const status = statusOf(startLine);
      if (status === 101) return { kind: "switched" };
      if (status < 200 || status === 204 || status === 304) return { kind: "head" };
      if (this.#options.method() === "HEAD") return { kind: "head" };
    }
    const coding = fieldValues(lines, "transfer-encoding").at(-1);
    if (coding?.toLowerCase().endsWith("chunked") === true) return { kind: "chunkSize" };
    const length = fieldValues(lines, "content-length").at(0);
    if (length !== undefined) return countedState("length", Number(length)) ?? { kind: "head" };
    return this.#options.kind === "response" ? { kind: "untilEnd" } : { kind: "head" };
  }

  #readCounted(state: Extract<State, { remaining: number }>, events: MessageEvent[]): boolean {
    if (this.#pending.length === 0) return false;
    const bytes = this.#pending.subarray(0, state.remaining);
    this.#pending = this.#pending.subarray(bytes.length);
    events.push({ kind: "content", bytes });
    const left = countedState(state.kind, state.remaining - bytes.length);
    this.#state = left ?? (state.kind === "chunk" ? { kind: "chunkEnd" } : { kind: "head" });
    if (this.#state.kind === "head") events.push({ kind: "end", trailers: [] });
    return true;
  }

  #readChunkSize(events: MessageEvent[]): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    const size = /^([0-9a-f]{1,8})(?:\s*;.*)?$/i.exec(line)?.[1];
    if (size === undefined) return this.#fail(`a chunk size ${line}`, events);
    this.#state = countedState("chunk", Number.parseInt(size, 16)) ?? { kind: "trailers", lines: [] };
    return true;
  }

  #readChunkEnd(events: MessageEvent[]): boolean {
    if (this.#pending.length < 2) return false;
    if (this.#takeLine() !== "") return this.#fail("a chunk longer than its size", events);
    this.#state = { kind: "chunkSize" };
    return true;
  }

  #readTrailer(lines: readonly string[], events: MessageEvent[]): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    if (line !== "") {
      this.#state = { kind: "trailers", lines: [...lines, line] };
      return true;
    }
    events.push({ kind: "end", trailers: lines });
    this.#state = { kind: "head" };
    return true;
  }

  #takeLine(): string | undefined {
    const end = this.#pending.indexOf("\r\n");
    if (end < 0) return undefined;
    const line = this.#pending.toString("latin1", 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  #fail(why: string, events: MessageEvent[]): false {
    this.#state = { kind: "malformed" };
    events.push({ kind: "malformed", why });
    return false;
  }
}

function countedState(kind: "length" | "chunk", remaining: number): State | undefined {
  return remaining > 0 ? { kind, remaining } : undefined;
}

function startLinePattern({ kind }: MessageReaderOptions): RegExp {
  return kind === "request" ? /^\S+ \S.* HTTP\/1\.[01]$/ : /^HTTP\/1\.[01] [0-9]{3}(?: |$)/;
}

export function statusOf(statusLine: string): number {
  return Number(statusLine.split(" ")[1]);
}

/** The values of every line with that name, in order. */
export function fieldValues(lines: readonly string[], name: string): readonly string[] {
  return lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return line.slice(0, colon).toLowerCase() === name ? [line.slice(colon + 1).trim()] : [];
  });
}
