/**
 * The edge Worker alone, in one raw `workerd serve` process with production's variables. Raw, because the runtime's own
 * socket is what clients meet: anything in between, as Miniflare's entry is, changes the bytes that the wire tests are
 * about. There is no beacon, and KV holds what a test gives it: nothing, as on a first deploy, unless it says otherwise.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as z from "zod/mini";
import { invariant } from "../../config/invariant.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { bundleWorker } from "../../scripts/lib/build.ts";
import { workerdPackage } from "../bench/workerd.ts";
import { COMPATIBILITY_DATE, EDGE_COMPATIBILITY_FLAGS } from "../bench/workerd-config.ts";

export type EdgeOptions = {
  /** Compiled into the bundle, as in a deploy. */
  readonly snapshot: Snapshot;
  /** Beside, or instead of, those of production. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What KV answers for every key. */
  readonly kvText?: string;
  /** A Worker with the telemetry objects, by its entry; it answers on `telemetryUrl`. None: reports lead nowhere. */
  readonly telemetry?: string;
  /** The platform records every request, and what it has recorded is in `logLines`, an event a line. */
  readonly traced?: boolean;
};

export type Edge = {
  readonly port: number;
  readonly url: string;
  /** Only with a Worker for telemetry. */
  readonly telemetryUrl?: string;
  readonly pid: number;
  /** What the Worker has logged so far. */
  readonly logLines: () => readonly string[];
  readonly dispose: () => Promise<void>;
};

/** The sockets of the harness take `request.cf` from this header and remove it. */
export const CF_BLOB_HEADER = "x-cf-blob";

const CONFIG_FILE = "edge.capnp";

/** Of the telemetry objects: SQLite wants a disk. */
const STATE_FOLDER = "state";

/** Bundled once, started as often as a test wants a process that remembers nothing. */
export type PreparedEdge = { readonly start: () => Promise<Edge>; readonly dispose: () => Promise<void> };

export async function prepareEdge(options: EdgeOptions): Promise<PreparedEdge> {
  const folder = await mkdtemp(path.join(tmpdir(), "fairlead-wire-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    await bundleWorker({
      entry: "worker/index.ts",
      outfile: path.join(folder, "edge.js"),
      builtinSnapshot: options.snapshot,
    });
    if (options.telemetry !== undefined) {
      await bundleWorker({ entry: options.telemetry, outfile: path.join(folder, "telemetry.js") });
      await mkdir(path.join(folder, STATE_FOLDER));
    }
    await writeFile(path.join(folder, CONFIG_FILE), configuration(options, folder));
  } catch (cause) {
    await dispose();
    throw cause;
  }
  return { start: () => startProcess(folder, options.telemetry !== undefined), dispose };
}

export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const prepared = await prepareEdge(options);
  try {
    const edge = await prepared.start();
    return {
      ...edge,
      dispose: async () => {
        await edge.dispose();
        await prepared.dispose();
      },
    };
  } catch (cause) {
    await prepared.dispose();
    throw cause;
  }
}

async function startProcess(folder: string, withTelemetry: boolean): Promise<Edge> {
  const child = spawn(workerdPackage().path, ["serve", CONFIG_FILE, "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", (line) => lines.push(line));
  }
  const exited = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`workerd ended with ${code ?? "a signal"}: ${lines.join("\n")}`)));
  });
  // After it listened, an early end is seen by the test: nobody answers.
  exited.catch(() => undefined);
  const control = child.stdio[3];
  invariant(control !== null && control !== undefined && "read" in control, "the control pipe can be read");
  const sockets = withTelemetry ? ["http", "telemetry"] : ["http"];
  const ports = await Promise.race([listeningPorts(control, sockets), exited]);
  const port = ports.get("http");
  const telemetryPort = ports.get("telemetry");
  invariant(port !== undefined, "the edge has a socket");
  invariant(child.pid !== undefined, "a child that listens has a process id");
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    ...(telemetryPort === undefined ? {} : { telemetryUrl: `http://127.0.0.1:${telemetryPort}` }),
    pid: child.pid,
    logLines: () => lines,
    dispose: () => stop(child),
  };
}

const ListenEvent = z.object({ event: z.literal("listen"), socket: z.string(), port: z.int() });

/** By the name of the socket, when all of them listen. */
async function listeningPorts(control: Readable, sockets: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const event = ListenEvent.safeParse(JSON.parse(line));
    if (event.success) ports.set(event.data.socket, event.data.port);
    if (sockets.every((name) => ports.has(name))) return ports;
  }
  throw new Error("workerd closed its control pipe before it listened");
}

/** At once: asked politely, workerd would wait for the connections that a test has left behind, and has nothing to save. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** workerd's KV binding speaks HTTP to a service; this one has one value, or none. */
const KV_MODULE = `export default {
  fetch: (_request, { TEXT }) => TEXT === undefined ? new Response(null, { status: 404 }) : new Response(TEXT),
};`;

/** The objects of telemetry with SQLite on disk, and the socket that asks them. */
function telemetryService({ environment }: Snapshot, folder: string): string {
  const objects = ["TelemetryObject", "TelemetryRoot"];
  const namespaces = objects.map((name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`);
  return `(name = "telemetry", worker = (
      modules = [(name = "telemetry.js", esModule = embed "telemetry.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      durableObjectNamespaces = [${namespaces.join(", ")}],
      durableObjectStorage = (localDisk = "state"),
      bindings = [
        (name = "TELEMETRY", durableObjectNamespace = "TelemetryObject"),
        (name = "TELEMETRY_ROOT", durableObjectNamespace = "TelemetryRoot"),
        ${textBinding(["ENVIRONMENT", environment])},
      ],
    )),
    (name = "state", disk = (path = ${JSON.stringify(path.join(folder, STATE_FOLDER))}, writable = true)),`;
}

const TELEMETRY_BINDING = `(name = "TELEMETRY", durableObjectNamespace = (className = "TelemetryObject", serviceName = "telemetry"))`;

/** A streaming tail worker: gets what the platform records while it is recorded. */
const TAIL_MODULE = `export default {
  tailStream: () => ({ event, spanContext }) => {
    const told = { tail: event.type, name: event.name, spanId: event.spanId, info: event.info, spanContext };
    // The platform's own attributes have numbers of 64 bits, which JSON does not.
    console.log(JSON.stringify(told, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
  },
};`;

function configuration(
  { snapshot, variables = {}, kvText, telemetry, traced = false }: EdgeOptions,
  folder: string,
): string {
  const texts = { ENVIRONMENT: snapshot.environment, SNAPSHOT_PUBLIC_KEYS: "{}", ...variables };
  const edgeBindings = [
    `(name = "EGRESS", service = "network")`,
    `(name = "CONFIG", kvNamespace = "kv")`,
    ...Object.entries(texts).map(textBinding),
    ...(telemetry === undefined ? [] : [TELEMETRY_BINDING]),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = (
      modules = [(name = "edge.js", esModule = embed "edge.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      compatibilityFlags = ${EDGE_COMPATIBILITY_FLAGS},
      globalOutbound = "network",
      bindings = [${edgeBindings.join(", ")}],
      ${traced ? `streamingTails = ["tail"],` : ""}
    )),
    (name = "tail", worker = (
      modules = [(name = "tail.js", esModule = ${JSON.stringify(TAIL_MODULE)})],
      compatibilityDate = "${COMPATIBILITY_DATE}",
    )),
    (name = "kv", worker = (
      modules = [(name = "kv.js", esModule = ${JSON.stringify(KV_MODULE)})],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      bindings = [${kvText === undefined ? "" : textBinding(["TEXT", kvText])}],
    )),
    ${telemetry === undefined ? "" : telemetryService(snapshot, folder)}
    (name = "network", network = (allow = ["public", "private"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", service = "edge", http = (cfBlobHeader = "${CF_BLOB_HEADER}")),
    ${telemetry === undefined ? "" : `(name = "telemetry", address = "127.0.0.1:0", service = "telemetry"),`}
  ],
);
`;
}

/** JSON's string escapes are a subset of those of workerd's configuration language for the ASCII text used here. */
function textBinding([name, text]: readonly [string, string]): string {
  return `(name = "${name}", text = ${JSON.stringify(text)})`;
}
