/**
 * What can go wrong between the edge and a cluster, and what each fault makes of an answer. An answer comes in as bytes
 * and goes out as steps, so the faults are one function without sockets; `fault-proxy.ts` is the sockets around it.
 */
import { unreachable } from "../../config/invariant.ts";
import { type Random, randomBytes, randomInteger } from "./random.ts";
import { FIN, pause, RESET, type Step, send } from "./steps.ts";

export type Fault =
  | { readonly kind: "pass" }
  /** Nobody listens. */
  | { readonly kind: "refuse" }
  /** The connection is made and bytes are taken; nothing ever comes back. */
  | { readonly kind: "blackhole" }
  /** RST as soon as the connection is made: nothing of a request has been read. */
  | { readonly kind: "resetAtOnce" }
  /** RST after that many bytes of the answer, its head included. */
  | { readonly kind: "resetMidAnswer"; readonly answerBytes: number }
  /** The head comes in small pieces with a pause before each; the content follows at full speed. */
  | { readonly kind: "slowHeaders"; readonly pieceDelayMs: number }
  /** The head comes at once, the content in small pieces with a pause before each. */
  | { readonly kind: "slowBody"; readonly pieceDelayMs: number }
  /** FIN after that many bytes behind the head: fewer than it promised. */
  | { readonly kind: "truncate"; readonly contentBytes: number }
  /** The first bytes of a request are answered with bytes that are no HTTP. */
  | { readonly kind: "garbage" }
  /** The cluster gets the whole request and answers it; what arrives of the answer is a FIN. */
  | { readonly kind: "halfClose" }
  | { readonly kind: "delay"; readonly delayMs: number };

/** The faults that leave the way to the cluster open and change what comes back. */
export type AnswerFault = Extract<
  Fault,
  { kind: "pass" | "resetMidAnswer" | "slowHeaders" | "slowBody" | "truncate" | "delay" }
>;

const HEAD_END = Buffer.from("\r\n\r\n");

/** Small enough that any head takes several, large enough that a test ends. */
const HEAD_PIECE_BYTES = { min: 8, max: 40 };
const CONTENT_PIECE_BYTES = { min: 64, max: 512 };

export async function* shapeAnswer(
  answer: AsyncIterable<Buffer>,
  fault: AnswerFault,
  random: Random,
): AsyncGenerator<Step> {
  switch (fault.kind) {
    case "pass":
      for await (const bytes of answer) yield send(bytes);
      break;
    case "delay":
      yield pause(fault.delayMs);
      for await (const bytes of answer) yield send(bytes);
      break;
    case "resetMidAnswer":
      yield* firstBytes(answer, fault.answerBytes);
      yield RESET;
      return;
    case "truncate":
      yield* truncated(answer, fault.contentBytes);
      break;
    case "slowHeaders":
      for await (const { head, content } of splitAtHead(answer)) {
        yield* inPieces(head, { bytes: HEAD_PIECE_BYTES, pieceDelayMs: fault.pieceDelayMs, random });
        if (content.length > 0) yield send(content);
      }
      break;
    case "slowBody":
      for await (const { head, content } of splitAtHead(answer)) {
        if (head.length > 0) yield send(head);
        yield* inPieces(content, { bytes: CONTENT_PIECE_BYTES, pieceDelayMs: fault.pieceDelayMs, random });
      }
      break;
    default:
      return unreachable(fault);
  }
  yield FIN;
}

/** Never begins like an HTTP answer, and has line ends, so that a reader does not wait for more. */
export function garbage(random: Random): readonly Step[] {
  return [send(Buffer.concat([Buffer.from([0x16, 0x00]), randomBytes(random, 256), HEAD_END])), FIN];
}

async function* firstBytes(answer: AsyncIterable<Buffer>, count: number): AsyncGenerator<Step> {
  let left = count;
  for await (const bytes of answer) {
    const part = bytes.subarray(0, left);
    left -= part.length;
    if (part.length > 0) yield send(part);
    if (left === 0) return;
  }
}

async function* truncated(answer: AsyncIterable<Buffer>, contentBytes: number): AsyncGenerator<Step> {
  let left = contentBytes;
  for await (const { head, content } of splitAtHead(answer)) {
    if (head.length > 0) yield send(head);
    const part = content.subarray(0, left);
    left -= part.length;
    if (part.length > 0) yield send(part);
    if (left === 0) return;
  }
}

/** Tells the first head on a connection from everything behind it. */
async function* splitAtHead(answer: AsyncIterable<Buffer>): AsyncGenerator<{ head: Buffer; content: Buffer }> {
  const nothing = Buffer.alloc(0);
  let pending = nothing;
  let headSeen = false;
  for await (const bytes of answer) {
    if (headSeen) {
      yield { head: nothing, content: bytes };
      continue;
    }
    pending = Buffer.concat([pending, bytes]);
    const end = pending.indexOf(HEAD_END);
    if (end < 0) continue;
    headSeen = true;
    yield { head: pending.subarray(0, end + HEAD_END.length), content: pending.subarray(end + HEAD_END.length) };
  }
}

function* inPieces(
  bytes: Buffer,
  pieces: {
    readonly bytes: { readonly min: number; readonly max: number };
    readonly pieceDelayMs: number;
    readonly random: Random;
  },
): Generator<Step> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + randomInteger(pieces.random, pieces.bytes);
    yield pause(pieces.pieceDelayMs);
    yield send(bytes.subarray(at, end));
    at = end;
  }
}
