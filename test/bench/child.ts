/** Child processes of the bench: started with a way to end them, ended by their own handle and nothing else. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Cleanup } from "./cleanup.ts";

const HERE = path.dirname(fileURLToPath(import.meta.url));

/** A process that was asked to end and did not is killed after this long. */
const GRACE_MS = 2_000;

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await exited;
  clearTimeout(timer);
}

/** Another Node process that runs a module of this folder and talks over IPC; it ends when its parent does. */
export function forkModule(module: string, args: readonly string[], cleanup: Cleanup): ChildProcess {
  const child = fork(path.join(HERE, module), [...args], { stdio: ["ignore", 2, 2, "ipc"] });
  cleanup.add(() => stopChild(child));
  return child;
}

/** The next message of a child, or an error when it ends before it says anything. */
export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      child.off("message", onMessage);
      reject(new Error(`a child process ended with ${code ?? "a signal"} before it answered`));
    };
    const onMessage = (message: unknown) => {
      child.off("exit", onExit);
      resolve(message);
    };
    child.once("exit", onExit);
    child.once("message", onMessage);
  });
}
