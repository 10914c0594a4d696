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
  /** Of the HTTP part: how often its Workers are started afresh, how many rounds each time, and how many requests in each. */
  readonly starts: number;
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
};

export const USAGE = `npm run bench -- [PART]... [--quick] [--json] [--starts N] [--rounds N] [--requests N] [--connections N]

  PART             http, decide, snapshot or control; all of them when none is named
  --only PART      the same
  --quick          little of everything: to see that it runs, and roughly how
  --json           one JSON document on stdout; all else goes to stderr
  --starts N       how often the HTTP part starts its Workers afresh, 1 to 20 (default 3, quick 1)
  --rounds N       rounds of each start, 1 to 1000 (default 25, quick 5)
  --requests N     requests to each Worker in each round, 100 to 10000 (default 1000)
  --connections N  connections that are kept busy, 1 to 100 (default 16)
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
  const starts = wholeNumber("starts", values.starts ?? (quick ? "1" : "3"), [1, 20]);
  if (!starts.ok) return starts;
  const rounds = wholeNumber("rounds", values.rounds ?? (quick ? "5" : "25"), [1, 1_000]);
  if (!rounds.ok) return rounds;
  const requests = wholeNumber("requests", values.requests ?? "1000", [100, 10_000]);
  if (!requests.ok) return requests;
  const connections = wholeNumber("connections", values.connections ?? "16", [1, 100]);
  if (!connections.ok) return connections;
  return ok({
    json: values.json ?? false,
    help: values.help ?? false,
    quick,
    parts,
    starts: starts.value,
    rounds: rounds.value,
    requests: requests.value,
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
          requests: { type: "string" },
          connections: { type: "string" },
        },
      }),
    );
  } catch (cause) {
    // parseArgs reports what it does not know by throwing; its message is already a sentence for people.
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}

function wholeNumber(name: string, text: string, [min, max]: readonly [number, number]): Result<number, string> {
  const value = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return ok(value);
  return err(`--${name} takes a whole number from ${min} to ${max}, not "${text}"`);
}
