/** Backups that are not whole, or not right: what is wrong is named, and nothing of them is stored. */
import { reset } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linesOf } from "../../../admin/objects/backup-lines.ts";
import { BackupTransfer } from "../../../admin/objects/backup-transfer.ts";
import { FLEET_MIGRATIONS } from "../../../admin/store/migrations.ts";
import {
  expectRefused,
  exported,
  inObject,
  linesIn,
  NOW_MS,
  nextObjects,
  READ,
  refuseOnce,
  restoreInto,
  sealed,
  streamOf,
  target,
} from "./backup-fixture.ts";

beforeEach(nextObjects);
afterEach(() => reset());

test("a backup of one machine does not come into production: its endpoints are held to what is accepted there", async () => {
  const text = await exported();
  await inObject(target(), async (storage) => {
    const read = { ...READ, development: false };
    const transfer = new BackupTransfer({ storage, read, restored: () => undefined });
    const detail = expect.stringMatching(/documents of revision 5 are refused here/);
    expect(await transfer.restore(streamOf(text), NOW_MS)).toMatchObject({
      ok: false,
      error: { code: "backupInvalid", detail },
    });
  });
});

// Each of hundreds of files makes and drops every table.
describe("a damaged backup", { timeout: 60_000 }, () => {
  test("without a line, with one twice, or with two that have changed places", async () => {
    const lines = (await exported()).split("\n").slice(0, -1);
    const swapped = (at: number) => lines.with(at, lines[at + 1] ?? "").with(at + 1, lines[at] ?? "");
    const damaged = lines.flatMap((line, at) => [
      lines.toSpliced(at, 1),
      ...(at % 3 === 1 ? [lines.toSpliced(at, 0, line)] : []),
      ...(at % 3 === 2 && at + 1 < lines.length ? [swapped(at)] : []),
    ]);
    await inObject(target(), async (storage) => {
      const before = refuseOnce(storage);
      for (const text of damaged) await expectRefused(storage, text.map((line) => `${line}\n`).join(""), before);
    });
  });

  test("with a byte changed, missing or too many, anywhere, or cut off", async () => {
    const bytes = new TextEncoder().encode(await exported());
    const damage = fc.record({
      at: fc.nat(bytes.length - 1),
      bit: fc.nat(7),
      kind: fc.constantFrom("flip", "drop", "double", "cut"),
    });
    const apply = ({ at, bit, kind }: { at: number; bit: number; kind: string }): Uint8Array => {
      switch (kind) {
        case "flip":
          return bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit));
        case "drop":
          return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
        case "double":
          return Uint8Array.from([...bytes.subarray(0, at + 1), ...bytes.subarray(at)]);
        default:
          return bytes.subarray(0, at);
      }
    };
    await inObject(target(), async (storage) => {
      const before = refuseOnce(storage);
      await fc.assert(
        fc.asyncProperty(damage, async (harm) => {
          await expectRefused(storage, apply(harm), before);
        }),
        // The last bytes are those of the digest, its line and the newline.
        { numRuns: 60, examples: [1, 2, 3, 70].map((end) => [{ at: bytes.length - end, bit: 5, kind: "flip" }]) },
      );
    });
  });

  test("names what is wrong with it", async () => {
    const lines = linesIn(await exported());
    const whole = sealed(lines);
    const [header = "", first = "", ...rest] = lines;
    const head = (change: Record<string, unknown>) =>
      sealed([JSON.stringify({ ...JSON.parse(header), ...change }), first, ...rest]);
    const without = (pattern: RegExp) => sealed(lines.filter((line) => !pattern.test(line)));
    const changed = (pattern: RegExp, from: string | RegExp, to: string) =>
      sealed(lines.map((line) => (pattern.test(line) ? line.replace(from, to) : line)));
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["nothing at all", "", /first line is not the header/],
      ["something else", '{"documents":[]}\n', /first line is not the header/],
      ["another format", head({ format: "fairlead-backup/2" }), /first line is not the header/],
      ["a header with more in it", head({ more: 1 }), /first line is not the header/],
      [
        "a newer release",
        head({ migrations: FLEET_MIGRATIONS.length + 1, version: "9.9.9" }),
        /written by Fairlead 9\.9\.9, which is newer/,
      ],
      ["another environment", head({ environment: "staging" }), /environment "staging" and this is "demo"/],
      ["cut off at a line", `${lines.join("\n")}\n`, /cut off/],
      ["cut off in a line", whole.slice(0, -1), /cut off/],
      ["more after the end", `${whole}${first}\n`, /comes after the end/],
      ["another digest", whole.replace(/[0-9a-f]{64}"\}\n$/, `${"0".repeat(64)}"}\n`), /not what the digest/],
      ["a row twice", sealed([...lines, first]), /does not go with the others/],
      ["no such table", sealed([...lines, '{"table":"carriers","row":{}}']), /has no table "carriers"/],
      ["a table of ours", sealed([...lines, '{"table":"aside_texts","row":{}}']), /has no table "aside_texts"/],
      ["no such column", changed(/"publishing"/, '"id"', '"x"'), /has no column "x"/],
      [
        "a column left out",
        changed(/"publishing"/, ',"held_until_ms":2', ""),
        /held_until_ms .* missing or of another/,
      ],
      ["a text for a number", changed(/"publishing"/, '"id":1', '"id":"1"'), /id of a row of publishing is missing/],
      ["no number", changed(/"publishing"/, '"id":1', '"id":1.5'), /is not a row/],
      ["bytes that are none", changed(/audit_nodes/, /"\$base64":"../, '"$base64":"*!'), /is not a row/],
      ["a revision left out", without(/"revisions","row":\{"revision":3/), /Revisions are missing/],
      ["fewer revisions than it says", without(/"revisions","row":\{"revision":5/), /up to 4, and says 5/],
      ["an outcome left out", without(/"outcome\/2"/), /text that a revision names is missing/],
      ["what is asked for left out", without(/"approval\/open"/), /pending approval asks for is missing/],
      ["an answer left out", without(/"answer\/1"/), /answer to an idempotency key is missing/],
      ["a leaf left out", without(/"leaf_index":2/), /Leaves of the audit log/],
      ["a node left out", without(/"level":2/), /tree above the audit log/],
      [
        "a node too many",
        sealed([...lines, lines.find((line) => line.includes('"level":2'))?.replace('"level":2', '"level":3') ?? ""]),
        /tree above the audit log/,
      ],
      [
        "documents of something else",
        changed(/eu-west-blue/, /"weight\\":100/, '"weight\\":101'),
        /Revision 5 is not what its digest says/,
      ],
      [
        "documents that are none",
        changed(/eu-west-blue/, /\\"kind\\":\\"Region\\"/, '\\"kind\\":\\"Regoin\\"'),
        /cannot be read/,
      ],
      [
        "a kind that is none",
        changed(/"revisions","row":\{"revision":2/, '"kind":"apply"', '"kind":"x"'),
        /cannot be read/,
      ],
      [
        "serving what is not there",
        changed(/"publishing"/, '"released_revision":4', '"released_revision":6'),
        /serves revision 6/,
      ],
    ];
    await inObject(target(), async (storage) => {
      const before = refuseOnce(storage);
      for (const [name, text, detail] of cases) {
        expect(text, name).not.toBe(whole);
        expect(await expectRefused(storage, text, before), name).toMatch(detail);
      }
      expect(await restoreInto(storage, whole)).toMatchObject({ ok: true, value: { leavesReplaced: 1 } });
    });
  });
});

describe("lines", () => {
  const limits = { bytesMax: 20, lineBytesMax: 8, silenceMsMax: 50 };

  async function lines(pieces: readonly string[], rest?: Promise<void>): Promise<unknown> {
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        await rest;
        controller.close();
      },
    });
    const found: string[] = [];
    try {
      for await (const batch of linesOf(stream, limits))
        found.push(...batch.map(({ number, text }) => `${number} ${text}`));
      return found;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  }

  test.each([
    // as it arrives                       lines, or why not
    [[], []],
    [["a\nb\n"], ["1 a", "2 b"]],
    [
      ["a", "", "é", "x\n", "\n", "z\n"],
      ["1 aéx", "2 ", "3 z"],
    ],
    [["1234567\n"], ["1 1234567"]],
    [["12345678\n"], "Line 1 is longer than 8 bytes."],
    [["a\n", "12345", "6789"], "Line 2 is longer than 8 bytes."],
    [["a\nb"], "Line 2 does not end: the backup was cut off."],
    [
      ["123456\n", "123456\n", "12345\n"],
      ["1 123456", "2 123456", "3 12345"],
    ],
    [["123456\n", "123456\n", "123456\n"], "A backup may have 20 bytes at most."],
  ])("%j are %j", async (pieces, expected) => {
    expect(await lines(pieces)).toEqual(expected);
  });

  test("end when nothing more comes", async () => {
    expect(await lines(["a\n"], new Promise(() => undefined))).toMatch(/did not come to its end: .*longer than 50 ms/);
  });
});
