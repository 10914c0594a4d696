/** `npm run validate -- <folder>`: see `lib/validate.ts`. Findings go to stdout, usage errors to stderr. */
import { validate } from "./lib/validate.ts";

const { code, stdout, stderr } = validate(process.argv.slice(2));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
