/** Hand-written answers: the bytes of a response, made of lines, so that no library corrects them. */
import { type Step, send } from "./steps.ts";

export type AnswerParts = {
  readonly status: string;
  readonly lines?: readonly string[];
  /** As it goes over the wire: chunk framing is the caller's. */
  readonly content?: string | Buffer;
};

/** Nothing is added: no length, no date. */
export function rawAnswer({ status, lines = [], content = "" }: AnswerParts): Step {
  const head = Buffer.from(`HTTP/1.1 ${[status, ...lines].join("\r\n")}\r\n\r\n`, "latin1");
  return send(Buffer.concat([head, typeof content === "string" ? Buffer.from(content, "latin1") : content]));
}

/** An answer with the length of its content. */
export function answer({ status, lines = [], content = "" }: AnswerParts): Step {
  return rawAnswer({ status, lines: [...lines, `Content-Length: ${content.length}`], content });
}

export const OK = answer({ status: "200 OK", lines: ["Content-Type: text/plain"], content: "ok" });

/** One chunk of chunked content. */
export function chunk(content: string | Buffer): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const LAST_CHUNK = Buffer.from("0\r\n\r\n");
