/**
 * Stands in for curl on machines that have none, so that README's commands can be tested there: `-s`, `-X`, `-H`, `-d`
 * and one address, which is what README uses. Anything else is refused.
 */
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: {
    silent: { type: "boolean", short: "s" },
    request: { type: "string", short: "X" },
    header: { type: "string", short: "H", multiple: true },
    data: { type: "string", short: "d" },
  },
  allowPositionals: true,
});
const [url] = positionals;
if (url === undefined || positionals.length > 1) throw new Error("one address is needed");

const headers = new Headers();
for (const line of values.header ?? []) {
  const colon = line.indexOf(":");
  headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
}
const { data } = values;
const response = await fetch(url, {
  method: values.request ?? (data === undefined ? "GET" : "POST"),
  headers,
  ...(data === undefined ? {} : { body: data }),
});
process.stdout.write(await response.text());
