/** What `npm run audit` answers, as a value: arguments in, text and exit code out. Reads the files named, nothing else. */
import { createReadStream, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { sentenceOf } from "./fault.ts";
import { NotLinesError, readLines } from "./lines.ts";
import { readCheckpoint, readKey, type SignedCheckpoint, type TrustedKey } from "./note.ts";
import { type Summary, type Verdict, verifyLog } from "./verify-log.ts";

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

const EXIT_TAMPERED = 1;
/** From sysexits.h, as other command lines use it. */
const EXIT_USAGE = 64;

/** Sixteen times the default: fewer lines are cut in two, and memory stays small. */
const CHUNK_BYTES = 1_048_576;

const USAGE = `usage: npm run audit -- verify <file> [--key <verifier key>]... [--checkpoint <file>]

Verifies an export of the audit log (GET /v1/audit/export) without asking anybody: every leaf, every link between two,
and every signature. Exits with 0 when all is as it was written, with 1 when it is not, and says where.

  --key <verifier key>  trust this key, not the one in the file; once more for each key that signed (<name>+<hash>+<base64>)
  --checkpoint <file>   a checkpoint kept from before, as GET /v1/audit/checkpoint answered it or only its note: what the
                        file holds must go on from it
`;

type Options = { readonly file: string; readonly keys: readonly TrustedKey[]; readonly kept?: SignedCheckpoint };

export async function audit(args: readonly string[]): Promise<Outcome> {
  const options = readOptions(args);
  if (options === "help") return { code: 0, stdout: USAGE, stderr: "" };
  if (typeof options === "string") return usage(`${options}\n\n${USAGE}`);
  try {
    const verdict = await verifyLog(readLines(createReadStream(options.file, { highWaterMark: CHUNK_BYTES })), options);
    return { code: verdict.ok ? 0 : EXIT_TAMPERED, stdout: wordsOf(verdict, options), stderr: "" };
  } catch (cause) {
    if (cause instanceof NotLinesError)
      return { code: EXIT_TAMPERED, stdout: `tampered: ${cause.message}\n`, stderr: "" };
    if (isFileError(cause)) return usage(`${cause.message}\n`);
    throw cause;
  }
}

/** The options, or a sentence on why there are none. */
function readOptions(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string", multiple: true, default: [] },
        checkpoint: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const [verb, file, ...more] = positionals;
    if (verb !== "verify" || file === undefined || more.length > 0) return "say what to verify: one file";
    const keys = values.key.map(readKey);
    const known = keys.filter((key) => key !== undefined);
    if (known.length < keys.length) return "a verifier key is <name>+<hash>+<base64>, with the hash of that key";
    if (values.checkpoint === undefined) return { file, keys: known };
    const kept = readCheckpoint(noteOf(readFileSync(values.checkpoint, "utf8")));
    return kept === undefined ? `${values.checkpoint} is not a signed checkpoint` : { file, keys: known, kept };
  } catch (cause) {
    return cause instanceof Error ? cause.message : "these options are not understood";
  }
}

/** What the API answers has the note in a field of that name. */
function noteOf(text: string): string {
  if (!text.trimStart().startsWith("{")) return text;
  const { note } = JSON.parse(text) as { note?: unknown }; // Whatever it is, it is looked at here.
  return typeof note === "string" ? note : "";
}

function wordsOf(verdict: Verdict, { keys, kept }: Options): string {
  if (verdict.ok)
    return [...summaryLines(verdict.summary, kept), ...cautions(verdict.summary, keys.length > 0)].join("");
  const { fault, signed } = verdict;
  const vouched =
    signed === 0
      ? "no checkpoint before that covers any leaf"
      : `leaves 0 to ${signed - 1} hold: the checkpoint of size ${signed} covers them`;
  return `tampered: ${sentenceOf(fault)}\n          ${vouched}\n`;
}

function summaryLines(summary: Summary, kept: SignedCheckpoint | undefined): readonly string[] {
  const { origin, checkpoints, root, firstMs, lastMs, keys } = summary;
  const rows = [
    ["first", timeOf(firstMs)],
    ["last", timeOf(lastMs)],
    ["root", root],
    ...keys.map((label) => ["key", label]),
    ...(kept === undefined ? [] : [["kept", `the checkpoint of size ${kept.size} is part of it`]]),
  ];
  return [
    `fine: ${leaves(summary.leaves)} and ${plural(checkpoints, "checkpoint", "checkpoints")} of ${origin}\n`,
    ...rows.map(([name = "", value = ""]) => `  ${name.padEnd(6)}${value}\n`),
  ];
}

/** What the reader must not take from "fine". */
function cautions(summary: Summary, keyGiven: boolean): readonly string[] {
  const unsigned = summary.leaves - summary.signed;
  return [
    ...(unsigned === 0
      ? []
      : [`CAUTION: the last ${leaves(unsigned)}, from ${summary.signed} on, are chained but not signed yet.\n`]),
    ...(keyGiven
      ? []
      : [
          "CAUTION: no --key was given, so the key in the file was trusted. Whoever could rewrite the file could have put\n" +
            "         theirs there: compare it with the key that you know.\n",
        ]),
  ];
}

function timeOf(ms: number | undefined): string {
  if (ms === undefined) return "none";
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

function leaves(n: number): string {
  return plural(n, "leaf", "leaves");
}

function plural(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

function usage(stderr: string): Outcome {
  return { code: EXIT_USAGE, stdout: "", stderr };
}

/** The file is not there, or is not to be read. */
function isFileError(cause: unknown): cause is Error {
  return cause instanceof Error && "syscall" in cause;
}
