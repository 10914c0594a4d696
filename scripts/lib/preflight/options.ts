/** The options of the preflight command, or a sentence on why there are none. */
import { parseArgs } from "node:util";
import { isLoopback } from "../../../config/endpoint.ts";

const FORMATS = ["text", "json", "sarif"] as const;
type Format = (typeof FORMATS)[number];

export type Options = {
  readonly folder: string;
  /** Scheme, host and port. */
  readonly admin: string;
  readonly token: string;
  readonly services: readonly string[];
  readonly clusters: readonly string[];
  readonly format: Format;
  readonly strict: boolean;
};

const TOKEN_ENV_DEFAULT = "FAIRLEAD_TOKEN";

export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | "help" | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        admin: { type: "string" },
        "token-env": { type: "string", default: TOKEN_ENV_DEFAULT },
        service: { type: "string", multiple: true, default: [] },
        cluster: { type: "string", multiple: true, default: [] },
        format: { type: "string", default: "text" },
        strict: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const [folder, ...more] = positionals;
    if (folder === undefined || folder === "") return "name the folder of the documents";
    if (more.length > 0) return "name one folder";
    const admin = values.admin === undefined ? undefined : readAdmin(values.admin);
    if (admin === undefined) return "name the control plane: --admin https://... without a path";
    const format = FORMATS.find((name) => name === values.format);
    if (format === undefined) return `the format is one of ${FORMATS.join(", ")}`;
    const token = env[values["token-env"]];
    if (token === undefined || token === "") return `there is no token in the variable ${values["token-env"]}`;
    const { service: services, cluster: clusters, strict } = values;
    return { folder, admin, token, services, clusters, format, strict };
  } catch (cause) {
    return cause instanceof Error ? cause.message : "these options are not understood";
  }
}

/** A token goes over the network encrypted or not at all. */
function readAdmin(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "")
    return undefined;
  const safe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  return safe ? url.origin : undefined;
}
