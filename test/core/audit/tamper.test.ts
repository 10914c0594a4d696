/** Everything that can be done to an exported log, and what the offline verifier says to it; words are in test/golden. */
import { readdirSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readLines } from "../../../scripts/lib/audit/lines.ts";
import { readCheckpoint, readKey } from "../../../scripts/lib/audit/note.ts";
import { type Verdict, verifyLog } from "../../../scripts/lib/audit/verify-log.ts";
import { type ExportLine, exportOf, noteText, ORIGIN, Signer, sizeOf, textOf } from "./export-file.ts";
import { attacker, checkpointLine, edited, LOG, noted, REBUILT, replaced, signer, TAMPER_SET } from "./tamper-set.ts";

const TRUSTED = [signer.verifierKey];

/** With no key at all, the verifier goes by those in the file. */
async function verify(lines: readonly ExportLine[] | string, trusted = TRUSTED, kept?: string): Promise<Verdict> {
  const keys = trusted.map(readKey).filter((key) => key !== undefined);
  const checkpoint = kept === undefined ? undefined : readCheckpoint(kept);
  const text = typeof lines === "string" ? lines : textOf(lines);
  const options = { keys, ...(checkpoint === undefined ? {} : { kept: checkpoint }) };
  return verifyLog(readLines(Readable.from([Buffer.from(text)])), options);
}

test("the log as it was written is fine", async () => {
  expect(await verify(LOG)).toMatchObject({
    ok: true,
    summary: { origin: ORIGIN, leaves: 12, checkpoints: 3, signed: 10 },
  });
});

describe("whoever has the file", () => {
  test.each(TAMPER_SET)("cannot %s unseen", async (_what, lines, fault, signed) => {
    expect(textOf(lines)).not.toBe(textOf(LOG));
    expect(await verify(lines)).toMatchObject({ ok: false, fault, signed });
  });

  test.each([
    ["is no JSON", "{]"],
    ["is empty", ""],
    ["has a field too many", JSON.stringify({ ...checkpointLine(8), trusted: true })],
    ["has another type", JSON.stringify({ type: "note" })],
  ])("cannot put in a line that %s", async (_what, line) => {
    const at = LOG.indexOf(checkpointLine(8));
    const text = `${textOf(LOG.slice(0, at))}${line}\n${textOf(LOG.slice(at + 1))}`;
    expect(await verify(text)).toMatchObject({ ok: false, fault: { code: "line", line: 11, index: 8 }, signed: 4 });
  });

  test("cannot cut it off in the middle of a line", async () => {
    const fault = { code: "line", index: 11 };
    expect(await verify(textOf(LOG).slice(0, -20))).toMatchObject({ ok: false, fault, signed: 10 });
  });

  test("cannot make it so long that it fills the memory, or break its encoding", async () => {
    await expect(verify("x".repeat(8_000_001))).rejects.toThrow("a line is longer than");
    await expect(verifyLog(readLines(Readable.from([Uint8Array.of(0xff)])), { keys: [] })).rejects.toThrow("not UTF-8");
    await expect(verifyLog(readLines(Readable.from([Uint8Array.of(0xc3)])), { keys: [] })).rejects.toThrow("not UTF-8");
  });

  test("can leave out a checkpoint, which says nothing of the leaves: the next one covers them", async () => {
    expect(await verify(replaced(checkpointLine(8), []))).toMatchObject({ ok: true, summary: { signed: 10 } });
  });

  test("can change the very last leaf, which nothing covers yet: it is counted as not signed", async () => {
    const verdict = await verify(edited(11, { reason: "forged" }));
    expect(verdict).toMatchObject({ ok: true, summary: { leaves: 12, signed: 10 } });
  });
});

/** Leaves and checkpoints alike, up to so many leaves. */
const cutAt = (count: number) =>
  LOG.filter((line) => line.type === "log" || (line.type === "leaf" ? line.index : sizeOf(line) - 1) < count);
const REBUILT_UNSIGNED = REBUILT.filter(({ type }) => type !== "checkpoint");
/** What only whoever has the signing key can make. */
const RESIGNED = REBUILT.map((line) =>
  line.type === "checkpoint" ? { ...line, note: signer.note(noteText(line)) } : line,
);

describe("a checkpoint of size 8 that was kept apart", () => {
  // biome-ignore format: a table reads in columns
  test.each([
    // what                                             lines             fault
    ["is found in what goes on from it",                LOG,              undefined],
    ["shows that leaves and checkpoints were cut off",  cutAt(6),         { code: "leavesMissing", index: 6, size: 8, kept: true }],
    ["shows that everything was cut off",               cutAt(0),         { code: "leavesMissing", index: 0, size: 8, kept: true }],
    ["does not show what was cut off later",            cutAt(9),         undefined],
    ["shows a change where no checkpoint is left",      REBUILT_UNSIGNED, { code: "checkpointRoot", size: 8, kept: true, from: 0 }],
    ["shows history made anew with the signing key",    RESIGNED,         { code: "checkpointRoot", size: 8, kept: true, from: 4 }],
  ])("%s", async (_what, lines, fault) => {
    expect(await verify(lines)).toMatchObject({ ok: true });
    const verdict = await verify(lines, TRUSTED, checkpointLine(8).note);
    expect(verdict).toMatchObject(fault === undefined ? { ok: true } : { ok: false, fault });
  });

  test("pins the key even when none is given", async () => {
    const fault = { code: "checkpointUnknownKey", size: 8, kept: true };
    const theirs = exportOf({ leaves: 12, checkpoints: [4, 8, 10], signer: attacker });
    expect(await verify(theirs, [], checkpointLine(8).note)).toMatchObject({ ok: false, fault });
  });

  test("covers nothing when it is of an empty log or of another one", async () => {
    const empty = signer.note(`${ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
    expect(await verify(LOG, TRUSTED, empty)).toMatchObject({ ok: true });
    const other = signer.note(noteText(checkpointLine(8)).replace("/demo\n", "/other\n"));
    const fault = { code: "checkpointOrigin", size: 8, kept: true };
    expect(await verify(LOG, TRUSTED, other)).toMatchObject({ ok: false, fault });
  });
});

describe("keys", () => {
  test("a whole log made with another key convinces only whoever trusts the file's own", async () => {
    const theirs = exportOf({ leaves: 12, checkpoints: [4, 8, 10], signer: attacker });
    expect(await verify(theirs, [])).toMatchObject({ ok: true });
    expect(await verify(theirs)).toMatchObject({ ok: false, fault: { code: "checkpointUnknownKey", size: 4 } });
  });

  test("after a change of keys, older checkpoints are verified by the older key", async () => {
    const next = new Signer(3);
    const lines = noted(10, (line) => next.note(noteText(line))).map((line) =>
      line.type === "log" ? { ...line, key: next.verifierKey, formerKeys: TRUSTED } : line,
    );
    const fault = { code: "checkpointUnknownKey", size: 4 };
    expect(await verify(lines, [])).toMatchObject({ ok: true, summary: { signed: 10 } });
    expect(await verify(lines, [next.verifierKey, signer.verifierKey])).toMatchObject({ ok: true });
    expect(await verify(lines, [next.verifierKey])).toMatchObject({ ok: false, fault });
  });

  test("what a witness signs beside the log is passed over", async () => {
    const witness = new Signer(4, "witness.example/w");
    const lines = noted(8, (line) => {
      const cosigned = witness.note(noteText(line));
      return `${line.note}${cosigned.slice(cosigned.lastIndexOf("\n\n") + 2)}`;
    });
    expect(await verify(lines)).toMatchObject({ ok: true, summary: { signed: 10 } });
  });

  test("a log that nothing signs yet is fine, and nothing of it is signed", async () => {
    const lines = LOG.filter(({ type }) => type !== "checkpoint");
    expect(await verify(lines)).toMatchObject({ ok: true, summary: { leaves: 12, checkpoints: 0, signed: 0 } });
    expect(await verify([...LOG.slice(0, 1)])).toMatchObject({ ok: true, summary: { leaves: 0, signed: 0 } });
  });

  test.each([
    ["a key that is none", { key: `${ORIGIN}+00000000+AAAA` }],
    ["a key of another name", { key: new Signer(1, "fairlead.dev/audit/other").verifierKey }],
  ])("the file cannot name %s", async (_what, change) => {
    const lines = LOG.map((line) => (line.type === "log" ? { ...line, ...change } : line));
    expect(await verify(lines, [])).toMatchObject({ ok: false, fault: { code: "log" } });
  });
});

test("a line ends only at a newline: what else Unicode calls one may stand in a leaf", async () => {
  const lines = exportOf({ leaves: 2, checkpoints: [2], signer, reason: "first\u2028second\u0085third" });
  expect(textOf(lines)).toContain("\u2028");
  expect(await verify(lines)).toMatchObject({ ok: true, summary: { leaves: 2, signed: 2 } });
});

test("the verifier has nothing in common with what writes the log", () => {
  const folder = "scripts/lib/audit";
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(`${folder}/${file}`, "utf8").matchAll(/from "([^"]+)"/g)].map(([, specifier]) => specifier),
  );
  expect(imports).toContain("node:crypto");
  expect(imports.filter((specifier) => /admin|noble/.test(specifier ?? ""))).toEqual([]);
});
