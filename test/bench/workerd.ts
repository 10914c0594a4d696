/**
 * One Worker in one raw `workerd serve` process: the same runtime as production and nothing beside it, so that the
 * process' CPU time is the Worker's. The configuration is written beside the bundles and embeds them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as z from "zod/mini";
import { invariant } from "../../config/invariant.ts";
import { stopChild } from "./child.ts";
import type { Cleanup } from "./cleanup.ts";

/** What the package exports (its `lib/main.js`); it brings no types. */
const WorkerdPackage = z.object({ default: z.string(), version: z.string() });

const ListenEvent = z.object({ event: z.literal("listen"), socket: z.string(), port: z.int() });

export type WorkerdProcess = { readonly child: ChildProcess; readonly pid: number; readonly url: string };

export function workerdPackage(): { path: string; version: string } {
  const { default: path, version } = WorkerdPackage.parse(createRequire(import.meta.url)("workerd"));
  return { path, version };
}

/**
 * Starts workerd on a file of that folder and waits until its one socket listens. What it and its Workers say goes to
 * stderr, or to the end of `logFile`.
 */
export async function startWorkerd(
  folder: string,
  file: string,
  cleanup: Cleanup,
  logFile?: string,
): Promise<WorkerdProcess> {
  const log = logFile === undefined ? 2 : openSync(logFile, "a");
  const child = spawn(workerdPackage().path, ["serve", file, "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", log, log, "pipe"],
    // A process group of its own: Ctrl-C goes to the bench, which ends this process when the load has stopped.
    detached: true,
  });
  if (logFile !== undefined) closeSync(log);
  cleanup.add(() => stopChild(child));
  const control = child.stdio[3];
  invariant(control !== null && control !== undefined && "read" in control, "the control pipe can be read");
  const exited = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`workerd ended with ${code ?? "a signal"} on ${file}`)));
  });
  // A child that ends after it listened is seen by the load: every request to it fails.
  exited.catch(() => undefined);
  const port = await Promise.race([firstPort(control), exited]);
  invariant(child.pid !== undefined, "a child that listens has a process id");
  return { child, pid: child.pid, url: `http://127.0.0.1:${port}` };
}

async function firstPort(control: Readable): Promise<number> {
  for await (const line of createInterface({ input: control })) {
    const event = ListenEvent.safeParse(JSON.parse(line));
    if (event.success) return event.data.port;
  }
  throw new Error("workerd closed its control pipe before it listened");
}
