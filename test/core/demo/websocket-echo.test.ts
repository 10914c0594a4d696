/** The frame format of RFC 6455 §5; the examples of §5.7 are rows here. */
import { describe, expect, test } from "vitest";
import { encodeFrame, handshakeAnswer, OPCODE, readFrame } from "../../../scripts/demo/websocket-echo.ts";

/** A client's frame: the payload masked with four bytes. */
function clientFrame(first: number, payload: Buffer, mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d])): Buffer {
  const unmasked = encodeFrame({ final: true, opcode: OPCODE.text, payload });
  const headerLength = unmasked.length - payload.length;
  const header = Buffer.from(unmasked.subarray(0, headerLength));
  header.writeUInt8(first, 0);
  header.writeUInt8(header.readUInt8(1) | 0x80, 1);
  return Buffer.concat([header, mask, payload.map((byte, i) => byte ^ mask.readUInt8(i % 4))]);
}

describe("readFrame", () => {
  test("reads the masked Hello of §5.7", () => {
    const bytes = Buffer.from("818537fa213d7f9f4d5158", "hex");
    expect(readFrame(bytes)).toEqual({
      kind: "frame",
      frame: { final: true, opcode: OPCODE.text, payload: Buffer.from("Hello") },
      rest: Buffer.alloc(0),
    });
  });

  test.each([0, 1, 125, 126, 127, 65_535, 65_536, 1_048_576])("a payload of %i bytes comes through", (length) => {
    const payload = Buffer.alloc(length, 0x5a);
    const reading = readFrame(Buffer.concat([clientFrame(0x82, payload), Buffer.from("next")]));
    expect(reading.kind === "frame" && reading.frame.payload.equals(payload)).toBe(true);
    expect(reading.kind === "frame" && reading.rest.toString()).toBe("next");
  });

  test("every shorter part of a frame is incomplete", () => {
    const frame = clientFrame(0x81, Buffer.alloc(300, 1));
    for (let length = 0; length < frame.length; length++) {
      expect(readFrame(frame.subarray(0, length))).toEqual({ kind: "incomplete" });
    }
  });

  test.each([
    ["not masked", Buffer.from("8105", "hex"), 1002],
    ["a reserved bit", clientFrame(0xc1, Buffer.from("x")), 1002],
    ["an unknown opcode", clientFrame(0x83, Buffer.from("x")), 1002],
    ["a ping in two parts", clientFrame(0x09, Buffer.from("x")), 1002],
    ["a ping of 126 bytes", clientFrame(0x89, Buffer.alloc(126)), 1002],
    ["a payload over the limit", clientFrame(0x82, Buffer.alloc(1_048_577)), 1009],
  ])("%s closes the connection", (_what, bytes, closeCode) => {
    expect(readFrame(bytes)).toEqual({ kind: "violation", closeCode });
  });
});

describe("handshakeAnswer", () => {
  const handshake = {
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  test("proves that it understood, with the example of §1.3", () => {
    expect(handshakeAnswer(handshake)).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  });

  test("takes the first subprotocol on offer", () => {
    const answer = handshakeAnswer({ ...handshake, "sec-websocket-protocol": "chat, superchat" });
    expect(answer).toContain("Sec-WebSocket-Protocol: chat\r\n");
  });

  test.each([
    ["another protocol", { ...handshake, upgrade: "h2c" }],
    ["another version", { ...handshake, "sec-websocket-version": "8" }],
    ["no key", { upgrade: "websocket", "sec-websocket-version": "13" }],
  ])("%s is not a handshake", (_what, headers) => {
    expect(handshakeAnswer(headers)).toBeUndefined();
  });
});
