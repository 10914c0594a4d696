/**
 * Writes `config/schema/*.json` from the zod source: `npm run schema`. With `--check` it writes nothing and fails when
 * a file is not what it would write.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { renderSchemas } from "./lib/schemas.ts";

const FOLDER = path.join(import.meta.dirname, "../config/schema");

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Not there yet counts as stale.
    return "";
  }
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
mkdirSync(FOLDER, { recursive: true });
for (const [name, text] of renderSchemas()) {
  const file = path.join(FOLDER, name);
  const stale = readOrEmpty(file) !== text;
  if (stale && values.check) process.exitCode = 1;
  if (stale && !values.check) writeFileSync(file, text);
  const outcome = values.check ? "is stale: run `npm run schema`" : "written";
  process.stdout.write(`config/schema/${name} ${stale ? outcome : "is current"}\n`);
}
