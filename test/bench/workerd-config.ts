/** Worker services as data, and workerd's configuration language made of them: one socket, one network, the services. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../scripts/lib/build.ts";
import { CF_BLOB_HEADER } from "./load-requests.ts";

/** The newest that the pinned workerd knows; the same for every Worker that is compared. */
export const COMPATIBILITY_DATE = "2026-10-20";

/** Those of the edge's `wrangler.toml`, which a test holds them to. In workerd's language, as a list is in TOML's. */
export const EDGE_COMPATIBILITY_FLAGS = `["no_nodejs_compat", "no_nodejs_compat_v2"]`;

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.join(HERE, "..", "..");

export type WorkerService = {
  readonly name: string;
  /** The TypeScript entry, from the root of the project, wherever the bench is started. */
  readonly entry: string;
  /** In workerd's language, as `textBinding` and its siblings write them. */
  readonly bindings: readonly string[];
  /** Further fields of the Worker, in workerd's language. */
  readonly fields?: readonly string[];
};

/** The service that the socket of a configuration leads to. */
export const MAIN_SERVICE = "main";

/** Goes out to the origin; `EGRESS` and the global `fetch` of every Worker use this same service. */
const NETWORK = `(name = "internet", network = (allow = ["public", "private"]))`;
export const EGRESS_BINDING = `(name = "EGRESS", service = "internet")`;

/** JSON's string escapes are a subset of those of workerd's configuration language for the ASCII text used here. */
export function textBinding(name: string, text: string): string {
  return `(name = "${name}", text = ${JSON.stringify(text)})`;
}

/** For long texts: the content of a file beside the configuration. */
export function fileBinding(name: string, file: string): string {
  return `(name = "${name}", text = embed "${file}")`;
}

/** An entry among the bench's own Workers. */
export function benchWorker(name: string): string {
  return path.join(HERE, "workers", `${name}.ts`);
}

/** Where a service keeps its Durable Objects when they are to be on disk; the folder must exist. */
export type Storage = { readonly name: string; readonly folder: string };

/** For `fields`: these classes are objects with SQLite, on that disk. */
export function objectsOn({ name }: Storage, classNames: readonly string[]): readonly string[] {
  const namespaces = classNames.map(
    (className) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`,
  );
  return [`durableObjectNamespaces = [${namespaces.join(", ")}]`, `durableObjectStorage = (localDisk = "${name}")`];
}

/** Bundles the services into the folder, writes their configuration beside them, and returns its file name. */
export async function writeConfiguration(
  name: string,
  folder: string,
  services: readonly WorkerService[],
  storage?: Storage,
): Promise<string> {
  const workers: string[] = [];
  for (const service of services) {
    const module = `${name}-${service.name}.js`;
    await bundleWorker({ entry: path.resolve(ROOT, service.entry), outfile: path.join(folder, module) });
    workers.push(worker(service, module));
  }
  const file = `${name}.capnp`;
  await writeFile(
    path.join(folder, file),
    configuration([...workers, ...(storage === undefined ? [] : [diskService(storage)])]),
  );
  return file;
}

function worker({ name, bindings, fields = [] }: WorkerService, module: string): string {
  const all = [
    `modules = [(name = "index.js", esModule = embed "${module}")]`,
    `compatibilityDate = "${COMPATIBILITY_DATE}"`,
    `bindings = [${bindings.join(", ")}]`,
    ...fields,
  ];
  return `(name = "${name}", worker = (${all.join(", ")}))`;
}

function diskService({ name, folder }: Storage): string {
  return `(name = "${name}", disk = (path = ${JSON.stringify(folder)}, writable = true))`;
}

function configuration(services: readonly string[]): string {
  const socket = `(name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "${CF_BLOB_HEADER}"), service = "${MAIN_SERVICE}")`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${[...services, NETWORK].join(",\n    ")}
  ],
  sockets = [${socket}]
);
`;
}
