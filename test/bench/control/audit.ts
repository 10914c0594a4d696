/**
 * What the audit log costs: appending a leaf as a commit does it (the log itself, in workerd, on disk), and verifying an
 * export of all of them offline with the command that people have for it.
 */
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import * as z from "zod/mini";
import { invariant } from "../../../config/invariant.ts";
import { stopChild } from "../child.ts";
import type { Cleanup } from "../cleanup.ts";
import { median } from "../statistics.ts";
import { startWorkerd } from "../workerd.ts";
import { benchWorker, MAIN_SERVICE, objectsOn, writeConfiguration } from "../workerd-config.ts";
import { benchFolder, environmentBindings } from "./admin-worker.ts";

export type AuditFigures = {
  readonly leaves: number;
  /** The median of batches at the beginning of the log and at its end. */
  readonly appendUs: { readonly first: number; readonly last: number };
  /** The whole command, from its start to its end; the median of three. */
  readonly verifyMs: number;
  readonly bytes: number;
};

/** Appended in one request. */
const BATCH_LEAVES = 500;
/** At either end of the log. */
const BATCHES_COMPARED = 10;

const AUDIT_COMMAND = path.join(import.meta.dirname, "../../../scripts/audit.ts");

const Page = z.object({ lines: z.array(z.string()), next: z.optional(z.int()) });

export async function measureAudit(leaves: number, cleanup: Cleanup): Promise<AuditFigures> {
  invariant(
    leaves % BATCH_LEAVES === 0 && leaves >= 2 * BATCHES_COMPARED * BATCH_LEAVES,
    "leaves come in whole batches",
  );
  const folder = await benchFolder(cleanup);
  const { child, url } = await startLog(folder, cleanup);
  const batchesMs: number[] = [];
  for (let made = 0; made < leaves; made += BATCH_LEAVES)
    batchesMs.push(await timeRequest(`${url}/append/${BATCH_LEAVES}`));
  await timeRequest(`${url}/sign`);
  const file = path.join(folder, "audit.ndjson");
  const bytes = await exportTo(file, url);
  await stopChild(child);
  const leafUs = (batches: readonly number[]) => (1_000 * median(batches)) / BATCH_LEAVES;
  return {
    leaves,
    appendUs: { first: leafUs(batchesMs.slice(0, BATCHES_COMPARED)), last: leafUs(batchesMs.slice(-BATCHES_COMPARED)) },
    verifyMs: await verify(file, leaves),
    bytes,
  };
}

async function startLog(folder: string, cleanup: Cleanup) {
  const storage = { name: "state", folder: path.join(folder, "state") };
  await mkdir(storage.folder);
  const service = {
    name: MAIN_SERVICE,
    entry: benchWorker("audit-log"),
    bindings: [`(name = "LOG", durableObjectNamespace = "AuditObject")`, ...environmentBindings()],
    fields: objectsOn(storage, ["AuditObject"]),
  };
  return startWorkerd(folder, await writeConfiguration("audit", folder, [service], storage), cleanup);
}

async function timeRequest(url: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url, { method: "POST" });
  invariant(response.status === 204, "the log takes what it is given");
  return performance.now() - startedAt;
}

async function exportTo(file: string, url: string): Promise<number> {
  const written = createWriteStream(file);
  await pipeline(exportPages(url), written);
  return written.bytesWritten;
}

async function* exportPages(url: string): AsyncGenerator<string> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: z.infer<typeof Page> = Page.parse(await (await fetch(`${url}/export/${from}`)).json());
    yield page.lines.map((line) => `${line}\n`).join("");
    from = page.next;
  }
}

const VERIFICATIONS = 3;

/** Fails when the command finds anything wrong, or fewer leaves than there are. */
async function verify(file: string, leaves: number): Promise<number> {
  const times: number[] = [];
  while (times.length < VERIFICATIONS) {
    const startedAt = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, [AUDIT_COMMAND, "verify", file]);
    times.push(performance.now() - startedAt);
    invariant(stdout.startsWith(`fine: ${leaves} leaves`), "the verifier finds every leaf as it was written");
  }
  return median(times);
}
