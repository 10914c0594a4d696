/** What `npm start` can be told. */
import path from "node:path";
import { parseArgs } from "node:util";
import { err, ok, type Result } from "../../config/result.ts";

export type StartOptions = {
  readonly kind: "start";
  readonly traffic: boolean;
  /** The edge listens here, the admin one above; the clusters 100 and their control ports 200 above. */
  readonly portBase: number;
  readonly stateFolder: string;
};

const PORT_BASE_DEFAULT = 8787;
/** The highest port in use is some 205 above the base. */
const PORT_BASE_MAX = 65_000;

export const USAGE = `Usage: npm start -- [--no-traffic] [--port-base N] [--state FOLDER]

  --no-traffic     do not send visitors, do not show the table
  --port-base N    edge on N, admin on N+1, clusters from N+100, their control ports from N+200 (${PORT_BASE_DEFAULT})
  --state FOLDER   where everything is kept (.fairlead)
`;

export function parseStartOptions(args: readonly string[]): Result<StartOptions | { readonly kind: "help" }, string> {
  const read = readArguments(args);
  if (!read.ok) return read;
  const { values } = read.value;
  if (values.help === true) return ok({ kind: "help" });

  const portText = values["port-base"] ?? String(PORT_BASE_DEFAULT);
  const portBase = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (portBase < 1_024 || portBase > PORT_BASE_MAX) {
    return err(`--port-base must be a whole number from 1024 to ${PORT_BASE_MAX}, not ${JSON.stringify(portText)}`);
  }
  if (values.state === "") return err("--state must name a folder");
  return ok({
    kind: "start",
    traffic: values["no-traffic"] !== true,
    portBase,
    stateFolder: path.resolve(values.state ?? ".fairlead"),
  });
}

function readArguments(args: readonly string[]) {
  try {
    const read = parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h" },
        "no-traffic": { type: "boolean" },
        "port-base": { type: "string" },
        state: { type: "string" },
      },
      strict: true,
    });
    return ok(read);
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}
