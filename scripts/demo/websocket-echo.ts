/**
 * A WebSocket endpoint that sends back what it gets (RFC 6455): text, binary and fragmented messages, ping, close.
 * No extensions, and text is not checked to be UTF-8: the other end gets its own bytes back. `readFrame` and
 * `encodeFrame` are the protocol, on plain bytes; `serveWebSocketEcho` is the socket around them.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** RFC 6455 §1.3: the constant that shows the server understood the handshake. */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** One frame; a demo needs no more, and a length field can claim 2^63 bytes. */
const PAYLOAD_BYTES_MAX = 1_048_576;
const CONTROL_PAYLOAD_BYTES_MAX = 125;

export const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;
const OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE));

export type Frame = { readonly final: boolean; readonly opcode: number; readonly payload: Buffer };

export type FrameReading =
  | { readonly kind: "incomplete" }
  | { readonly kind: "frame"; readonly frame: Frame; readonly rest: Buffer }
  /** The connection must be closed with this code (RFC 6455 §7.4.1). */
  | { readonly kind: "violation"; readonly closeCode: 1002 | 1009 };

/** Takes the first frame off the bytes that a client sent. */
export function readFrame(bytes: Buffer): FrameReading {
  if (bytes.length < 2) return { kind: "incomplete" };
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const final = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  const isControl = opcode >= OPCODE.close;
  const shortLength = second & 0x7f;

  const reservedBitsSet = (first & 0x70) !== 0;
  const masked = (second & 0x80) !== 0; // §5.1: a client must mask
  const badControl = isControl && (!final || shortLength > CONTROL_PAYLOAD_BYTES_MAX);
  if (reservedBitsSet || !masked || badControl || !OPCODES.has(opcode)) return { kind: "violation", closeCode: 1002 };

  const lengthBytes = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0;
  const maskAt = 2 + lengthBytes;
  if (bytes.length < maskAt + 4) return { kind: "incomplete" };
  const length =
    lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : lengthBytes === 2 ? bytes.readUInt16BE(2) : shortLength;
  if (length > PAYLOAD_BYTES_MAX) return { kind: "violation", closeCode: 1009 };

  const payloadAt = maskAt + 4;
  if (bytes.length < payloadAt + length) return { kind: "incomplete" };
  const payload = Buffer.from(bytes.subarray(payloadAt, payloadAt + length));
  for (let i = 0; i < length; i++) payload.writeUInt8(payload.readUInt8(i) ^ bytes.readUInt8(maskAt + (i % 4)), i);
  return { kind: "frame", frame: { final, opcode, payload }, rest: bytes.subarray(payloadAt + length) };
}

/** A server's frame: not masked (§5.1). */
export function encodeFrame({ final, opcode, payload }: Frame): Buffer {
  const first = (final ? 0x80 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  if (payload.length < 65_536) {
    const header = Buffer.from([first, 126, 0, 0]);
    header.writeUInt16BE(payload.length, 2);
    return Buffer.concat([header, payload]);
  }
  const header = Buffer.alloc(10);
  header.writeUInt8(first, 0);
  header.writeUInt8(127, 1);
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

/** What goes back for a frame, and whether the connection ends with it. */
function replyTo(frame: Frame): { readonly reply?: Frame; readonly closes: boolean } {
  if (frame.opcode === OPCODE.close) return { reply: frame, closes: true };
  if (frame.opcode === OPCODE.ping) return { reply: { ...frame, opcode: OPCODE.pong }, closes: false };
  if (frame.opcode === OPCODE.pong) return { closes: false };
  // A fragmented message goes back in the same fragments.
  return { reply: frame, closes: false };
}

function closeFrame(code: number): Frame {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return { final: true, opcode: OPCODE.close, payload };
}

/** The answer to the handshake, or undefined when the request is not one. */
export function handshakeAnswer(headers: IncomingMessage["headers"]): string | undefined {
  const key = headers["sec-websocket-key"];
  if (headers.upgrade?.toLowerCase() !== "websocket" || headers["sec-websocket-version"] !== "13" || key === undefined)
    return undefined;
  const accept = createHash("sha1").update(`${key}${HANDSHAKE_GUID}`).digest("base64");
  const protocol = headers["sec-websocket-protocol"]?.split(",")[0]?.trim();
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    "\r\n",
  ].join("\r\n");
}

/** Serves one upgraded connection until either side closes it. */
export function serveWebSocketEcho(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const answer = handshakeAnswer(request.headers);
  if (answer === undefined) {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  socket.write(answer);

  let pending = head;
  const drainPending = (): void => {
    for (;;) {
      const reading = readFrame(pending);
      if (reading.kind === "incomplete") return;
      if (reading.kind === "violation") {
        socket.end(encodeFrame(closeFrame(reading.closeCode)));
        return;
      }
      pending = reading.rest;
      const { reply, closes } = replyTo(reading.frame);
      if (reply !== undefined) socket.write(encodeFrame(reply));
      if (closes) {
        socket.end();
        return;
      }
    }
  };
  socket.on("data", (chunk: Buffer) => {
    if (socket.writableEnded) return;
    pending = Buffer.concat([pending, chunk]);
    drainPending();
  });
  drainPending();
}
