/** Backups: what goes out comes back row for row, and what is not whole brings nothing at all. */
import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BackupTransfer } from "../../../admin/objects/backup-transfer.ts";
import { closeApproval, expireApprovals } from "../../../admin/store/approvals.ts";
import { readBackup, storedTables } from "../../../admin/store/backup.ts";
import { loadCarriers } from "../../../admin/store/carriers.ts";
import { forgetAnswers } from "../../../admin/store/idempotency.ts";
import { openIncident, openIncidents } from "../../../admin/store/incidents.ts";
import { FLEET_MIGRATIONS } from "../../../admin/store/migrations.ts";
import { savePublishing } from "../../../admin/store/publishing.ts";
import { abandonRestore, beginRestore, insertRow } from "../../../admin/store/restore.ts";
import {
  commitRevision,
  dump,
  expectRefused,
  exported,
  fill,
  inObject,
  linesIn,
  NOW_MS,
  nextObjects,
  read,
  refuseOnce,
  restoreInto,
  sealed,
  source,
  streamOf,
  target,
  transferOf,
} from "./backup-fixture.ts";
import { ask, get, send, smallFleet, TOKEN } from "./support.ts";

const MIGRATIONS = FLEET_MIGRATIONS.length;

beforeEach(nextObjects);
afterEach(() => reset());

describe("a backup", () => {
  test("is a header, a line for each row of every table, and a digest", async () => {
    const backup = await exported();
    const [header = "", ...rows] = linesIn(backup);
    expect(JSON.parse(header)).toEqual({
      ...{ format: "fairlead-backup/1", version: expect.any(String), environment: "demo", migrations: MIGRATIONS },
      ...{ exportedAtMs: NOW_MS, revision: 5 },
    });
    const { tables, dumped } = await inObject(source(), ({ sql }) => ({
      tables: storedTables(sql),
      dumped: dump(sql),
    }));
    const counts = new Map<string, number>();
    for (const { table } of rows.map((row) => JSON.parse(row))) counts.set(table, (counts.get(table) ?? 0) + 1);
    expect([...counts.keys(), "annotation_progress", "carriers", "migrations"].sort()).toEqual([...tables]);
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
        ...[
          "alert 0",
          "beacon:enam 0",
          "beacon:weur 0",
          "health 0",
          "kv 0",
          "prober:enam 0",
          "prober:weur 0",
          "status 0",
        ],
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
      .map((line) => line.replace(`"migrations":${MIGRATIONS}`, '"migrations":4').replace(',"state_kept":1', ""));
    await inObject(target(), async (storage) => {
      expect(await restoreInto(storage, sealed(older))).toMatchObject({ ok: true, value: { revision: 5 } });
      const { revisions, approvals } = dump(storage.sql);
      expect(revisions?.every((row) => row.includes('"state_kept":1'))).toBe(true);
      expect(approvals).toEqual([]);
      const versions = storage.sql.exec("SELECT version FROM migrations").toArray();
      expect(versions.map(({ version }) => version)).toEqual(FLEET_MIGRATIONS.map(({ version }) => version));
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
      state.abort("as if the machine died");
    });
    await expect(died).rejects.toThrow("as if the machine died");
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
