/** WebSockets without a library (RFC 6455): an answer that echoes, and the two frames that a test sends. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { encodeFrame, OPCODE, readFrame } from "../../scripts/demo/websocket-echo.ts";
import type { Answer } from "./recording-server.ts";

/** RFC 6455 §1.3. */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The nonce of the RFC's example; any 16 bytes do. */
export const WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}${HANDSHAKE_GUID}`).digest("base64");
}

/** The header lines of a handshake; `Host` and whatever else is tested are the caller's. */
export const HANDSHAKE_LINES: readonly string[] = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`,
];

export function switchLines(key: string, more: readonly string[] = []): readonly string[] {
  return ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${acceptOf(key)}`, ...more];
}

/** Switches protocols, says `greeting` if there is one, and sends every message back until the client closes. */
export function echoAnswer(
  key: string,
  { lines = [], greeting }: { readonly lines?: readonly string[]; readonly greeting?: string } = {},
): Answer {
  return {
    takeOver: (socket, rest) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${switchLines(key, lines).join("\r\n")}\r\n\r\n`);
      if (greeting !== undefined) socket.write(serverTextFrame(greeting));
      echo(socket, rest);
    },
  };
}

function echo(socket: Socket, rest: Buffer): void {
  let pending = rest;
  const answerPending = () => {
    for (let reading = readFrame(pending); reading.kind === "frame"; reading = readFrame(pending)) {
      pending = reading.rest;
      socket.write(encodeFrame(reading.frame));
      if (reading.frame.opcode === OPCODE.close) socket.end();
    }
  };
  socket.on("data", (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes]);
    answerPending();
  });
  answerPending();
}

/** Masked, as a client must (§5.1). The mask may be constant in a test: it hides nothing from anybody here. */
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function textFrame(text: string): Buffer {
  return clientFrame(OPCODE.text, Buffer.from(text));
}

export function closeFrame(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return clientFrame(OPCODE.close, payload);
}

/** What a server sends, an echo of `textFrame(text)` as well. */
export function serverTextFrame(text: string): Buffer {
  return encodeFrame({ final: true, opcode: OPCODE.text, payload: Buffer.from(text) });
}

function clientFrame(opcode: number, payload: Buffer): Buffer {
  const unmasked = encodeFrame({ final: true, opcode, payload });
  const head = Buffer.from(unmasked.subarray(0, unmasked.length - payload.length));
  head.writeUInt8(head.readUInt8(1) | 0x80, 1);
  return Buffer.concat([head, MASK, payload.map((byte, i) => byte ^ MASK.readUInt8(i % MASK.length))]);
}
