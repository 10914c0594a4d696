/** http-cache-tests as a function: its origin, and its results for the way to it that is asked about. */
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import * as z from "zod/mini";

const Result = z.union([z.literal(true), z.tuple([z.string(), z.string()])]);
const Results = z.record(z.string(), Result);
const Listening = z.object({ port: z.int() });

/** By test id: `passed`, or the kind of failure and its sentence without what differs from run to run. */
export type SuiteResults = ReadonlyMap<string, string>;

export type SuiteOrigin = { readonly url: string; readonly dispose: () => void };

export async function startSuiteOrigin(): Promise<SuiteOrigin> {
  const child = start("origin.ts", []);
  const { port } = Listening.parse(await firstMessage(child));
  return { url: `http://127.0.0.1:${port}`, dispose: () => void child.kill() };
}

export async function runSuite(baseUrl: string): Promise<SuiteResults> {
  const results = Results.parse(await firstMessage(start("suite.ts", [baseUrl])));
  return new Map(
    Object.entries(results).map(([id, result]) => [id, result === true ? "passed" : lasting(result.join(": "))]),
  );
}

/** Their console output is a line for each test that goes another way than the suite expects. */
function start(file: string, args: readonly string[]): ChildProcess {
  const module = path.join(import.meta.dirname, "processes", file);
  return fork(module, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
}

function firstMessage(child: ChildProcess): Promise<unknown> {
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`ended with ${code} and said nothing: ${complaints}`)));
  });
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const HTTP_DATE = /[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT/g;

function lasting(message: string): string {
  return message.replace(UUID, "(id)").replace(HTTP_DATE, "(date)");
}
