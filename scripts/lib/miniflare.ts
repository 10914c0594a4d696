/**
 * Both Workers on one workerd, embedded in this process. The only file that touches Miniflare: version 5 is a beta and
 * its native options still change shape, so everything goes through the version 4 shape that wrangler itself emits.
 * What the Workers are comes from their wrangler.toml; only ports, variables and bundles are said here.
 */
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4MiniflareOptions,
  type V4WorkerOptions,
} from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

const HOST = "127.0.0.1";

/**
 * Origin fetches leave through a binding: the global `fetch` passes an interceptor of Miniflare that costs a third of
 * the throughput. Loopback is `private` to workerd, and the demo clusters are on loopback.
 */
const EGRESS = { network: { allow: ["public", "private"], tlsOptions: { trustBrowserCas: true } } };

/** The signals that Miniflare answers by ending the process at once. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type LocalWorker = {
  /** The wrangler.toml of this Worker. */
  readonly configPath: string;
  /** The bundled ES module, by absolute path. */
  readonly bundlePath: string;
  readonly port: number;
  /** Variables and secrets; they win over those of wrangler.toml. */
  readonly variables: Readonly<Record<string, string>>;
};

export type LocalWorkersOptions = {
  readonly workers: readonly LocalWorker[];
  /** Durable Objects, KV and cache live here and survive a restart. */
  readonly stateFolder: string;
  /** What the Workers log goes here, one line each; it begins anew with each start. */
  readonly logFile: string;
};

export type LocalWorkers = { readonly stop: () => Promise<void> };

export async function startWorkers({ workers, stateFolder, logFile }: LocalWorkersOptions): Promise<LocalWorkers> {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const logs = createWriteStream(logFile);
  const stopped = new AbortController();
  const options: V4MiniflareOptions = {
    host: HOST,
    port: 0, // Miniflare's own entry is not used: it rewrites headers and is three times slower than direct sockets
    cf: false, // would ask the network where this machine is
    logRequests: false,
    log: new LogUntilStop(stopped.signal),
    handleStructuredLogs: ({ message }) => logs.write(`${message}\n`),
    resourcePersistencePath: stateFolder,
    workers: workers.map(workerOptions),
  };
  const miniflare = withoutSignalHandlers(() => new Miniflare(convertV4MiniflareOptions(options)));
  try {
    await miniflare.ready;
  } catch (cause) {
    await miniflare.dispose();
    logs.end();
    throw cause;
  }
  return {
    stop: async () => {
      stopped.abort();
      await miniflare.dispose();
      logs.end();
    },
  };
}

function workerOptions({ configPath, bundlePath, port, variables }: LocalWorker): V4WorkerOptions {
  // The secrets that the file requires are given below; wrangler would look for them itself and warn.
  const { secrets: _, ...config } = unstable_readConfig({ config: configPath });
  const { modulesRules: __, ...rest } = unstable_getMiniflareWorkerOptions(config).workerOptions;
  // wrangler declares these as Miniflare's own options without the sources; its `Omit` loses the keys on the way.
  const declared = rest as Pick<V4WorkerOptions, "bindings" | "serviceBindings">;
  return {
    ...declared,
    name: config.name,
    bindings: { ...declared.bindings, ...variables },
    serviceBindings: { ...declared.serviceBindings, EGRESS },
    modulesRoot: path.dirname(bundlePath),
    modules: [{ type: "ESModule", path: bundlePath }],
    unsafeDirectSockets: [{ host: HOST, port, proxy: false }],
  };
}

/**
 * Ctrl-C in a terminal reaches workerd too, and Miniflare may see it gone before it is told to stop: that "crash" is
 * nothing to warn of.
 */
class LogUntilStop extends Log {
  readonly #stopped: AbortSignal;

  constructor(stopped: AbortSignal) {
    super(LogLevel.WARN);
    this.#stopped = stopped;
  }

  override logWithLevel(level: LogLevel, message: string): void {
    if (!this.#stopped.aborted) super.logWithLevel(level, message);
  }
}

/**
 * Miniflare exits the process on a signal, with a failure. Whoever starts it here stops it in order and says how the
 * process ends, so its handlers are taken off again; the one on `exit`, which ends workerd whatever happens, stays.
 */
function withoutSignalHandlers<T>(construct: () => T): T {
  const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  const constructed = construct();
  for (const [signal, listeners] of before) {
    for (const listener of process.listeners(signal)) {
      if (!listeners.includes(listener)) process.off(signal, listener);
    }
  }
  return constructed;
}
