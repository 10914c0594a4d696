/** `npm run preflight -- <folder> --admin <url>`: see `lib/preflight/command.ts`. */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod/mini";
import { askPreflight } from "./lib/preflight/ask.ts";
import { preflightCommand } from "./lib/preflight/command.ts";

const manifest: unknown = JSON.parse(readFileSync(path.join(import.meta.dirname, "..", "package.json"), "utf8"));
const { version } = z.object({ version: z.string() }).parse(manifest);
const deps = { ask: askPreflight, env: process.env, cwd: process.cwd(), version };
const { code, stdout, stderr } = await preflightCommand(process.argv.slice(2), deps);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
