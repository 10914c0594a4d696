/** Redocly's and Spectral's linters, with our rules, on a description. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod/mini";

export type LintFinding = { readonly rule: string; readonly message: string };

/** Everything that either of them says, warnings and hints too. */
export async function lint(description: object): Promise<readonly LintFinding[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "fairlead-openapi-"));
  try {
    const file = path.join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify(description));
    // One after the other: each takes a core, and a second of start.
    return [...(await redocly(file)), ...(await spectral(file))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const RedoclyReport = z.object({
  problems: z.array(
    z.object({
      ...{ ruleId: z.string(), message: z.string() },
      location: z.array(z.object({ pointer: z.optional(z.string()) })),
    }),
  ),
});

async function redocly(file: string): Promise<readonly LintFinding[]> {
  const output = await run("redocly", ["lint", file, "--config=redocly.yaml", "--format=json", "--max-problems=1000"]);
  return RedoclyReport.parse(JSON.parse(output)).problems.map(({ ruleId, message, location }) => ({
    rule: ruleId,
    message: `${location[0]?.pointer ?? ""}: ${message}`,
  }));
}

const SpectralReport = z.array(
  z.object({ code: z.string(), message: z.string(), path: z.array(z.union([z.string(), z.number()])) }),
);

async function spectral(file: string): Promise<readonly LintFinding[]> {
  const output = await run("spectral", ["lint", file, "--ruleset=.spectral.yaml", "--format=json", "--quiet"]);
  const report = SpectralReport.parse(JSON.parse(output));
  return report.map(({ code, message, path: place }) => ({ rule: code, message: `${place.join(".")}: ${message}` }));
}

/** Neither asks the network for anything: no telemetry, no look for newer versions. */
const ENVIRONMENT = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };

/** Standard output; a linter that finds something fails, and its report is there all the same. */
function run(name: string, args: readonly string[]): Promise<string> {
  const file = path.resolve("node_modules", ".bin", name);
  return new Promise((resolve, reject) => {
    execFile(file, args, { env: ENVIRONMENT, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout !== "") resolve(stdout);
      else reject(new Error(`${name} said nothing: ${stderr}`, { cause: error }));
    });
  });
}
