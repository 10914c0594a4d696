/**
 * What the preflight command answers, as a value: arguments in, text and exit code out. It sends the documents of a
 * folder to the control plane, which knows what clusters report, and brings the findings back to files and lines.
 */
import { sarifOf } from "../../../admin/core/preflight/sarif.ts";
import { type FleetFolder, loadFleetFolder } from "../fleet-folder.ts";
import type { Ask } from "./ask.ts";
import { brokenTexts, type LocatedReport, locateReport, uris } from "./located.ts";
import { type Options, readOptions } from "./options.ts";
import { textOf } from "./text.ts";
import { USAGE } from "./usage.ts";

export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type PreflightDeps = {
  readonly ask: Ask;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What files are named from in SARIF. */
  readonly cwd: string;
  readonly version: string;
};

/** The first three are ours and stable; the others are those of sysexits.h, as other command lines use them. */
export const EXIT = { ok: 0, errors: 1, warnings: 2, usage: 64, unreachable: 69, noPermission: 77 } as const;

export async function preflightCommand(args: readonly string[], deps: PreflightDeps): Promise<Outcome> {
  const options = readOptions(args, deps.env);
  if (options === "help") return { code: EXIT.ok, stdout: USAGE, stderr: "" };
  if (typeof options === "string") return failed(EXIT.usage, `${options}\n\n${USAGE}`);
  const folder = loadFleetFolder(options.folder);
  // What cannot be read cannot be sent, and the rest without it would be another fleet.
  if (folder.findings.some(({ severity }) => severity === "error")) return shown(brokenTexts(folder), options, deps);
  return ask(folder, options, deps);
}

async function ask(folder: FleetFolder, options: Options, deps: PreflightDeps): Promise<Outcome> {
  const { admin, token, services, clusters } = options;
  const answer = await deps.ask({
    admin,
    token,
    body: {
      documents: folder.inputs,
      ...(services.length === 0 ? {} : { services }),
      ...(clusters.length === 0 ? {} : { clusters }),
    },
  });
  switch (answer.kind) {
    case "report":
      return shown(locateReport(answer.report, folder), options, deps);
    case "refused": {
      const denied = answer.status === 401 || answer.status === 403;
      return failed(denied ? EXIT.noPermission : EXIT.usage, `${admin} refuses: ${answer.because}\n`);
    }
    case "unreachable":
      return failed(EXIT.unreachable, `${admin} cannot be asked: ${answer.because}\n`);
  }
}

function shown(report: LocatedReport, options: Options, deps: PreflightDeps): Outcome {
  return { code: exitOf(report, options), stdout: formatted(report, options, deps), stderr: "" };
}

function exitOf({ ok, summary }: LocatedReport, { strict }: Options): number {
  if (!ok) return EXIT.errors;
  return strict && summary.warnings > 0 ? EXIT.warnings : EXIT.ok;
}

function formatted(report: LocatedReport, options: Options, { cwd, version }: PreflightDeps): string {
  const { format, folder } = options;
  switch (format) {
    case "text":
      return textOf(report);
    case "json":
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case "sarif":
      return `${JSON.stringify(sarifOf(report, { toolVersion: version, exitCode: exitOf(report, options), fileOf: uris({ folder, cwd }) }), undefined, 2)}\n`;
  }
}

function failed(code: number, stderr: string): Outcome {
  return { code, stdout: "", stderr };
}
