/** Where the edge may connect to: every spelling of "somewhere private" is refused. */
import { expect, test } from "vitest";
import { cluster, findingsOf, soundBut } from "./fixtures.ts";

function codesOf(endpoint: string, development: boolean): string[] {
  const found = findingsOf(soundBut(cluster("eu-web", { endpoint })), { environment: "production", development });
  return found.map((line) => line.split(" ")[0] ?? "");
}

// biome-ignore format: a table reads in columns

test.each([
  // endpoint                          outside development                        in development
  ["https://eu.example.com", [], []],
  ["https://eu.example.com:8443", [], []],
  ["http://eu.example.com", ["endpoint.scheme"], []],
  ["HTTPS://EU.example.com", ["endpoint.spelling?"], ["endpoint.spelling?"]],
  ["https://eu.example.com:443", ["endpoint.spelling?"], ["endpoint.spelling?"]],
  ["https://eu.example.com/", ["endpoint.spelling?"], ["endpoint.spelling?"]],
  ["https://eu.example.com/app", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com?a", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com#a", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://user@eu.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com\\@evil.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com:0", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com:65536", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com:", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com.", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu_1.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eü.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://%65u.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://eu.example.com\n", ["endpoint.syntax"], ["endpoint.syntax"]],
  [" https://eu.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https:eu.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["ftp://eu.example.com", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["", ["endpoint.syntax"], ["endpoint.syntax"]],
  ["https://10.0.0.1", ["endpoint.address"], ["endpoint.address"]],
  ["https://127.0.0.1", ["endpoint.address"], []],
  ["http://127.0.0.1:8887", ["endpoint.scheme", "endpoint.address"], []],
  ["https://127.1", ["endpoint.address"], ["endpoint.address"]],
  ["https://2130706433", ["endpoint.address"], ["endpoint.address"]],
  ["https://0x7f000001", ["endpoint.address"], ["endpoint.address"]],
  ["https://0177.0.0.1", ["endpoint.address"], ["endpoint.address"]],
  ["https://1.2.3.0x", ["endpoint.address"], ["endpoint.address"]],
  ["https://[::1]", ["endpoint.address"], []],
  ["https://[fd00::1]", ["endpoint.address"], ["endpoint.address"]],
  ["https://[::ffff:7f00:1]", ["endpoint.address"], ["endpoint.address"]],
  ["https://localhost", ["endpoint.specialUse"], []],
  ["https://a.localhost", ["endpoint.specialUse"], []],
  ["https://printer.local", ["endpoint.specialUse"], []],
  ["https://vault.internal", ["endpoint.specialUse"], []],
  ["https://a.test", ["endpoint.specialUse"], []],
  ["https://a.invalid", ["endpoint.specialUse"], []],
  ["https://a.example", ["endpoint.specialUse"], []],
  ["https://a.onion", ["endpoint.specialUse"], []],
  ["https://router.home.arpa", ["endpoint.specialUse"], []],
  ["https://intranet", ["endpoint.specialUse"], []],
  ["https://web.example.org", ["endpoint.loop"], []],
])("%j: %j, in development %j", (endpoint, production, development) => {
  expect(codesOf(endpoint, false)).toEqual(production);
  expect(codesOf(endpoint, true)).toEqual(development);
});

test("two clusters of one service on one endpoint are a slip, of two services they are not", () => {
  const twin = cluster("eu-two", { endpoint: "https://EU-web.example.com:443/" });
  expect(findingsOf(soundBut(twin))).toEqual([
    "endpoint.spelling? 6/spec/endpoint",
    "endpoint.shared? 6/spec/endpoint",
  ]);
});
