/**
 * `npm run snapshot -- <folder> --environment <name> [--development]`: compiles a folder of documents into the snapshot
 * that is built into the edge's bundle, `worker/io/builtin-snapshot.json`. Run it before a deploy, so that a first
 * request with nothing reachable finds its region. Revision 0: whatever the control plane has published is newer.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { canonicalJson } from "../config/canonical.ts";
import { compile } from "../config/compile.ts";
import { hasErrors } from "../config/findings.ts";
import { Revision } from "../config/ids.ts";
import { readFleet } from "../config/read-fleet.ts";
import { loadFleetFolder } from "./lib/fleet-folder.ts";

const USAGE = "usage: npm run snapshot -- <folder> --environment <name> [--development]\n";
const BUILTIN_FILE = path.join(import.meta.dirname, "../worker/io/builtin-snapshot.json");

/** From sysexits.h, as other command lines use it. */
const EXIT_USAGE = 64;

type Options = { readonly folder: string; readonly environment: string; readonly development: boolean };

function readOptions(args: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { environment: { type: "string" }, development: { type: "boolean", default: false } },
    });
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) return "name one folder of documents";
    if (values.environment === undefined) return "name the environment whose values fill the templates";
    return { folder, environment: values.environment, development: values.development };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function writeSnapshot({ folder, environment, development }: Options): number {
  const { inputs, findings: unread } = loadFleetFolder(folder);
  const { fleet, findings } = readFleet(inputs, { environment, development });
  if (hasErrors(findings) || unread.length > 0) {
    process.stderr.write(`the fleet has errors: npm run validate -- ${folder} --environment ${environment}\n`);
    return 1;
  }
  const snapshot = compile({ fleet, overlays: [], environment, revision: Revision.parse(0) });
  const text = canonicalJson(snapshot);
  writeFileSync(BUILTIN_FILE, `${text}\n`);
  process.stdout.write(`worker/io/builtin-snapshot.json: ${snapshot.clusters.length} clusters, ${text.length} bytes\n`);
  return 0;
}

const options = readOptions(process.argv.slice(2));
if (typeof options === "string") {
  process.stderr.write(`${options}\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
} else {
  process.exitCode = writeSnapshot(options);
}
