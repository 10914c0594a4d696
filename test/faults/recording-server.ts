/**
 * An origin that writes down what it received byte for byte, and answers with bytes that a test has written by hand. It
 * judges nothing: a cut or malformed request is recorded as such.
 */
import type { Socket } from "node:net";
import { invariant, unreachable } from "../../config/invariant.ts";
import { OK } from "./answers.ts";
import { listen } from "./listener.ts";
import { type Head, type MessageEvent, MessageReader } from "./message-reader.ts";
import { play, type Step } from "./steps.ts";

export type RecordedRequest = {
  /** Which connection it came by, counted from 1 since the server started. */
  readonly connection: number;
  readonly startLine: string;
  /** Header lines as they came, in order. */
  readonly lines: readonly string[];
  /** Without chunk framing. */
  readonly content: Buffer;
  readonly trailers: readonly string[];
  /** `receiving` while more may come. Only `complete` may be acted upon by a real origin. */
  readonly state: "receiving" | "complete" | "cut" | "malformed";
};

export type Answer =
  | readonly Step[]
  /** Takes the connection over, after a switch of protocols; `rest` is what came behind the request. */
  | { readonly takeOver: (socket: Socket, rest: Buffer) => void };

export type AnswerRules = {
  /** When the request is complete. Without any rule that is a small 200; with `answerHead` alone it is nothing more. */
  readonly answer?: (request: RecordedRequest) => Answer;
  /** When its head is there: for interim answers, and for final ones that do not wait for the content. */
  readonly answerHead?: (request: RecordedRequest) => readonly Step[];
};

export type RecordingServer = {
  readonly port: number;
  readonly url: string;
  readonly requests: () => readonly RecordedRequest[];
  /** From now on; what was recorded is forgotten. */
  readonly serve: (rules: AnswerRules) => void;
  readonly dispose: () => Promise<void>;
};

type Recording = {
  -readonly [K in keyof Omit<RecordedRequest, "content">]: RecordedRequest[K];
} & { readonly parts: Buffer[] };

export async function startRecordingServer(rules: AnswerRules = {}): Promise<RecordingServer> {
  let current = rules;
  let recordings: Recording[] = [];
  let connections = 0;
  const listener = await listen((socket) => {
    connections += 1;
    new Conversation(socket, connections, { rules: () => current, add: (recording) => recordings.push(recording) });
  });

  return {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    requests: () => recordings.map(recorded),
    serve: (next) => {
      current = next;
      recordings = [];
    },
    dispose: listener.dispose,
  };
}

function recorded({ parts, ...rest }: Recording): RecordedRequest {
  return { ...rest, content: Buffer.concat(parts) };
}

type Book = { readonly rules: () => AnswerRules; readonly add: (recording: Recording) => void };

/** One connection: reads requests one after the other and plays their answers in the same order. */
class Conversation {
  readonly #socket: Socket;
  readonly #connection: number;
  readonly #book: Book;
  readonly #reader = new MessageReader({ kind: "request" });
  #recording: Recording | undefined;
  /** The answers so far; the next one starts when they have been played. */
  #played: Promise<void> = Promise.resolve();
  readonly #onData = (bytes: Buffer) => {
    for (const event of this.#reader.push(bytes)) this.#note(event);
  };
  readonly #onEnd = () => this.#end();

  constructor(socket: Socket, connection: number, book: Book) {
    this.#socket = socket;
    this.#connection = connection;
    this.#book = book;
    socket.on("data", this.#onData);
    socket.once("end", this.#onEnd);
    socket.once("close", this.#onEnd);
  }

  #note(event: MessageEvent): void {
    switch (event.kind) {
      case "head":
        this.#recording = this.#open(event.head, "receiving");
        this.#play(this.#book.rules().answerHead?.(recorded(this.#recording)) ?? []);
        return;
      case "content":
        this.#recording?.parts.push(event.bytes);
        return;
      case "malformed":
        this.#recording ??= this.#open({ startLine: event.why, lines: [] }, "malformed");
        this.#close("malformed");
        return;
      case "end":
        if (this.#recording === undefined) return;
        this.#recording.trailers = event.trailers;
        this.#answer(recorded(this.#close("complete")));
        return;
      default:
        unreachable(event);
    }
  }

  #open(head: Head, state: RecordedRequest["state"]): Recording {
    const recording = { connection: this.#connection, ...head, parts: [], trailers: [], state };
    this.#book.add(recording);
    return recording;
  }

  #close(state: RecordedRequest["state"]): Recording {
    const recording = this.#recording;
    invariant(recording !== undefined, "only a request that was begun ends");
    recording.state = state;
    this.#recording = undefined;
    return recording;
  }

  #answer(request: RecordedRequest): void {
    const { answer, answerHead } = this.#book.rules();
    const given = answer?.(request) ?? (answerHead === undefined ? [OK] : []);
    if (!("takeOver" in given)) {
      this.#play(given);
      return;
    }
    this.#socket.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onEnd);
    given.takeOver(this.#socket, this.#reader.takeRest());
  }

  #play(steps: readonly Step[]): void {
    this.#played = this.#played.then(() => play(this.#socket, steps));
  }

  /** The peer sends no more: what was being received is cut, and the connection ends after the answers under way. */
  #end(): void {
    if (this.#recording !== undefined) this.#close("cut");
    void this.#played.then(() => this.#socket.end());
  }
}
