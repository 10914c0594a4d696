/** The command line of the bench. Unknown parts and options and numbers out of range are refused with one sentence. */
import { parseArgs } from "node:util";
import { err, ok, type Result } from "../../config/result.ts";

export const PARTS = ["http", "decide", "snapshot", "control"] as const;
export type Part = (typeof PARTS)[number];

export type Options = {
  readonly json: boolean;
  readonly help: boolean;
  /** Little of everything: to see that it runs, and roughly how. */
  readonly quick: boolean;
  readonly parts: readonly Part[];
  /** Of the HTTP part: how often its Workers are started afresh, and how many rounds each time. */
  readonly starts: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
};

export const USAGE = `npm run bench -- [PART]... [--quick] [--json] [--starts N] [--rounds N] [--seconds N] [--connections N]

  PART             http, decide, snapshot or control; all of them when none is named
  --only PART      the same
  --quick          little of everything: to see that it runs, and roughly how
  --json           one JSON document on stdout; all else goes to stderr
  --starts N       how often the HTTP part starts its Workers afresh, 1 to 20 (default 3, quick 1)
  --rounds N       rounds of each start, 1 to 100 (default 3, quick 2)
  --seconds N      seconds of load for each Worker in each round, 1 to 60 (default 3, quick 1)
  --connections N  connections that are kept busy, 1 to 256 (default 16)
`;

export function parseOptions(argv: readonly string[]): Result<Options, string> {
  const parsed = readArguments(argv);
  if (!parsed.ok) return parsed;
  const { values, positionals } = parsed.value;
  const named = [...positionals, ...(values.only ?? [])];
  const unknown = named.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) return err(`the parts are ${PARTS.join(", ")}; "${unknown}" is none of them`);
  const parts = named.length === 0 ? PARTS : PARTS.filter((part) => named.includes(part));

  const quick = values.quick ?? false;
  const starts = wholeNumber("starts", values.starts ?? (quick ? "1" : "3"), 20);
  if (!starts.ok) return starts;
  const rounds = wholeNumber("rounds", values.rounds ?? (quick ? "2" : "3"), 100);
  if (!rounds.ok) return rounds;
  const seconds = wholeNumber("seconds", values.seconds ?? (quick ? "1" : "3"), 60);
  if (!seconds.ok) return seconds;
  const connections = wholeNumber("connections", values.connections ?? "16", 256);
  if (!connections.ok) return connections;
  return ok({
    json: values.json ?? false,
    help: values.help ?? false,
    quick,
    parts,
    starts: starts.value,
    rounds: rounds.value,
    seconds: seconds.value,
    connections: connections.value,
  });
}

function readArguments(argv: readonly string[]) {
  try {
    return ok(
      parseArgs({
        args: [...argv],
        strict: true,
        allowPositionals: true,
        options: {
          json: { type: "boolean" },
          help: { type: "boolean" },
          quick: { type: "boolean" },
          only: { type: "string", multiple: true },
          starts: { type: "string" },
          rounds: { type: "string" },
          seconds: { type: "string" },
          connections: { type: "string" },
        },
      }),
    );
  } catch (cause) {
    // parseArgs reports what it does not know by throwing; its message is already a sentence for people.
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}

function wholeNumber(name: string, text: string, max: number): Result<number, string> {
  const value = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : Number.NaN;
  return value <= max ? ok(value) : err(`--${name} takes a whole number from 1 to ${max}, not "${text}"`);
}
