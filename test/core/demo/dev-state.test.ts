/** What `npm start` keeps: made once, read back the same, and nobody else's to read. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createToken,
  devStatePath,
  loadOrCreateKeys,
  readDevState,
  writeDevState,
} from "../../../scripts/lib/dev-state.ts";

const STATE = {
  edge: "http://127.0.0.1:8787",
  admin: "http://127.0.0.1:8788",
  token: "secret",
  pid: 1,
  clusters: { "eu-west-blue": { url: "http://127.0.0.1:8887", control: "http://127.0.0.1:8987" } },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "fairlead-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the signing keys are made once", () => {
  const keys = loadOrCreateKeys(folder);
  expect(loadOrCreateKeys(folder)).toEqual(keys);
  expect(statSync(path.join(folder, "keys.json")).mode & 0o777).toBe(0o600);
});

test("what the private key signs, the raw public key verifies", async () => {
  const { privateJwk, publicKey } = loadOrCreateKeys(folder);
  const payload = new TextEncoder().encode("a snapshot");
  const signing = await crypto.subtle.importKey("jwk", privateJwk, "Ed25519", false, ["sign"]);
  const verifying = await crypto.subtle.importKey("raw", Buffer.from(publicKey, "base64"), "Ed25519", false, [
    "verify",
  ]);
  const signature = await crypto.subtle.sign("Ed25519", signing, payload);
  expect(await crypto.subtle.verify("Ed25519", verifying, signature, payload)).toBe(true);
});

test("dev.json reads back as written, leaves no half file and is the owner's alone", () => {
  writeDevState(folder, STATE);
  expect(readDevState(folder)).toEqual(STATE);
  expect(readdirSync(folder)).toEqual(["dev.json"]);
  expect(statSync(devStatePath(folder)).mode & 0o777).toBe(0o600);
});

test("there is none before the first start, and one of another version counts as none", () => {
  expect(readDevState(folder)).toBeUndefined();
  writeFileSync(devStatePath(folder), '{"edge": 7}');
  expect(readDevState(folder)).toBeUndefined();
});

test("a broken file says which one to delete", () => {
  writeFileSync(devStatePath(folder), "{");
  expect(() => readDevState(folder)).toThrow(`${devStatePath(folder)} cannot be read; delete it`);
});

test("every token is new and fits a header", () => {
  expect(createToken()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(createToken()).not.toBe(createToken());
});
