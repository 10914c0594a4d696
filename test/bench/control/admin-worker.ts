/**
 * The admin Worker in a workerd process of its own, with production's variables and bindings: its objects with SQLite on
 * disk, KV in the same process. The keys are made for the run.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Cleanup } from "../cleanup.ts";
import { BENCH_ENVIRONMENT } from "../fleet.ts";
import { startWorkerd, type WorkerdProcess } from "../workerd.ts";
import {
  benchWorker,
  MAIN_SERVICE,
  objectsOn,
  textBinding,
  type WorkerService,
  writeConfiguration,
} from "../workerd-config.ts";

const OBJECTS = { FLEET: "FleetObject", BEACON: "BeaconObject", PROBER: "ProberObject" } as const;

export type AdminWorker = {
  readonly token: string;
  /** Starts a process on the state of those before it, which must have ended. */
  readonly start: () => Promise<WorkerdProcess>;
};

export async function prepareAdminWorker(cleanup: Cleanup): Promise<AdminWorker> {
  const folder = await benchFolder(cleanup);
  const storage = { name: "state", folder: path.join(folder, "state") };
  await mkdir(storage.folder);
  const token = randomBytes(32).toString("base64url");
  const main: WorkerService = {
    name: MAIN_SERVICE,
    entry: "admin/index.ts",
    bindings: [
      `(name = "CONFIG", kvNamespace = "kv")`,
      ...Object.entries(OBJECTS).map(([binding, name]) => `(name = "${binding}", durableObjectNamespace = "${name}")`),
      textBinding("ADMIN_TOKEN", token),
      ...environmentBindings(),
    ],
    fields: objectsOn(storage, Object.values(OBJECTS)),
  };
  const kv: WorkerService = { name: "kv", entry: benchWorker("kv-store"), bindings: [] };
  const file = await writeConfiguration("admin", folder, [main, kv], storage);
  return { token, start: () => startWorkerd(folder, file, cleanup, path.join(folder, "workerd.log")) };
}

/** The environment and its signing key, as the admin Worker and its audit log want them. */
export function environmentBindings(): readonly string[] {
  const { privateKey } = generateKeyPairSync("ed25519");
  return [
    textBinding("ENVIRONMENT", BENCH_ENVIRONMENT),
    textBinding("SNAPSHOT_SIGNING_KEY", JSON.stringify(privateKey.export({ format: "jwk" }))),
    textBinding("SNAPSHOT_KEY_ID", "bench"),
  ];
}

/** Removed when the bench ends. */
export async function benchFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "fairlead-bench-"));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
