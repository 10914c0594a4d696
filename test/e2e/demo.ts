/**
 * `npm start` as a process of its own, for tests: on free ports and with a state folder that is thrown away, so that
 * files can run beside each other and beside somebody's own demo.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { invariant } from "../../config/invariant.ts";
import { planDemo, portsOf } from "../../scripts/demo/plan.ts";
import { type DevState, readDevState } from "../../scripts/lib/dev-state.ts";
import { busyPorts } from "../../scripts/lib/ports.ts";

/** Below the ports that Linux gives to outgoing connections, above the default base. */
const PORT_BASE_MIN = 10_000;
const PORT_BASE_STEP = 210;
const PORT_BASE_COUNT = 100;

/** Test files that run beside each other look in different places: free now may be taken a moment later. */
const POOLS = 10;

const READY_MS_MAX = 90_000;

export type ProcessEnd = { readonly code: number | null; readonly output: string };

export type DemoProcess = {
  readonly state: DevState;
  readonly portBase: number;
  readonly stateFolder: string;
  readonly output: () => string;
  /** Sends the signal and waits for the end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<ProcessEnd>;
};

export function temporaryFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), "fairlead-e2e-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** One demo for all tests of a file, without visitors. To be called at the top of it. */
export function useDemo(): () => DemoProcess {
  const { folder, remove } = temporaryFolder();
  let demo: DemoProcess | undefined;
  beforeAll(async () => {
    demo = await startDemoProcess({ stateFolder: folder });
  });
  afterAll(async () => {
    await demo?.stop();
    remove();
  });
  return () => {
    invariant(demo !== undefined, "the demo is asked for by tests, which run when it is up");
    return demo;
  };
}

/** The first base of this process's share, from a random one on, at which every port of the demo is free. */
export async function freePortBase(): Promise<number> {
  const pool = Number(process.env.VITEST_POOL_ID ?? 0) % POOLS;
  const places = PORT_BASE_COUNT / POOLS;
  const first = Math.floor(Math.random() * places);
  for (let i = 0; i < places; i++) {
    const base = PORT_BASE_MIN + (((first + i) % places) * POOLS + pool) * PORT_BASE_STEP;
    if ((await busyPorts(portsOf(planDemo(base)))).length === 0) return base;
  }
  throw new Error("no free port base found");
}

/** Runs `npm start` with these arguments until it ends. */
export async function runStart(args: readonly string[]): Promise<ProcessEnd> {
  return ended(spawnStart(args)).end;
}

export async function startDemoProcess(options: {
  readonly stateFolder: string;
  readonly portBase?: number;
  readonly args?: readonly string[];
}): Promise<DemoProcess> {
  const { stateFolder, args = ["--no-traffic"] } = options;
  const portBase = options.portBase ?? (await freePortBase());
  const child = spawnStart([...args, "--port-base", String(portBase), "--state", stateFolder]);
  const { end, output } = ended(child);
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", () => {
      if (output().includes("Ready after")) resolve();
    });
    end.then(({ code }) => reject(new Error(`ended with ${code} before it was ready:\n${output()}`)), reject);
    setTimeout(() => reject(new Error(`not ready in time:\n${output()}`)), READY_MS_MAX).unref();
  });
  try {
    await ready;
  } catch (cause) {
    child.kill("SIGKILL");
    throw cause;
  }
  const state = readDevState(stateFolder);
  if (state === undefined) throw new Error("ready, but there is no dev.json");
  return {
    state,
    portBase,
    stateFolder,
    output,
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return end;
    },
  };
}

function spawnStart(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["scripts/start.ts", ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

function ended(child: ChildProcess): { readonly end: Promise<ProcessEnd>; readonly output: () => string } {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const end = new Promise<ProcessEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output: text }));
  });
  return { end, output: () => text };
}
