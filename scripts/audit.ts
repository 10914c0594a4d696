/** `npm run audit -- verify <file>`: see `lib/audit/command.ts`. What was found goes to stdout, usage errors to stderr. */
import { audit } from "./lib/audit/command.ts";

const { code, stdout, stderr } = await audit(process.argv.slice(2));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
