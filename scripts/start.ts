/**
 * `npm start`: the edge, the control plane and a demo fleet on this machine, with visitors from all over the world.
 * Here is only what a person sees of it; what is started, and in which order, is in `demo/start-demo.ts`.
 */
import path from "node:path";
import { startLiveTable } from "./demo/live-table.ts";
import { parseStartOptions, type StartOptions, USAGE } from "./demo/options.ts";
import { type Demo, StartRefusal, startDemo } from "./demo/start-demo.ts";
import { startTraffic } from "./demo/traffic.ts";
import { TrafficWindow } from "./demo/traffic-window.ts";
import { devStatePath } from "./lib/dev-state.ts";

/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

/** A stop that takes longer is stuck. */
const STOP_MS_MAX = 10_000;

const options = parseStartOptions(process.argv.slice(2));
if (!options.ok) {
  process.stderr.write(`${options.error}\n\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
} else if (options.value.kind === "help") {
  process.stdout.write(USAGE);
} else {
  await run(options.value);
}

async function run(options: StartOptions): Promise<void> {
  const startedMs = performance.now();
  process.stdout.write("Starting six clusters, the edge and the control plane ...\n");
  const signal = firstSignal();
  const starting = startDemo(options);
  const first = await Promise.race([starting.catch((cause: unknown) => ({ failure: cause })), signal]);
  if (first === "signal") return end((await starting.catch(() => undefined))?.stop);
  if ("failure" in first) return fail(first.failure);

  process.stdout.write(welcome(first, options, performance.now() - startedMs));
  const stopVisitors = options.traffic ? startVisitors(first) : undefined;
  await signal;
  process.stdout.write("\nStopping ...\n");
  await end(async () => {
    await stopVisitors?.();
    await first.stop();
  });
}

/** Resolves on the first request to end. Who asks again does not want to wait. */
function firstSignal(): Promise<"signal"> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve("signal");
    };
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
  });
}

function startVisitors(demo: Demo): () => Promise<void> {
  const window = new TrafficWindow();
  const traffic = startTraffic({ edge: demo.state.edge, window });
  const table = startLiveTable({
    output: {
      isTTY: process.stdout.isTTY === true,
      columns: () => process.stdout.columns || undefined, // 0 where the terminal does not say
      write: (text) => process.stdout.write(text),
    },
    state: () => ({ summary: window.summarize(Date.now()), regions: demo.regions }),
    noColor: (process.env.NO_COLOR ?? "") !== "", // no-color.org
  });
  return async () => {
    table.stop();
    await traffic.stop();
  };
}

async function end(stop: (() => Promise<void>) | undefined): Promise<void> {
  setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
  await stop?.();
  process.exit(0); // idle connections of clients would keep the process for a while
}

function fail(cause: unknown): void {
  const message = cause instanceof StartRefusal ? cause.message : cause instanceof Error ? cause.stack : String(cause);
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function welcome({ state }: Demo, { stateFolder }: StartOptions, tookMs: number): string {
  const nearby = path.relative(process.cwd(), devStatePath(stateFolder));
  const devFile = nearby.startsWith("..") ? devStatePath(stateFolder) : nearby;
  const token = `$(node -p "JSON.parse(fs.readFileSync('${devFile}')).token")`;
  return `
Ready after ${(tookMs / 1_000).toFixed(1)} s. Ctrl-C stops everything.

  edge           ${state.edge}
  control plane  ${state.admin}   (OpenAPI at /openapi.json)
  addresses      ${devFile}   (with the token and the clusters' control ports)
  log            ${path.join(path.dirname(devFile), "workers.log")}

Ask as a German:
  curl -s ${state.edge}/ -H 'Fairlead-Geo: {"country":"DE"}'
Drain the region that answered:
  curl -s -X POST ${state.admin}/v1/regions/eu-west/drain -H "Authorization: Bearer ${token}" \\
    -H 'Content-Type: application/json' -d '{"reason":"trying it out","mode":"immediate"}'
Why a German goes where they go:
  curl -s "${state.admin}/v1/explain?host=localhost&path=/&country=DE" -H "Authorization: Bearer ${token}"
Let the region back:
  curl -s -X POST ${state.admin}/v1/regions/eu-west/undrain -H "Authorization: Bearer ${token}" \\
    -H 'Content-Type: application/json' -d '{"reason":"that was it"}'

`;
}
