/** What `npm run audit` prints, read as prose: does the sentence say what is wrong, where, and what still holds? */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { audit } from "../../scripts/lib/audit/command.ts";
import { type ExportLine, exportOf, noteText, sizeOf, textOf } from "../core/audit/export-file.ts";
import { attacker, checkpointLine, LOG, REBUILT, signer, TAMPER_SET } from "../core/audit/tamper-set.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "fairlead-audit-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const KEY = ["--key", signer.verifierKey];

async function verify(lines: readonly ExportLine[], ...args: string[]) {
  return audit(["verify", write("log.ndjson", textOf(lines)), ...args]);
}

test("to everything of the tamper set", async () => {
  let transcript = "";
  for (const [what, lines] of TAMPER_SET) {
    const { code, stdout, stderr } = await verify(lines, ...KEY);
    expect([what, code, stderr]).toEqual([what, 1, ""]);
    transcript += `# ${what}\n${stdout}\n`;
  }
  await expect(transcript).toMatchFileSnapshot("audit-tampered.golden.txt");
});

const resigned = REBUILT.map((line) =>
  line.type === "checkpoint" ? { ...line, note: signer.note(noteText(line)) } : line,
);
const cut = LOG.filter((line) => line.type === "log" || (line.type === "leaf" ? line.index : sizeOf(line) - 1) < 6);

test("to what is fine, and what a kept checkpoint shows", async () => {
  const kept = ["--checkpoint", write("kept", checkpointLine(8).note)];
  const answer = write("kept.json", JSON.stringify({ size: 8, note: checkpointLine(8).note }));
  const whole = exportOf({ leaves: 1, checkpoints: [1], signer });
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, lines: readonly ExportLine[], args: readonly string[]])[] = [
    ["all of it signed",                               whole,    KEY],
    ["leaves behind the last checkpoint",              LOG,      KEY],
    ["no key given",                                   whole,    []],
    ["nothing signed",                                 LOG.filter(({ type }) => type !== "checkpoint"), KEY],
    ["nothing in it yet",                              LOG.slice(0, 1), KEY],
    ["a kept checkpoint",                              LOG,      [...KEY, ...kept]],
    ["a kept answer of the API",                       LOG,      [...KEY, "--checkpoint", answer]],
    ["truncated, against a kept checkpoint",           cut,      [...KEY, ...kept]],
    ["rewritten by whoever has the key, against one",  resigned, [...KEY, ...kept]],
    ["another log's key in the file, against one",     exportOf({ leaves: 12, checkpoints: [8], signer: attacker }), kept],
  ];
  let transcript = "";
  for (const [what, lines, args] of rows) {
    const { code, stdout } = await verify(lines, ...args);
    transcript += `# ${what}\n${stdout}exit ${code}\n\n`;
  }
  await expect(transcript).toMatchFileSnapshot("audit.golden.txt");
});

test.each([
  [[]],
  [["verify"]],
  [["check", "log.ndjson"]],
  [["verify", "a", "b"]],
  [["verify", "a", "--key", "nonsense"]],
  [["verify", "a", "--nonsense"]],
  [["verify", "a", "--checkpoint", "no/such/file"]],
  [["verify", "a", "--checkpoint", "package.json"]],
])("%j is not understood", async (args) => {
  const { code, stdout, stderr } = await audit(args);
  expect([code, stdout]).toEqual([64, ""]);
  expect(stderr).toMatch(/\n\nusage: npm run audit/);
});

test("a file that is not there is no tampering", async () => {
  const { code, stdout, stderr } = await audit(["verify", "no/such/file"]);
  expect([code, stdout]).toEqual([64, ""]);
  expect(stderr).toMatch(/no such file/);
});

test("what is no text is said to be none", async () => {
  writeFileSync(path.join(folder, "noise"), Uint8Array.of(0xff, 0xfe));
  const { code, stdout } = await audit(["verify", path.join(folder, "noise")]);
  expect([code, stdout]).toEqual([1, "tampered: the file is not UTF-8\n"]);
});

test("help says how to use it", async () => {
  expect(await audit(["--help"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^usage: npm run audit/) });
});
