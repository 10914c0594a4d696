/** `node scripts/preflight.ts <folder> --admin <url>`: see `lib/preflight/command.ts`. */
import packageJson from "../package.json" with { type: "json" };
import { askPreflight } from "./lib/preflight/ask.ts";
import { preflightCommand } from "./lib/preflight/command.ts";

const { env } = process;
const deps = { ask: askPreflight, env, cwd: process.cwd(), version: packageJson.version };
const { code, stdout, stderr } = await preflightCommand(process.argv.slice(2), deps);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
