/** Where the edge may connect to: every spelling of "somewhere private" is refused, by the name of the reason. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatEndpoint, parseEndpoint } from "../../../config/endpoint.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, findingsOf, PRODUCTION, route, soundBut } from "./fixtures.ts";

function codesOf(endpoint: string, development: boolean): string[] {
  const found = findingsOf(soundBut(cluster("eu-web", { endpoint })), { environment: "production", development });
  return found.map((line) => line.split(" ")[0] ?? "");
}

const LONG_LABEL = "a".repeat(64);
const NO: string[] = [];

// biome-ignore format: a table reads in columns
test.each([
  // endpoint                                 outside development                          in development
  // --- names
  ["https://eu.example.com",                  NO,                                          NO],
  ["https://eu.example.com:8443",             NO,                                          NO],
  ["https://xn--e-0ea.example.com",           NO,                                          NO],
  ["https://1.example.com",                   NO,                                          NO],
  ["https://0x7f.example.com",                NO,                                          NO],
  ["https://example.0x7g",                    NO,                                          NO],
  // --- spellings of what is allowed
  ["HTTPS://EU.example.com",                  ["endpoint.spelling?"],                      ["endpoint.spelling?"]],
  ["https://eu.example.com:443",              ["endpoint.spelling?"],                      ["endpoint.spelling?"]],
  ["https://eu.example.com/",                 ["endpoint.spelling?"],                      ["endpoint.spelling?"]],
  // --- scheme
  ["http://eu.example.com",                   ["endpoint.scheme"],                         NO],
  ["ftp://eu.example.com",                    ["endpoint.scheme"],                         ["endpoint.scheme"]],
  ["wss://eu.example.com",                    ["endpoint.scheme"],                         ["endpoint.scheme"]],
  ["file:///etc/passwd",                      ["endpoint.scheme", "endpoint.host", "endpoint.path"], ["endpoint.scheme", "endpoint.host", "endpoint.path"]],
  // --- not a URL as written
  ["https:eu.example.com",                    ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["https:/eu.example.com",                   ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["//eu.example.com",                        ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["eu.example.com",                          ["endpoint.syntax"],                         ["endpoint.syntax"]],
  [" https://eu.example.com",                 ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["https://eu.example.com\n",                ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["https://eu.exam\tple.com",                ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["https://eu.example.com ",                 ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["https://eu.example.com\\@evil.com",       ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["https://eu:80:90",                        ["endpoint.syntax"],                         ["endpoint.syntax"]],
  ["",                                        ["endpoint.syntax"],                         ["endpoint.syntax"]],
  // --- beside the host
  ["https://user@eu.example.com",             ["endpoint.userinfo"],                       ["endpoint.userinfo"]],
  ["https://user:secret@eu.example.com",      ["endpoint.userinfo"],                       ["endpoint.userinfo"]],
  ["https://@eu.example.com",                 ["endpoint.userinfo"],                       ["endpoint.userinfo"]],
  ["https://eu.example.com@evil.com",         ["endpoint.userinfo"],                       ["endpoint.userinfo"]],
  ["https://a@b@eu.example.com",              ["endpoint.userinfo"],                       ["endpoint.userinfo"]],
  ["https://eu.example.com/app",              ["endpoint.path"],                           ["endpoint.path"]],
  ["https://eu.example.com//",                ["endpoint.path"],                           ["endpoint.path"]],
  ["https://eu.example.com/@evil.com",        ["endpoint.path"],                           ["endpoint.path"]],
  ["https://eu.example.com?a",                ["endpoint.query"],                          ["endpoint.query"]],
  ["https://eu.example.com?",                 ["endpoint.query"],                          ["endpoint.query"]],
  ["https://eu.example.com#a",                ["endpoint.fragment"],                       ["endpoint.fragment"]],
  ["https://eu.example.com#?a",               ["endpoint.fragment"],                       ["endpoint.fragment"]],
  ["https://u:p@eu.example.com:x/p?q#f",      ["endpoint.userinfo", "endpoint.port", "endpoint.path", "endpoint.query", "endpoint.fragment"],
                                              ["endpoint.userinfo", "endpoint.port", "endpoint.path", "endpoint.query", "endpoint.fragment"]],
  // --- ports
  ["https://eu.example.com:1",                NO,                                          NO],
  ["https://eu.example.com:65535",            NO,                                          NO],
  ["https://eu.example.com:0",                ["endpoint.port"],                           ["endpoint.port"]],
  ["https://eu.example.com:65536",            ["endpoint.port"],                           ["endpoint.port"]],
  ["https://eu.example.com:",                 ["endpoint.port"],                           ["endpoint.port"]],
  ["https://eu.example.com:0443",             ["endpoint.port"],                           ["endpoint.port"]],
  ["https://eu.example.com:+443",             ["endpoint.port"],                           ["endpoint.port"]],
  ["https://eu.example.com:٤٤٣",              ["endpoint.port"],                           ["endpoint.port"]],
  // --- hosts that are no DNS name
  ["https://",                                ["endpoint.host"],                           ["endpoint.host"]],
  ["https://:443",                            ["endpoint.host"],                           ["endpoint.host"]],
  ["https://eu_1.example.com",                ["endpoint.host"],                           ["endpoint.host"]],
  ["https://-eu.example.com",                 ["endpoint.host"],                           ["endpoint.host"]],
  ["https://eu..example.com",                 ["endpoint.host"],                           ["endpoint.host"]],
  ["https://*.example.com",                   ["endpoint.host"],                           ["endpoint.host"]],
  [`https://${LONG_LABEL}.example.com`,       ["endpoint.host"],                           ["endpoint.host"]],
  ["https://eu.example.com.",                 ["endpoint.trailingDot"],                    ["endpoint.trailingDot"]],
  ["https://eu.example.com..",                ["endpoint.host"],                           ["endpoint.host"]],
  ["https://%65u.example.com",                ["endpoint.encoding"],                       ["endpoint.encoding"]],
  ["https://eu.example.com%40evil.com",       ["endpoint.encoding"],                       ["endpoint.encoding"]],
  ["https://eu.example.com%2fapp",            ["endpoint.encoding"],                       ["endpoint.encoding"]],
  ["https://eu%ff.example.com",               ["endpoint.encoding"],                       ["endpoint.encoding"]],
  ["https://eü.example.com",                  ["endpoint.unicode"],                        ["endpoint.unicode"]],
  ["https://eu\u3002example.com",             ["endpoint.unicode"],                        ["endpoint.unicode"]],
  ["https://eu\u00ad.example.com",            ["endpoint.unicode"],                        ["endpoint.unicode"]],
  // --- addresses in plain spellings
  ["https://8.8.8.8",                         ["endpoint.address"],                        ["endpoint.address"]],
  ["https://10.0.0.1",                        ["endpoint.address"],                        ["endpoint.address"]],
  ["https://169.254.169.254",                 ["endpoint.address"],                        ["endpoint.address"]],
  ["https://0.0.0.0",                         ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[2606:4700::1111]",               ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[fd00::1]",                       ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[::]",                            ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[]",                              ["endpoint.address"],                        ["endpoint.address"]],
  // --- this machine
  ["https://127.0.0.1",                       ["endpoint.address"],                        NO],
  ["https://127.255.255.254",                 ["endpoint.address"],                        NO],
  ["https://127.0.0.256",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["http://127.0.0.1:8887",                   ["endpoint.scheme", "endpoint.address"],     NO],
  ["https://[::1]",                           ["endpoint.address"],                        NO],
  ["https://[0:0:0:0:0:0:0:1]",               ["endpoint.address"],                        ["endpoint.address"]],
  ["https://localhost",                       ["endpoint.specialUse"],                     NO],
  ["https://a.localhost",                     ["endpoint.specialUse"],                     NO],
  // --- addresses in disguise: decimal, octal, hex, short
  ["https://2130706433",                      ["endpoint.address"],                        ["endpoint.address"]],
  ["https://017700000001",                    ["endpoint.address"],                        ["endpoint.address"]],
  ["https://0x7f000001",                      ["endpoint.address"],                        ["endpoint.address"]],
  ["https://0X7F.1",                          ["endpoint.address"],                        ["endpoint.address"]],
  ["https://0177.0.0.1",                      ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.0.0x1",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.1",                           ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.1",                         ["endpoint.address"],                        ["endpoint.address"]],
  ["https://1.2.3.0x",                        ["endpoint.address"],                        ["endpoint.address"]],
  ["https://example.08",                      ["endpoint.address"],                        ["endpoint.address"]],
  // --- with dots, percent signs, wide digits and what parsers drop
  ["https://127.0.0.1.",                      ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.0.1..",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["https://2130706433.",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["https://%31%32%37.0.0.1",                 ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127%2e0%2E0%2e1",                 ["endpoint.address"],                        ["endpoint.address"]],
  ["https://%ef%bc%91%32%37.0.0.1",           ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.0.%31%",                    ["endpoint.encoding"],                       ["endpoint.encoding"]],
  ["https://１２７.0.0.1",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["https://①②⑦.⓪.⓪.①",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127。0．0｡1",                      ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.0.\u00ad1",                 ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.\u200b0.1",                 ["endpoint.address"],                        ["endpoint.address"]],
  ["https://127.0.0.\n1",                     ["endpoint.address"],                        ["endpoint.address"]],
  ["https://user@127.0.0.1.",                 ["endpoint.userinfo", "endpoint.address"],   ["endpoint.userinfo", "endpoint.address"]],
  // --- IPv6 in every other form
  ["https://[::ffff:7f00:1]",                 ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[::ffff:127.0.0.1]",              ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[64:ff9b::7f00:1]",               ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[fe80::1%25eth0]",                ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[fe80::1%eth0]:8443",             ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[v1.fe80::a+en1]",                ["endpoint.address"],                        ["endpoint.address"]],
  ["https://%5b::1%5d",                       ["endpoint.address"],                        ["endpoint.address"]],
  ["https://[::1",                            ["endpoint.address"],                        ["endpoint.address"]],
  ["https://::1",                             ["endpoint.address"],                        ["endpoint.address"]],
  ["https://fe80::1%eth0",                    ["endpoint.address"],                        ["endpoint.address"]],
  // --- names that lead nowhere public
  ["https://printer.local",                   ["endpoint.specialUse"],                     NO],
  ["https://vault.internal",                  ["endpoint.specialUse"],                     NO],
  ["https://metadata.google.internal",        ["endpoint.specialUse"],                     NO],
  ["https://web.default.svc.cluster.local",   ["endpoint.specialUse"],                     NO],
  ["https://a.test",                          ["endpoint.specialUse"],                     NO],
  ["https://a.invalid",                       ["endpoint.specialUse"],                     NO],
  ["https://a.example",                       ["endpoint.specialUse"],                     NO],
  ["https://a.onion",                         ["endpoint.specialUse"],                     NO],
  ["https://a.alt",                           ["endpoint.specialUse"],                     NO],
  ["https://a.mail",                          ["endpoint.specialUse"],                     NO],
  ["https://router.home.arpa",                ["endpoint.specialUse"],                     NO],
  ["https://1.0.0.127.in-addr.arpa",          ["endpoint.specialUse"],                     NO],
  ["https://intranet",                        ["endpoint.specialUse"],                     NO],
  ["https://metadata",                        ["endpoint.specialUse"],                     NO],
  ["https://instance-data.ec2.internal",      ["endpoint.specialUse"],                     NO],
  ["https://metadata.goog",                   ["endpoint.specialUse"],                     NO],
  ["https://metadata.goog.",                  ["endpoint.specialUse"],                     ["endpoint.trailingDot"]],
  ["https://metadata.tencentyun.com",         ["endpoint.specialUse"],                     NO],
  ["https://kubernetes.default.svc",          ["endpoint.specialUse"],                     NO],
  ["https://web.service.consul",              ["endpoint.specialUse"],                     NO],
  ["https://metadata.example.com",            NO,                                          NO],
  ["https://localhost.example.com",           NO,                                          NO],
  ["https://internal.example.com",            NO,                                          NO],
  ["https://vault.internal.",                 ["endpoint.specialUse"],                     ["endpoint.trailingDot"]],
  ["https://%6cocalhost",                     ["endpoint.specialUse"],                     ["endpoint.encoding"]],
  ["https://ｌocalhost",                       ["endpoint.specialUse"],                     ["endpoint.unicode"]],
  // --- the edge's own hosts
  ["https://web.example.org",                 ["endpoint.loop"],                           NO],
  ["https://WEB.example.org",                 ["endpoint.spelling?", "endpoint.loop"],     ["endpoint.spelling?"]],
  ["https://web.example.org:8443",            ["endpoint.loop"],                           NO],
  ["https://eu.web.example.org",              NO,                                          NO],
])("%j: %j, in development %j", (endpoint, production, development) => {
  expect(codesOf(endpoint, false)).toEqual(production);
  expect(codesOf(endpoint, true)).toEqual(development);
});

// biome-ignore format: a table reads in columns
test.each([
  // hosts of a route              endpoint                       found
  [["*.example.org"],              "https://eu.example.org",      ["endpoint.loop"]],
  [["*.example.org"],              "https://a.b.example.org",     ["endpoint.loop"]],
  [["*.example.org"],              "https://example.org",         []],
  [["*.example.org"],              "https://eu-example.org",      []],
  [["*.eu.example.org"],           "https://us.example.org",      []],
  [["*.org"],                      "https://eu.example.org",      ["endpoint.loop"]],
  [["*"],                          "https://eu.example.org",      []],
  [["a.example.net", "*.example.org"], "https://eu.example.org",  ["endpoint.loop"]],
])("under the hosts %j, %s: %j", (hosts, endpoint, found) => {
  const inputs = soundBut(route("web", { match: { hosts } }), cluster("eu-web", { endpoint }));
  const codes = (development: boolean) =>
    findingsOf(inputs, { environment: "production", development }).map((line) => line.split(" ")[0]);
  expect(codes(false)).toEqual(found);
  expect(codes(true)).toEqual([]);
});

test("a finding never repeats a password", () => {
  const inputs = soundBut(cluster("eu-web", { endpoint: "https://user:hunter2@127.0.0.1./?key=hunter2" }));
  const { findings } = readFleet(inputs, PRODUCTION);
  expect(findings).toHaveLength(3);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

/** Pieces that addresses, and what passes for them, are made of. */
const PIECES = [
  ...[
    "0",
    "1",
    "7",
    "127",
    "10",
    "255",
    "256",
    "0x7f",
    "0177",
    "08",
    "2130706433",
    "１",
    "②",
    "%31",
    "%2e",
    "%EF%BC%91",
  ],
  ...[
    ".",
    "..",
    "。",
    "．",
    "｡",
    "[",
    "]",
    ":",
    "::1",
    "ffff",
    "fe80",
    "%25",
    "eth0",
    "@",
    "user",
    "-",
    "\t",
    "\u00ad",
  ],
  ...["\u200b", "a", "localhost", "example", "com", "local", "/", "\\", "?", "#", " ", "xn--", "ß", "İ"],
];
const anyHost = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(""));

test("whatever a URL parser takes for an address or for this machine is refused", () => {
  fc.assert(
    fc.property(anyHost, (host) => {
      const read = URL.parse(`https://${host}`)?.hostname;
      fc.pre(read !== undefined);
      const isPrivate = /^([0-9.]+|\[.*\])$/.test(read) || read === "localhost" || read.endsWith(".local");
      fc.pre(isPrivate);
      expect(codesOf(`https://${host}`, false)).not.toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

const mostlySound = fc
  .tuple(
    fc.array(fc.constantFrom("a", "b1", "0x7f", "127", "1", "xn--e-0ea", "-", ".", "A"), { maxLength: 6 }),
    anyHost,
  )
  .map(([pieces, odd]) => [pieces.join(""), odd.length > 12 ? "" : odd, ".example.com"].join(""));

test("what is accepted is read alike by every URL parser", () => {
  let accepted = 0;
  fc.assert(
    fc.property(mostlySound, (host) => {
      const parsed = parseEndpoint(`https://${host}`);
      if (!parsed.ok || codesOf(`https://${host}`, false).some((code) => !code.endsWith("?"))) return;
      accepted += 1;
      expect(formatEndpoint(parsed.value)).toBe(URL.parse(`https://${host}`)?.origin);
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test("two clusters of one service on one endpoint are a slip, of two services they are not", () => {
  const twin = cluster("eu-two", { endpoint: "https://EU-web.example.com:443/" });
  expect(findingsOf(soundBut(twin))).toEqual([
    "endpoint.spelling? 6/spec/endpoint",
    "endpoint.shared? 6/spec/endpoint",
  ]);
});
