/** What may be said in a log: a table of secrets by name and by shape, and laws that hold for whatever is logged. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logLine } from "../../../config/log-line.ts";
import { isSecretName, redact, redactText } from "../../../config/redact.ts";

describe("by the name of the field", () => {
  test.each([
    ["authorization"],
    ["Proxy-Authorization"],
    ["cookie"],
    ["Set-Cookie"],
    ["token"],
    ["access_token"],
    ["ADMIN_TOKEN"],
    ["clientSecret"],
    ["secrets"],
    ["password"],
    ["db.passwd"],
    ["apiKey"],
    ["x-api-key"],
    ["X_API_KEY"],
    ["private key"],
    ["SNAPSHOT_SIGNING_KEY"],
    ["AFFINITY_KEYS"],
    ["webhook-signature"],
    ["awsSecretAccessKey"],
    ["credentials"],
    ["sessionId"],
    ["OTEL_EXPORTER_OTLP_HEADERS"],
  ])("%s is secret", (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(redact({ [name]: "x1", nested: [{ [name]: { deep: ["x1"] } }] })).toEqual({
      [name]: "[redacted]",
      nested: [{ [name]: "[redacted]" }],
    });
  });

  test.each([["tokenId"], ["tokenDigest"], ["secretKind"], ["key"], ["keyId"], ["cluster"], ["traceId"], ["because"]])(
    "%s is not",
    (name) => {
      expect(isSecretName(name)).toBe(false);
      expect(redact({ [name]: "x1" })).toEqual({ [name]: "x1" });
    },
  );

  test("whether there is one is no secret", () => {
    expect(redact({ token: true, cookie: null, secret: undefined, password: 1234 })).toEqual({
      ...{ token: true, cookie: null, password: "[redacted]" },
    });
  });
});

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
const PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\n-----END PRIVATE KEY-----";

describe("by its shape", () => {
  test.each([
    // logged                                         written
    ["got Bearer abc123 from", "got Bearer [redacted] from"],
    ["authorization: Basic dXNlcjpwYXNz", "authorization: [redacted]"],
    ["Basic dXNlcjpwYXNz", "Basic [redacted]"],
    ["cookie: a=1; b=2\nhost: x", "cookie: [redacted]\nhost: x"],
    [`{"Set-Cookie":"a=1; Path=/"}`, `{"Set-Cookie":"[redacted]"}`],
    [`sent ${JWT}.`, "sent [redacted]"],
    [`key ${PEM} end`, "key [redacted] end"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE", "[redacted]"],
    ["with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "with [redacted]"],
    ["AKIAIOSFODNN7EXAMPLE", "[redacted]"],
    ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[redacted]"],
    ["github_pat_11AAAAAAA0abcdefghijkl", "[redacted]"],
    ["xoxb-123456789012-abcdef", "[redacted]"],
    ["sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[redacted]"],
    ["glsa_HOruNAb7SOiCdshU9algkrq7F", "[redacted]"],
    ["fd1.key.eyJhIjoxfQ.c2lnbmF0dXJl", "[redacted]"],
    ["https://user:pw@host/a", "https://[redacted]@host/a"],
    ["postgres://app:p@ss@db:5432/x", "postgres://[redacted]@db:5432/x"],
    ["GET /a?user=ada&code=77#state=5 failed", "GET /a?user=[redacted]&code=[redacted]#state=[redacted] failed"],
    ["password=hunter2, retry", "password=[redacted], retry"],
    [`{"api_key":"k-1","n":1}`, `{"api_key":"[redacted]","n":1}`],
    ["client_secret = 'abc'", "client_secret = '[redacted]'"],
    ["Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZkdISktMTQ==", "[redacted]"],
  ])("%j is written as %j", (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test.each([
    ["the text has the digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 instead of"],
    ["sha256:4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e"],
    ["trace 4bf92f3577b34da6a3ce929d0e0e4736, request 7f3e5a1c-3b6e-4f58-8a70-9d1e2c3b4a5f"],
    ["the bearer token is missing, basic checks passed"],
    ["a disk-usage-report-of-the-region and a task-list-for-somebody"],
    ["at handleRequestFromSomewhereFar (worker/io/snapshots.ts:145:12)"],
    ["https://fairlead.dev/problems/ruleDenied"],
    ["eu-west-blue reports 3 of 5; a=b"],
  ])("%j stays", (text) => {
    expect(redactText(text)).toBe(text);
  });

  test("also in keys, errors, maps, sets and addresses", () => {
    const error = new Error(`asked https://u:p@h/?a=b`, { cause: { token: "t" } });
    error.stack = `Error: ${JWT}`;
    expect(redact(error)).toEqual({
      ...{ name: "Error", message: "asked https://[redacted]@h/?a=[redacted]", stack: "Error: [redacted]" },
      cause: { token: "[redacted]" },
    });
    expect(
      redact(
        new Map<unknown, unknown>([
          ["cookie", 1],
          [{ a: JWT }, JWT],
        ]),
      ),
    ).toEqual({
      cookie: "[redacted]",
      '{"a":"[redacted]"}': "[redacted]",
    });
    expect(redact(new Set([JWT, 1]))).toEqual(["[redacted]", 1]);
    expect(redact({ [JWT]: new URL("https://h/?a=b") })).toEqual({ "[redacted]": "https://h/?a=[redacted]" });
  });
});

describe("whatever it is given", () => {
  const circular: Record<string, unknown> = { a: 1 };
  circular.self = [circular];
  const shared = { x: 1 };
  const unreadable = {
    get bad(): never {
      throw new Error("no");
    },
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  test.each<[string, () => unknown, unknown]>([
    ["nothing", () => undefined, null],
    ["null", () => null, null],
    ["no number", () => Number.NaN, "NaN"],
    ["a bigint", () => 12n, "12"],
    ["a long bigint", () => 2n ** 4_000n, "[bigint]"],
    ["a symbol", () => Symbol("s"), "[symbol]"],
    ["a function", () => () => 1, "[function]"],
    ["bytes", () => new Uint8Array(5), "[5 bytes]"],
    ["a date", () => new Date(0), String(new Date(0))],
    ["a circle", () => circular, { a: 1, self: ["[circular]"] }],
    ["the same twice", () => [shared, shared], [{ x: 1 }, { x: 1 }]],
    ["a getter that throws", () => unreadable, { bad: "[unreadable]" }],
    ["a revoked proxy", () => revoked, "[unreadable]"],
    [
      "a prototype",
      () => JSON.parse('{"__proto__":{"token":"t"}}'),
      JSON.parse('{"__proto__":{"token":"[redacted]"}}'),
    ],
    ["a hole", () => [undefined, 1], [null, 1]],
  ])("%s", (_, make, expected) => {
    expect(redact(make())).toEqual(expected);
  });

  test("what is too deep, too long or too much is cut, and says so", () => {
    const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ inner }), "x");
    expect(JSON.stringify(redact(deep))).toBe(`${'{"inner":'.repeat(8)}"[deep]"${"}".repeat(8)}`);
    expect(redact("word ".repeat(10_000))).toMatch(/^(word ){800,}\[cut\]$/);
    expect(redact("x".repeat(5_000_000))).toBe("[cut]");
    expect(redact(Array.from({ length: 1_000 }, () => 1))).toHaveLength(100);
    expect(redact(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, at])))).toMatchObject({
      ...{ k98: 98, "[cut]": "[cut]" },
    });
  });

  const cut = (at: number) => `${"y".repeat(at)} ${JWT} ${JWT}`;
  test.each([[4_000], [4_080], [32_700], [32_760]])("a secret across the cut at %i leaves nothing behind", (at) => {
    expect(redactText(cut(at))).not.toMatch(/eyJ|SflKx/);
  });

  /** The part of each that nobody may see. */
  const secret = fc.constantFrom(
    ...[JWT, PEM, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "AKIAIOSFODNN7EXAMPLE"],
    ...["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "Bearer zxcvbn123456", "https://root:zxcvbn123456@h/"],
    ...["https://h/?k=zxcvbn123456", "password: zxcvbn123456", "cookie: s=zxcvbn123456; t=zxcvbn123456"],
  );
  const SEEN = /zxcvbn|eyJh|SflKx|MC4CAQ|MfKQ9r|IOSFODNN|16C7e42/;
  const around = fc.constantFrom("", " ", "x: ", "(", "\n", "a, ", '"', "_");
  const planted = fc
    .tuple(around, secret, fc.constantFrom("", " ", ")", "\n", ", b", '"'))
    .map((parts) => parts.join(""));
  const named = fc
    .tuple(
      fc.constantFrom("token", "X-Api-Key", "clientSecret", "Cookie"),
      fc.constantFrom("zxcvbn", 7, ["zxcvbn"], { a: "zxcvbn" }),
    )
    .map(([name, value]) => ({ [name]: value }));
  const { tree: world } = fc.letrec((tie) => ({
    leaf: fc.oneof(planted, named, fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("leaf"),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), planted), tie("tree"), { maxKeys: 4 }),
      tie("tree").map((inner) => new Map([["m", inner]])),
      tie("tree").map((inner) => new Error("e", { cause: inner })),
    ),
  }));

  test("a planted secret does not come out, wherever it stands", () => {
    fc.assert(
      fc.property(world, (value) => {
        expect(logLine("thing.happened", { value })).not.toMatch(SEEN);
      }),
    );
  });

  test("once is enough: what is redacted does not change again", () => {
    fc.assert(
      fc.property(
        fc.oneof(world, fc.anything({ withMap: true, withSet: true, withBigInt: true, withDate: true })),
        (value) => {
          const once = redact(value);
          expect(redact(once)).toEqual(once);
        },
      ),
    );
  });

  const markers = fc.constantFrom(
    "[cut]",
    "[redacted]",
    "password=",
    "cookie: ",
    "Bearer ",
    "?a=",
    "token",
    ":",
    " ",
    "x",
    "=",
    "id",
  );
  test("nor do texts that look as if they had been", () => {
    fc.assert(
      fc.property(fc.array(markers, { maxLength: 12 }), fc.nat(3), (parts, repeats) => {
        const once = redactText(parts.join("").repeat(1 + repeats * 200));
        expect(redactText(once)).toBe(once);
        expect(redact(redact({ [once]: once }))).toEqual(redact({ [once]: once }));
      }),
    );
  });

  test("no line is longer than a line may be", () => {
    const wide = fc.array(fc.string({ maxLength: 2_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.oneof(world, fc.array(wide, { maxLength: 20 }), fc.anything()), (value) => {
        // The longest way to write a character is six, and every mark is shorter than what it stands for.
        expect(logLine("thing.happened", { value }).length).toBeLessThan(6 * 16_384 + 4_096);
      }),
      { numRuns: 50 },
    );
  });
});
