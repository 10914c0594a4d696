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
  const end = firstSignal();
  const demo = await startDemo(options, end.signal).catch((cause: unknown) => {
    if (!end.signal.aborted) process.stderr.write(`${explain(cause)}\n`);
  });
  if (demo === undefined) return process.exit(end.signal.aborted ? 0 : 1);

  process.stdout.write(welcome(demo, options, performance.now() - startedMs));
  const stopVisitors = options.traffic ? startVisitors(demo) : undefined;
  await end.asked;
  process.stdout.write("\nStopping ...\n");
  setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
  await stopVisitors?.();
  await demo.stop();
  process.exit(0); // idle connections of clients would keep the process for a while
}

/** The first request to end. Who asks a second time does not want to wait. */
function firstSignal(): { readonly signal: AbortSignal; readonly asked: Promise<void> } {
  const controller = new AbortController();
  const asked = new Promise<void>((resolve) => controller.signal.addEventListener("abort", () => resolve()));
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort();
    });
  }
  return { signal: controller.signal, asked };
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

/** A refusal is a sentence; anything else is a bug, and whoever looks for it needs the stack. */
function explain(cause: unknown): string {
  if (cause instanceof StartRefusal) return cause.message;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
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
    -H 'If-Match: *' -H 'Content-Type: application/json' -d '{"reason":"trying it out","mode":"immediate"}'
Why a German goes where they go:
  curl -s "${state.admin}/v1/explain?host=localhost&path=/&country=DE" -H "Authorization: Bearer ${token}"
Let the region back:
  curl -s -X POST ${state.admin}/v1/regions/eu-west/undrain -H "Authorization: Bearer ${token}" \\
    -H 'If-Match: *' -H 'Content-Type: application/json' -d '{"reason":"that was it"}'

`;
}
