/** Backups: what goes out comes back row for row, and what is not whole brings nothing at all. */
import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { linesOf } from "../../../admin/objects/backup-lines.ts";
import { BackupTransfer } from "../../../admin/objects/backup-transfer.ts";
import { closeApproval, expireApprovals } from "../../../admin/store/approvals.ts";
import { readBackup, storedTables } from "../../../admin/store/backup.ts";
import { loadCarriers } from "../../../admin/store/carriers.ts";
import { forgetAnswers } from "../../../admin/store/idempotency.ts";
import { openIncident, openIncidents } from "../../../admin/store/incidents.ts";
import { savePublishing } from "../../../admin/store/publishing.ts";
import { abandonRestore, beginRestore, insertRow } from "../../../admin/store/restore.ts";
import { commitRevision, type Dump, dump, enter, fill, linesIn, NOW_MS, READ, sealed } from "./backup-fixture.ts";
import { ask, env, get, send, smallFleet, TOKEN } from "./support.ts";

afterEach(() => reset());

const source = () => env.FLEET.getByName("source");
const target = () => env.FLEET.getByName("target");

function inObject<T>(
  stub: ReturnType<typeof source>,
  work: (storage: DurableObjectStorage) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject(stub, (_, { storage }) => work(storage));
}

function transferOf(storage: DurableObjectStorage, restored: () => void = () => undefined): BackupTransfer {
  return new BackupTransfer({ storage, read: READ, restored });
}

const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

function exported(): Promise<string> {
  return inObject(source(), (storage) => {
    fill(storage);
    return read(transferOf(storage).export(NOW_MS));
  });
}

const streamOf = (text: string | Uint8Array): ReadableStream<Uint8Array> => {
  const { body } = new Response(text);
  if (body === null) throw new Error("a text has a body");
  return body;
};

const restoreInto = (storage: DurableObjectStorage, text: string | Uint8Array) =>
  transferOf(storage).restore(streamOf(text), NOW_MS);

describe("a backup", () => {
  test("is a header, a line for each row of every table, and a digest", async () => {
    const backup = await exported();
    const [header = "", ...rows] = linesIn(backup);
    expect(JSON.parse(header)).toEqual({
      ...{ format: "fairlead-backup/1", version: expect.any(String), environment: "demo", migrations: 6 },
      ...{ exportedAtMs: NOW_MS, revision: 5 },
    });
    const { tables, dumped } = await inObject(source(), ({ sql }) => ({
      tables: storedTables(sql),
      dumped: dump(sql),
    }));
    const counts = new Map<string, number>();
    for (const { table } of rows.map((row) => JSON.parse(row))) counts.set(table, (counts.get(table) ?? 0) + 1);
    expect([...counts.keys(), "carriers", "migrations"].sort()).toEqual([...tables]);
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries(Object.entries(dumped).map(([table, stored]) => [table, stored.length])),
    );
    expect(sealed(linesIn(backup))).toBe(backup);
  });

  test("brings back every row, the outbox of the target, and once more the very same backup", async () => {
    const backup = await exported();
    const before = await inObject(source(), ({ sql }) => dump(sql));
    await inObject(target(), async (storage) => {
      let told = 0;
      const transfer = transferOf(storage, () => {
        told += 1;
      });
      const rows = linesIn(backup).length - 1;
      expect(await transfer.restore(streamOf(backup), NOW_MS)).toEqual({
        ok: true,
        value: {
          ...{ revision: 5, rows, exportedAtMs: NOW_MS, leavesReplaced: 0 },
          digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      });
      expect(told).toBe(1);
      expect(dump(storage.sql)).toEqual(before);
      const names = loadCarriers(storage.sql).map(({ name, revision }) => `${name} ${revision}`);
      expect(names).toEqual([
        ...["beacon:enam 0", "beacon:weur 0", "health 0", "kv 0", "prober:enam 0", "prober:weur 0", "status 0"],
      ]);
      expect(await read(transfer.export(NOW_MS))).toBe(backup);
    });
  });

  test("of an environment where nothing was done is one, and can be restored", async () => {
    const backup = await inObject(source(), (storage) => read(transferOf(storage).export(NOW_MS)));
    expect(linesIn(backup)).toHaveLength(1);
    const restored = await inObject(target(), (storage) => restoreInto(storage, backup));
    expect(restored).toMatchObject({ ok: true, value: { revision: 0, rows: 0 } });
  });

  test("is of the moment at which it was asked for, whatever is done while it is read", async () => {
    const { backup, before } = await inObject(source(), async (storage) => {
      const { sql } = storage;
      fill(storage);
      const moment = dump(sql);
      const pages = readBackup(sql);
      const lines: string[] = [];
      let revision = 5;
      for (const { text } of pages) {
        lines.push(...text.split("\n").slice(0, -1));
        revision += 1;
        storage.transactionSync(() => {
          commitRevision(storage, revision);
          savePublishing(sql, { releasedRevision: revision });
          openIncident(sql, {
            ...{ severity: 1, title: "t", cause: { kind: "opened" }, reason: "r", openedBy: "ada", openedAtMs: 3 },
          });
          sql.exec("UPDATE incidents SET closed_at_ms = 4, closed_by = 'x', closing = 'y' WHERE closed_at_ms IS NULL");
          sql.exec("UPDATE audit_subjects SET name = NULL, name_key = NULL, salt = NULL");
          if (revision === 6) closeApproval(sql, "open", { state: "approved", revision });
        });
      }
      const header = linesIn(await read(transferOf(storage).export(NOW_MS)))[0]?.replace(/\d+\}$/, "5}") ?? "";
      return { backup: sealed([header, ...lines]), before: moment };
    });
    await inObject(target(), async (storage) => {
      expect(await restoreInto(storage, backup)).toMatchObject({ ok: true });
      expect(dump(storage.sql)).toEqual(before);
    });
  });

  test("can be restored also when something was forgotten while it was read", async () => {
    const backup = await inObject(source(), async (storage) => {
      const { sql } = storage;
      fill(storage);
      const pages = [...readBackup(sql)].length;
      const lines: string[] = [];
      let page = 0;
      for (const { text } of readBackup(sql)) {
        lines.push(...text.split("\n").slice(0, -1));
        page += 1;
        // The texts are read by now, and none of the rows that they belong to.
        if (page === 2) {
          expireApprovals(sql, NOW_MS + 10_000);
          forgetAnswers(sql, NOW_MS);
        }
      }
      expect(page).toBeLessThan(pages);
      const header = linesIn(await read(transferOf(storage).export(NOW_MS)))[0] ?? "";
      return sealed([header, ...lines]);
    });
    await inObject(target(), async (storage) => {
      expect(await restoreInto(storage, backup)).toMatchObject({ ok: true });
      const restored = dump(storage.sql);
      expect(restored.idempotency).toEqual([]);
      expect(restored.texts?.filter((text) => text.includes("answer/"))).toEqual([]);
    });
  });
});

/** Nothing is stored and nothing set aside, and the object answers again. */
async function expectRefused(storage: DurableObjectStorage, text: string | Uint8Array, before: Dump): Promise<string> {
  const transfer = transferOf(storage);
  const result = await transfer.restore(streamOf(text), NOW_MS);
  expect(result.ok).toBe(false);
  expect(dump(storage.sql)).toEqual(before);
  expect(() => transfer.check()).not.toThrow();
  return result.ok ? "" : `${result.error.code}: ${result.error.detail}`;
}

/** What a request that was refused leaves behind in an empty environment. */
function refuseOnce(storage: DurableObjectStorage): Dump {
  storage.transactionSync(() => enter(storage, "token.refused"));
  return dump(storage.sql);
}

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
      ["a newer release", head({ migrations: 7, version: "9.9.9" }), /written by Fairlead 9\.9\.9, which is newer/],
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

describe("an environment", () => {
  test.each([
    ["revisions", (storage: DurableObjectStorage) => commitRevision(storage, 1)],
    [
      "incidents",
      ({ sql }: DurableObjectStorage) => {
        openIncident(sql, {
          ...{ severity: 3, title: "t", cause: { kind: "opened" }, reason: "r", openedBy: "ada", openedAtMs: 1 },
        });
      },
    ],
  ])("with %s is not restored into", async (table, work) => {
    const backup = await exported();
    await inObject(target(), async (storage) => {
      storage.transactionSync(() => work(storage));
      const refused = await expectRefused(storage, backup, dump(storage.sql));
      expect(refused).toMatch(`environmentNotEmpty: Something was done here already (${table})`);
    });
  });

  test("is not restored into twice", async () => {
    const backup = await exported();
    await inObject(target(), async (storage) => {
      await restoreInto(storage, backup);
      expect(await expectRefused(storage, backup, dump(storage.sql))).toMatch("environmentNotEmpty");
    });
  });

  test("takes the backup of an older release, and brings it up to date", async () => {
    const lines = linesIn(await exported());
    const older = lines
      .filter((line) => /^\{"format"|"table":"(texts|revisions|debug_tokens|audit_\w+)"/.test(line))
      .filter((line) => !/"name":"(approval|answer)\//.test(line))
      .map((line) => line.replace('"migrations":6', '"migrations":4').replace(',"state_kept":1', ""));
    await inObject(target(), async (storage) => {
      expect(await restoreInto(storage, sealed(older))).toMatchObject({ ok: true, value: { revision: 5 } });
      const { revisions, approvals } = dump(storage.sql);
      expect(revisions?.every((row) => row.includes('"state_kept":1'))).toBe(true);
      expect(approvals).toEqual([]);
      const versions = storage.sql.exec("SELECT version FROM migrations").toArray();
      expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });

  test("answers nobody while a backup comes in, and a second backup is turned away", async () => {
    const backup = await exported();
    await inObject(target(), async (storage) => {
      const transfer = transferOf(storage);
      const { readable, writer } = await half(transfer, backup);
      const told = expect.objectContaining({ retryable: true });
      expect(catching(() => transfer.check())).toEqual(told);
      expect(catching(() => transfer.export(NOW_MS))).toEqual(told);
      const second = await transfer.restore(streamOf(backup), NOW_MS);
      expect(second).toMatchObject({ ok: false, error: { code: "unavailable" } });
      await writer.write(new TextEncoder().encode(backup.slice(backup.length / 2)));
      await writer.close();
      expect(await readable).toMatchObject({ ok: true });
      expect(() => transfer.check()).not.toThrow();
    });
  });

  test("whose client goes away half way is as it was", async () => {
    const backup = await exported();
    await inObject(target(), async (storage) => {
      const before = refuseOnce(storage);
      const transfer = transferOf(storage);
      const { readable, writer } = await half(transfer, backup);
      await writer.abort(new Error("gone"));
      expect(await readable).toMatchObject({ ok: false, error: { code: "bodyTimeout" } });
      expect(dump(storage.sql)).toEqual(before);
    });
  });

  test("that dies half way is at its next start as it was", async () => {
    const backup = await exported();
    const before = await inObject(target(), (storage) => refuseOnce(storage));
    const died = runInDurableObject(target(), async (_, state) => {
      await half(transferOf(state.storage), backup);
      await state.storage.sync();
      state.abort("out of memory");
    });
    await expect(died).rejects.toThrow("out of memory");
    await inObject(target(), async (storage) => {
      expect(dump(storage.sql)).toEqual(before);
      expect(await restoreInto(storage, backup)).toMatchObject({ ok: true });
      expect(openIncidents(storage.sql)).toHaveLength(1);
    });
  });

  test("that is found half restored is put back, by its start and once", async () => {
    const before = await inObject(target(), (storage) => {
      const empty = refuseOnce(storage);
      const shapes = beginRestore(storage, 2);
      const row = { name: "x", part: 0, text: "y" };
      expect(insertRow(storage.sql, shapes, { table: "texts", row })).toBeUndefined();
      expect(storedTables(storage.sql)).toContain("aside_texts");
      return empty;
    });
    await evictDurableObject(target());
    await inObject(target(), (storage) => {
      expect(dump(storage.sql)).toEqual(before);
      abandonRestore(storage);
      expect(dump(storage.sql)).toEqual(before);
    });
  });
});

/** A restore that has got the first half and waits for more. */
async function half(transfer: BackupTransfer, backup: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const restoring = transfer.restore(readable, NOW_MS);
  await writer.write(new TextEncoder().encode(backup.slice(0, backup.length / 2)));
  while (catching(() => transfer.check()) === undefined) await scheduler.wait(1);
  return { readable: restoring, writer };
}

function catching(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

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

test("a backup that is still being read when another is restored comes to no end", async () => {
  const backup = await exported();
  await inObject(target(), async (storage) => {
    const transfer = transferOf(storage);
    const reader = transfer.export(NOW_MS).getReader();
    await reader.read();
    expect(await transfer.restore(streamOf(backup), NOW_MS)).toMatchObject({ ok: true });
    await expect(reader.read()).rejects.toThrow("a backup was restored");
  });
});

describe("the API", () => {
  const restoring = (body: BodyInit, headers: Record<string, string> = {}) =>
    ask("/v1/backup/restore", {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/x-ndjson", ...headers },
      body,
    });

  test("gives a backup, and makes the environment of it that was", async () => {
    await send("PUT", "/v1/fleet", { documents: smallFleet(), reason: "first" }, { "if-match": "*" });
    await send("POST", "/v1/regions/eu-west/drain", { reason: "maintenance" }, { "if-match": "*" });
    const before = await get("/v1/fleet");
    const { status, headers, body: backup } = await get("/v1/backup");
    expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);

    await reset();
    expect((await get("/v1/fleet")).body.revision).toBe(0);
    const restored = await restoring(backup);
    expect(restored.body).toMatchObject({ revision: 2, rows: linesIn(backup).length - 1, leavesReplaced: 0 });
    expect(restored.status).toBe(200);
    const after = await get("/v1/fleet");
    expect(after.headers.get("etag")).toBe(before.headers.get("etag"));
    expect(after.body).toMatchObject({ documents: before.body.documents, overlays: before.body.overlays });
    const [leaf] = (await get("/v1/audit")).body.entries;
    expect(leaf).toMatchObject({ index: restored.body.audit.index, leaf: { action: "backup.restore" } });
  });

  test("says that it is unavailable while a backup comes in", async () => {
    const backup = await exported();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const restored = restoring(readable);
    await writer.write(new TextEncoder().encode(backup.slice(0, backup.length / 2)));
    await vi.waitUntil(async () => (await get("/v1/fleet")).status !== 200);
    const refused = await get("/v1/fleet");
    expect(refused).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    await writer.write(new TextEncoder().encode(backup.slice(backup.length / 2)));
    await writer.close();
    expect(await restored).toMatchObject({ status: 200, body: { revision: 5 } });
    expect((await get("/v1/fleet")).body.revision).toBe(5);
  });

  test.each([
    // headers, body                                                 status  code
    [{}, "{}", 422, "backupInvalid"],
    [{}, "", 422, "backupInvalid"],
    [{ "content-type": "application/json" }, "{}", 415, "contentTypeUnsupported"],
    [{ "content-encoding": "gzip" }, "{}", 415, "contentTypeUnsupported"],
  ])("refuses %j %j: %i %s", async (headers, body, status, code) => {
    expect(await restoring(body, headers)).toMatchObject({ status, body: { code } });
  });
});
