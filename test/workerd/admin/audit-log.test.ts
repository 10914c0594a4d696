/**
 * The audit log inside its Durable Object: what an append costs and leaves behind, what a rolled back transaction, an
 * eviction and an erasure do to it, and that the offline verifier accepts what comes out of it.
 */
import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, inject, test } from "vitest";
import { verifyConsistency, verifyInclusion } from "../../../admin/core/audit/merkle-verify.ts";
import { parseNote, parseVerifierKey, signaturesBy } from "../../../admin/core/audit/signed-note.ts";
import { SUBJECT_PATTERN, subjectOf } from "../../../admin/core/audit/subject.ts";
import { AuditLog, type NamedEntry } from "../../../admin/objects/audit-log.ts";
import { bytesOf, verified } from "./audit-support.ts";
import { env } from "./support.ts";

afterEach(() => reset());

/** An object of its own: nothing but the test writes to its log. */
const stub = () => env.FLEET.getByName("audit-log");

type Inside = { readonly log: AuditLog; readonly storage: DurableObjectStorage };

function inside<T>(act: (inside: Inside) => T | Promise<T>, bindings = env): Promise<T> {
  return runInDurableObject(stub(), (_object, { storage }) =>
    act({ log: new AuditLog({ storage, env: bindings }), storage }),
  );
}

const ALEX = { name: "alex", kind: "person", roles: ["operator"] } as const;

function entry(change: Partial<NamedEntry> = {}): NamedEntry {
  return {
    ...{ atMs: 1_700_000_000_000, request: "r", actor: ALEX, action: "weights.shift", outcome: "committed" },
    ...change,
  };
}

function fill({ log, storage }: Inside, count: number, change: Partial<NamedEntry> = {}): void {
  storage.transactionSync(() => {
    for (let i = 0; i < count; i += 1) log.append(entry(change));
  });
}

function rowsOf({ sql }: DurableObjectStorage, table: string): number {
  return Number(sql.exec(`SELECT count(*) AS count FROM ${table}`).one().count);
}

function exported({ log }: Inside, limit: number): readonly string[] {
  const lines: string[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = log.exportLines(from, limit);
    lines.push(...page.lines);
    from = page.next;
  }
  return lines;
}

describe("an append", () => {
  test("counts from 0, links to the one before, and names nobody", async () => {
    await inside((within) => {
      const { log } = within;
      fill(within, 2);
      fill(within, 1, { actor: { name: "whoever", kind: "unauthenticated", roles: [] }, action: "token.refused" });
      const [newest, second, first] = log.leaves(Number.MAX_SAFE_INTEGER, 10);
      expect([newest?.index, second?.index, first?.index]).toEqual([2, 1, 0]);
      expect([first?.leaf.previous, second?.leaf.previous]).toEqual(["0".repeat(64), first?.hash]);
      expect(first?.leaf).toMatchObject({ version: 1, environment: "demo", action: "weights.shift" });
      expect(first?.leaf.actor).toEqual({
        subject: expect.stringMatching(SUBJECT_PATTERN),
        kind: "person",
        roles: ["operator"],
      });
      expect(second?.leaf.actor.subject).toBe(first?.leaf.actor.subject);
      expect(newest?.leaf.actor).toEqual({ subject: "nobody", kind: "unauthenticated", roles: [] });
      expect([first?.name, newest?.name]).toEqual(["alex", undefined]);
      for (const { text } of [newest, second, first].filter((record) => record !== undefined))
        expect(text).not.toMatch(/alex|whoever/);
      expect(log.leaf(1)).toEqual(second);
      expect(log.leaf(3)).toBeUndefined();
      expect(log.leaves(2, 1)).toEqual([second]);
    });
  });

  test("gives people and machines of one name a subject each", async () => {
    await inside((within) => {
      fill(within, 1);
      fill(within, 1, { actor: { ...ALEX, kind: "machine" } });
      const subjects = within.log.leaves(10, 10).map(({ leaf }) => leaf.actor.subject);
      expect(new Set(subjects).size).toBe(2);
    });
  });

  test("writes one row and, on average, one more, however long the log is", async () => {
    await inside((within) => {
      fill(within, 1_000);
      expect(rowsOf(within.storage, "audit_leaves")).toBe(1_000);
      // 500 + 250 + 125 + 62 + 31 + 15 + 7 + 3 + 1 perfect subtrees.
      expect(rowsOf(within.storage, "audit_nodes")).toBe(994);
    });
  });

  test("goes with the transaction that it is part of", async () => {
    await inside((within) => {
      const { log, storage } = within;
      fill(within, 3);
      const before = log.leaf(2);
      const fails = () =>
        storage.transactionSync(() => {
          expect(log.append(entry({ actor: { ...ALEX, name: "kim" } }))).toEqual({ index: 3 });
          expect(log.size()).toBe(4);
          throw new Error("the commit failed");
        });
      expect(fails).toThrow("the commit failed");
      expect([log.size(), log.leaf(2), log.leaf(3)]).toEqual([3, before, undefined]);
      expect([rowsOf(storage, "audit_nodes"), rowsOf(storage, "audit_subjects")]).toEqual([1, 1]);

      fill(within, 2);
      expect(log.leaf(3)?.leaf.previous).toBe(before?.hash);
      expect(log.inclusion(3)).toMatchObject({ size: 5 });
    });
  });

  test("goes on after an eviction where it stopped", async () => {
    const before = await inside((within) => {
      fill(within, 5);
      return { root: within.log.inclusion(0)?.root ?? "", hash: within.log.leaf(4)?.hash };
    });
    await evictDurableObject(stub());
    await inside((within) => {
      fill(within, 6);
      expect(within.log.leaf(5)?.leaf).toMatchObject({ index: 5, previous: before.hash });
      expect(within.log.leaf(10)?.leaf.actor.subject).toBe(within.log.leaf(0)?.leaf.actor.subject);
      expect(within.log.consistency(5, 11)?.fromRoot).toBe(before.root);
    });
  });
});

describe("proofs", () => {
  test("of every entry and every size hold", async () => {
    await inside((within) => {
      const size = 21;
      fill(within, size);
      for (let to = 1; to <= size; to += 1) {
        for (let index = 0; index < to; index += 1) {
          const proof = within.log.inclusion(index, to);
          expect(proof).toMatchObject({ index, size: to, leafHash: within.log.leaf(index)?.hash });
          const { leafHash = "", root = "", proof: hashes = [] } = proof ?? {};
          const claim = {
            index,
            size: to,
            leafHash: bytesOf(leafHash),
            root: bytesOf(root),
            proof: hashes.map(bytesOf),
          };
          expect(verifyInclusion(claim)).toBe(true);
        }
        for (let from = 1; from <= to; from += 1) {
          const { fromRoot = "", toRoot = "", proof = [] } = within.log.consistency(from, to) ?? {};
          const claim = { from, to, fromRoot: bytesOf(fromRoot), toRoot: bytesOf(toRoot), proof: proof.map(bytesOf) };
          expect(verifyConsistency(claim)).toBe(true);
        }
      }
    });
  });

  test("of what is not there do not exist", async () => {
    await inside((within) => {
      expect(within.log.inclusion(0)).toBeUndefined();
      fill(within, 3);
      expect(within.log.inclusion(2)).toMatchObject({ size: 3 });
      expect([within.log.inclusion(3), within.log.inclusion(0, 4), within.log.inclusion(2, 2)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect([within.log.consistency(0, 2), within.log.consistency(2, 1), within.log.consistency(1, 4)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });
  });
});

const NOW_MS = 1_800_000_000_000;

describe("a checkpoint", () => {
  test("is signed by the environment's key over the root, once for each size", async () => {
    await inside(async (within) => {
      const { log, storage } = within;
      expect(await log.checkpoint(NOW_MS)).toEqual({ kind: "unchanged" });
      fill(within, 3);
      const outcome = await log.checkpoint(NOW_MS);
      expect(outcome).toMatchObject({ kind: "signed", checkpoint: { size: 3, atMs: NOW_MS } });
      expect(await log.checkpoint(NOW_MS + 1)).toEqual({ kind: "unchanged" });
      expect(rowsOf(storage, "audit_checkpoints")).toBe(1);

      const latest = log.latestCheckpoint();
      expect(latest).toMatchObject({ size: 3, root: log.inclusion(0, 3)?.root, keys: [log.publicKey()] });
      expect(latest?.note).toMatch(
        /^fairlead\.dev\/audit\/demo\n3\n[A-Za-z0-9+/]{43}=\n\n— fairlead\.dev\/audit\/demo /,
      );
      const note = parseNote(latest?.note ?? "");
      const key = parseVerifierKey(log.publicKey() ?? "");
      if (!note.ok || !key.ok) throw new Error("a note and a key");
      const [signature] = signaturesBy(note.value, key.value);
      const x = inject("signingPublicKey");
      const jwk = { kty: "OKP", crv: "Ed25519", x };
      const publicKey = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["verify"]);
      const text = new TextEncoder().encode(note.value.text);
      expect(await crypto.subtle.verify("Ed25519", publicKey, signature?.signature ?? new Uint8Array(), text)).toBe(
        true,
      );
    });
  });

  test("is due a minute after the last, or 256 entries, and never without an entry", async () => {
    await inside(async (within) => {
      const { log } = within;
      expect(log.checkpointDueMs()).toBeUndefined();
      fill(within, 1);
      expect(log.checkpointDueMs()).toBe(0);
      await log.checkpoint(NOW_MS);
      expect(log.checkpointDueMs()).toBeUndefined();
      fill(within, 1);
      expect(log.checkpointDueMs()).toBe(NOW_MS + 60_000);
      expect(await log.checkpointIfDue(NOW_MS + 59_999)).toEqual({ kind: "unchanged" });
      expect(await log.checkpointIfDue(NOW_MS + 60_000)).toMatchObject({ kind: "signed", checkpoint: { size: 2 } });
      fill(within, 255);
      expect(log.checkpointDueMs()).toBe(NOW_MS + 120_000);
      fill(within, 1);
      expect(await log.checkpointIfDue(NOW_MS + 60_001)).toMatchObject({ kind: "signed", checkpoint: { size: 258 } });
    });
  });

  test.each([
    ["no key", undefined],
    ["a text that is none", "nonsense"],
    ["another kind of key", JSON.stringify({ kty: "EC", crv: "P-256", x: "x" })],
    ["a key that is too short", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "AAAA" })],
  ])("is not made with %s, which is no error", async (_what, key) => {
    const { SNAPSHOT_SIGNING_KEY: _, ...keyless } = env;
    await inside(
      async (within) => {
        fill(within, 1);
        const { log } = within;
        expect(await log.checkpoint(NOW_MS)).toEqual({ kind: "unsigned" });
        expect([log.checkpointDueMs(), log.publicKey(), log.latestCheckpoint()]).toEqual([
          ...[undefined, undefined, undefined],
        ]);
        expect(await verified(exported(within, 10), undefined)).toMatchObject({ ok: true, summary: { signed: 0 } });
      },
      key === undefined ? keyless : { ...keyless, SNAPSHOT_SIGNING_KEY: key },
    );
  });

  test("is asked for twice at the same time and made once", async () => {
    await inside(async (within) => {
      fill(within, 2);
      const both = await Promise.all([within.log.checkpoint(NOW_MS), within.log.checkpoint(NOW_MS)]);
      expect(both.map(({ kind }) => kind)).toEqual(["signed", "signed"]);
      expect(both[0]).toEqual(both[1]);
      expect(rowsOf(within.storage, "audit_checkpoints")).toBe(1);
    });
  });

  test("is never signed over a past that is not the one that was signed", async () => {
    await inside(async (within) => {
      const { log, storage } = within;
      fill(within, 2);
      await log.checkpoint(NOW_MS);
      storage.sql.exec("UPDATE audit_nodes SET hash = ? WHERE level = 1", new Uint8Array(32).buffer);
      fill(within, 1);
      await expect(log.checkpoint(NOW_MS + 60_000)).rejects.toThrow("what was signed is still there as it was");
      expect(log.latestCheckpoint()).toMatchObject({ size: 2 });
    });
  });
});

describe("an export", () => {
  test("comes in pages, each checkpoint behind what it covers, and the offline verifier accepts it", async () => {
    await inside(async (within) => {
      const { log } = within;
      for (const more of [3, 4, 4]) {
        fill(within, more);
        await log.checkpoint(NOW_MS);
      }
      fill(within, 2);
      const lines = exported(within, 100);
      const leaf = (count: number) => Array.from({ length: count }, () => "leaf");
      expect(lines.map((line) => JSON.parse(line).type)).toEqual([
        ...["log", ...leaf(3), "checkpoint", ...leaf(4), "checkpoint", ...leaf(4), "checkpoint", ...leaf(2)],
      ]);
      expect(exported(within, 1)).toEqual(lines);
      expect(exported(within, 3)).toEqual(lines);
      expect(exported(within, 4)).toEqual(lines);
      expect(await verified(lines, log.publicKey())).toMatchObject({
        ok: true,
        summary: { origin: "fairlead.dev/audit/demo", leaves: 13, checkpoints: 3, signed: 11 },
      });
    });
  });

  test("can be continued later where it ended, and is still one log", async () => {
    await inside(async (within) => {
      fill(within, 5);
      await within.log.checkpoint(NOW_MS);
      const first = exported(within, 100);
      fill(within, 3);
      await within.log.checkpoint(NOW_MS + 60_000);
      const { lines: rest, next } = within.log.exportLines(5, 100);
      expect([rest.length, next]).toEqual([4, undefined]);
      expect([...first, ...rest]).toEqual(exported(within, 100));
      expect(within.log.exportLines(8, 100)).toEqual({ lines: [] });
    });
  });

  test("keeps its pages small when entries are large", async () => {
    await inside((within) => {
      fill(within, 5, { reason: "x".repeat(500_000) });
      const { lines, next } = within.log.exportLines(0, 100);
      expect([lines.length, next]).toEqual([5, 4]);
    });
  });

  test("names every key that ever signed, so that a change of keys breaks nothing", async () => {
    const former = await inside(async (within) => {
      fill(within, 2);
      await within.log.checkpoint(NOW_MS);
      return within.log.publicKey();
    });
    await inside(
      async (within) => {
        fill(within, 2);
        await within.log.checkpoint(NOW_MS + 60_000);
        const lines = exported(within, 100);
        const current = within.log.publicKey();
        expect(current).not.toBe(former);
        expect(JSON.parse(lines[0] ?? "")).toMatchObject({ key: current, formerKeys: [former] });
        expect(within.log.latestCheckpoint()?.keys).toEqual([former, current]);
        expect(await verified(lines, undefined)).toMatchObject({ ok: true, summary: { signed: 4 } });
      },
      { ...env, SNAPSHOT_SIGNING_KEY: await anotherKey() },
    );
  });
});

describe("an erased subject", () => {
  test("has no name any more, and nothing else changes", async () => {
    await inside(async (within) => {
      const { log, storage } = within;
      fill(within, 2);
      await log.checkpoint(NOW_MS);
      const [{ leaf: leafBefore, name = "" } = { leaf: undefined }] = log.leaves(10, 1);
      const subject = leafBefore?.actor.subject ?? "";
      const lines = exported(within, 100);
      const { salt } = storage.sql.exec("SELECT salt FROM audit_subjects").one();
      expect(subjectOf(new Uint8Array(salt as ArrayBuffer), name)).toBe(subject); // The column holds bytes.

      expect(log.erase(subject)).toBe("erased");
      expect(log.leaves(10, 1)).toEqual([expect.not.objectContaining({ name: expect.anything() })]);
      expect(log.leaf(1)?.leaf).toEqual(leafBefore);
      expect(exported(within, 100)).toEqual(lines);
      expect(storage.sql.exec("SELECT * FROM audit_subjects").toArray()).toEqual([
        { subject, name_key: null, name: null, salt: null },
      ]);
      expect([log.erase(subject), log.erase("nobody")]).toEqual(["alreadyErased", "unknown"]);
    });
  });

  test("who comes back is somebody new", async () => {
    await inside((within) => {
      fill(within, 1);
      const before = within.log.leaf(0)?.leaf.actor.subject ?? "";
      within.log.erase(before);
      fill(within, 1);
      expect(within.log.leaf(1)?.name).toBe("alex");
      expect(within.log.leaf(1)?.leaf.actor.subject).not.toBe(before);
      expect(within.log.leaf(0)).not.toHaveProperty("name");
    });
  });

  test("is back when the transaction fails", async () => {
    await inside(({ log, storage, ...within }) => {
      fill({ log, storage, ...within }, 1);
      const subject = log.leaf(0)?.leaf.actor.subject ?? "";
      const fails = () =>
        storage.transactionSync(() => {
          log.erase(subject);
          throw new Error("no");
        });
      expect(fails).toThrow("no");
      expect(log.leaf(0)?.name).toBe("alex");
    });
  });
});

async function anotherKey(): Promise<string> {
  // What the algorithm gives is a pair, which the type leaves open.
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  return JSON.stringify(await crypto.subtle.exportKey("jwk", pair.privateKey));
}
