/**
 * The Workers that the HTTP part compares, each as a workerd configuration. All have the same socket and the same
 * network service; the edge has all that it has in production as well: KV, a beacon object, and a signed snapshot.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../scripts/lib/build.ts";
import type { BenchSnapshot } from "./demo-fleet.ts";
import { CF_BLOB_HEADER } from "./load-requests.ts";

export const VARIANTS = ["bare", "edge", "reflare"] as const;
export type Variant = (typeof VARIANTS)[number];

export const COMPATIBILITY_DATE = "2026-10-20";

const HERE = path.dirname(fileURLToPath(import.meta.url));

export type VariantInput = {
  readonly folder: string;
  readonly originPort: number;
  readonly snapshot: BenchSnapshot;
};

/** Bundles the Worker of a variant into the folder and returns the name of its configuration file. */
export async function writeVariant(variant: Variant, input: VariantInput): Promise<string> {
  const { folder } = input;
  const services = variant === "edge" ? await edgeServices(input) : await simpleServices(variant, input);
  const file = `${variant}.capnp`;
  await writeFile(path.join(folder, file), configuration(services));
  return file;
}

/** One worker service in workerd's configuration language; `bindings` are already in it. */
type WorkerService = { readonly name: string; readonly module: string; readonly rest: readonly string[] };

async function simpleServices(variant: "bare" | "reflare", input: VariantInput): Promise<readonly WorkerService[]> {
  const module = await bundle(path.join(HERE, "workers", `${variant}.ts`), `${variant}.js`, input.folder);
  const bindings = [
    `(name = "EGRESS", service = "internet")`,
    textBinding("ORIGIN", `http://127.0.0.1:${input.originPort}`),
    textBinding("ORIGIN_PORT", String(input.originPort)),
  ];
  return [{ name: "main", module, rest: [`bindings = [${bindings.join(", ")}]`] }];
}

async function edgeServices({ folder, snapshot }: VariantInput): Promise<readonly WorkerService[]> {
  const helper = (name: string) => bundle(path.join(HERE, "workers", `${name}.ts`), `${name}.js`, folder);
  await writeFile(path.join(folder, "snapshot.txt"), snapshot.signedText);
  await writeFile(path.join(folder, "keys.json"), JSON.stringify(snapshot.publicKeys));
  const snapshotBinding = `(name = "SNAPSHOT", text = embed "snapshot.txt")`;
  const edgeBindings = [
    `(name = "EGRESS", service = "internet")`,
    `(name = "CONFIG", kvNamespace = "kv")`,
    `(name = "BEACON", durableObjectNamespace = (className = "BeaconObject", serviceName = "beacon"))`,
    textBinding("ENVIRONMENT", snapshot.environment),
    `(name = "SNAPSHOT_PUBLIC_KEYS", text = embed "keys.json")`,
  ];
  const beaconBindings = [
    snapshotBinding,
    textBinding("REVISION", String(snapshot.revision)),
    textBinding("CLUSTERS", snapshot.clusters.join(",")),
  ];
  return [
    {
      name: "main",
      module: await bundle("worker/index.ts", "edge.js", folder),
      rest: [`bindings = [${edgeBindings.join(", ")}]`, `cacheApiOutbound = "cache"`],
    },
    { name: "kv", module: await helper("kv"), rest: [`bindings = [${snapshotBinding}]`] },
    { name: "cache", module: await helper("cache"), rest: [] },
    {
      name: "beacon",
      module: await helper("beacon"),
      rest: [
        `bindings = [${beaconBindings.join(", ")}]`,
        `durableObjectNamespaces = [(className = "BeaconObject", uniqueKey = "beacon")]`,
        "durableObjectStorage = (inMemory = void)",
      ],
    },
  ];
}

async function bundle(entry: string, file: string, folder: string): Promise<string> {
  await bundleWorker({ entry, outfile: path.join(folder, file) });
  return file;
}

/** JSON's string escapes are a subset of those of workerd's configuration language for the ASCII text used here. */
function textBinding(name: string, text: string): string {
  return `(name = "${name}", text = ${JSON.stringify(text)})`;
}

function configuration(services: readonly WorkerService[]): string {
  const workers = services.map(({ name, module, rest }) => {
    const fields = [
      `modules = [(name = "index.js", esModule = embed "${module}")]`,
      `compatibilityDate = "${COMPATIBILITY_DATE}"`,
      ...rest,
    ];
    return `(name = "${name}", worker = (${fields.join(", ")}))`;
  });
  const network = `(name = "internet", network = (allow = ["public", "private"]))`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${[...workers, network].join(",\n    ")}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "${CF_BLOB_HEADER}"), service = "main")]
);
`;
}
