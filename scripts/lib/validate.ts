/** What `npm run validate` answers, as a value: arguments in, text and exit code out. Reads the folder, nothing else. */
import { parseArgs } from "node:util";
import type { Severity } from "../../config/findings.ts";
import { compareText } from "../../config/order.ts";
import { declaredName } from "../../config/parse.ts";
import { type ReadOptions, readFleet } from "../../config/read-fleet.ts";
import { type FleetFolder, type LocatedFinding, loadFleetFolder } from "./fleet-folder.ts";

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** From sysexits.h, as other command lines use it. */
const EXIT_USAGE = 64;

const USAGE = `usage: npm run validate -- <folder> [--environment <name>] [--development] [--json]

Reads every .yaml, .yml and .json file of the folder and says everything that is wrong with the fleet in it.

  --environment <name>  whose values fill the templates (default: the only one there is)
  --development         allow what only one machine may do: plain HTTP, loopback, private names
  --json                findings as one JSON document
`;

type Options = {
  readonly folder: string;
  /** Undefined: the only one there is. */
  readonly environment: string | undefined;
  readonly development: boolean;
  readonly json: boolean;
};

export function validate(args: readonly string[]): Outcome {
  const options = readOptions(args);
  if (typeof options === "string") return { code: EXIT_USAGE, stdout: "", stderr: `${options}\n\n${USAGE}` };
  if (options.folder === "") return { code: 0, stdout: USAGE, stderr: "" };
  const loaded = loadFleetFolder(options.folder);
  const environment = options.environment ?? onlyEnvironment(loaded.inputs);
  if (environment === undefined)
    return { code: EXIT_USAGE, stdout: "", stderr: `there are several environments: name one\n\n${USAGE}` };
  const findings = findAll(loaded, { environment, development: options.development });
  const errors = count(findings, "error");
  const warnings = count(findings, "warning");
  const stdout = options.json
    ? `${JSON.stringify({ errors, warnings, findings }, undefined, 2)}\n`
    : `${[...findings.map(line), `${plural(errors, "error")}, ${plural(warnings, "warning")}`].join("\n")}\n`;
  return { code: errors > 0 ? 1 : 0, stdout, stderr: "" };
}

/** The options, or a sentence on why there are none. An empty folder asks for help. */
function readOptions(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        environment: { type: "string" },
        development: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { environment, development, json, help } = values;
    if (help) return { folder: "", environment, development, json };
    const [folder] = positionals;
    if (folder === undefined || folder === "") return "name the folder to validate";
    if (positionals.length > 1) return "name one folder";
    return { folder, environment, development, json };
  } catch (cause) {
    return cause instanceof Error ? cause.message : "these options are not understood";
  }
}

/** The environment to take when none is named; undefined when there is a choice. */
function onlyEnvironment(inputs: readonly unknown[]): string | undefined {
  const names = new Set(inputs.map(declaredName).flatMap((found) => (found?.kind === "Environment" ? found.name : [])));
  const [name = "production"] = names;
  return names.size > 1 ? undefined : name;
}

function findAll(loaded: FleetFolder, options: ReadOptions): readonly LocatedFinding[] {
  const located = readFleet(loaded.inputs, options)
    .findings.filter(({ path }) => !loaded.broken.has(Number(path[0])))
    .map(({ path, ...finding }): LocatedFinding => ({ ...loaded.locate(path), ...finding }));
  return [...loaded.findings, ...located].sort(byPlace);
}

function byPlace(a: LocatedFinding, b: LocatedFinding): number {
  return compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.code, b.code);
}

function line({ file, line, column, severity, code, message, didYouMean }: LocatedFinding): string {
  const hint = didYouMean === undefined ? "" : ` (did you mean ${JSON.stringify(didYouMean)}?)`;
  return `${file}:${line}:${column} ${severity} ${code} ${message}${hint}`;
}

function count(findings: readonly LocatedFinding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
