/**
 * The Workers that the HTTP part compares. All have the same socket and the same network service; the edge has all that
 * it has in production as well: KV, a beacon object, a telemetry object, and a signed snapshot with the key to verify it.
 * `edgeUncounted` is the same edge with telemetry switched off: what counting costs is the difference. `floor` only asks
 * the platform for what the edge's semantics need: what the edge costs beyond it is its own code.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { BenchSnapshot } from "./demo-fleet.ts";
import {
  benchWorker,
  EDGE_COMPATIBILITY_FLAGS,
  EGRESS_BINDING,
  fileBinding,
  MAIN_SERVICE,
  textBinding,
  type WorkerService,
  writeConfiguration,
} from "./workerd-config.ts";

export const VARIANTS = ["bare", "floor", "edge", "edgeUncounted", "reflare"] as const;
export type Variant = (typeof VARIANTS)[number];

/** For all Workers alike. */
const COMPATIBILITY_FLAGS = `compatibilityFlags = ${EDGE_COMPATIBILITY_FLAGS}`;

export type VariantInput = {
  readonly folder: string;
  readonly originPort: number;
  readonly snapshot: BenchSnapshot;
};

const SNAPSHOT_FILE = "snapshot.txt";
const KEYS_FILE = "keys.json";

/** Bundles the Workers of a variant into the folder and returns the name of its configuration file. */
export async function writeVariant(variant: Variant, input: VariantInput): Promise<string> {
  if (variant !== "edge" && variant !== "edgeUncounted")
    return writeConfiguration(variant, input.folder, [passThrough(variant, input.originPort)]);
  await writeFile(path.join(input.folder, SNAPSHOT_FILE), input.snapshot.signedText);
  await writeFile(path.join(input.folder, KEYS_FILE), JSON.stringify(input.snapshot.publicKeys));
  const variables = variant === "edgeUncounted" ? [textBinding("TELEMETRY_MS", "0")] : [];
  return writeConfiguration(variant, input.folder, edgeServices(input.snapshot, variables));
}

function passThrough(variant: "bare" | "floor" | "reflare", originPort: number): WorkerService {
  return {
    name: MAIN_SERVICE,
    entry: benchWorker(variant),
    bindings: [
      EGRESS_BINDING,
      textBinding("ORIGIN", `http://127.0.0.1:${originPort}`),
      textBinding("ORIGIN_PORT", String(originPort)),
    ],
    fields: [COMPATIBILITY_FLAGS],
  };
}

/** Production's variables: without DEVELOPMENT, so geo comes from `request.cf` and signatures are verified. */
function edgeServices(
  { environment, revision, clusters }: BenchSnapshot,
  variables: readonly string[],
): readonly WorkerService[] {
  const snapshotText = fileBinding("SNAPSHOT", SNAPSHOT_FILE);
  return [
    {
      name: MAIN_SERVICE,
      entry: "worker/index.ts",
      bindings: [
        EGRESS_BINDING,
        `(name = "CONFIG", kvNamespace = "kv")`,
        `(name = "BEACON", durableObjectNamespace = (className = "BeaconObject", serviceName = "beacon"))`,
        `(name = "TELEMETRY", durableObjectNamespace = (className = "TelemetryObject", serviceName = "beacon"))`,
        textBinding("ENVIRONMENT", environment),
        ...variables,
        fileBinding("SNAPSHOT_PUBLIC_KEYS", KEYS_FILE),
      ],
      fields: [COMPATIBILITY_FLAGS, `cacheApiOutbound = "cache"`],
    },
    { name: "kv", entry: benchWorker("kv"), bindings: [snapshotText] },
    { name: "cache", entry: benchWorker("cache"), bindings: [] },
    {
      name: "beacon",
      entry: benchWorker("beacon"),
      bindings: [snapshotText, textBinding("REVISION", String(revision)), textBinding("CLUSTERS", clusters.join(","))],
      fields: [
        `durableObjectNamespaces = [(className = "BeaconObject", uniqueKey = "beacon"), (className = "TelemetryObject", uniqueKey = "telemetry")]`,
        "durableObjectStorage = (inMemory = void)",
      ],
    },
  ];
}
