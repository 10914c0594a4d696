/** A real Prometheus with the rules that ship, scraping the demo every second. It keeps its data in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod/mini";
import type { DevState } from "../../scripts/lib/dev-state.ts";

/** It replays an empty log and opens its port: a second, on a machine that does other things some more. */
const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 5_000;

const Alerts = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
        state: z.enum(["pending", "firing"]),
      }),
    ),
  }),
});
export type Alert = z.infer<typeof Alerts>["data"]["alerts"][number];

const Samples = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

export type Prometheus = {
  /** Those that fire now. */
  readonly firing: () => Promise<readonly Alert[]>;
  /** The value of an expression by the labels of its series. */
  readonly query: (expr: string) => Promise<readonly { labels: Readonly<Record<string, string>>; value: number }[]>;
  readonly stop: () => Promise<void>;
};

/** The shipped rules, as they are; only times are short, and the target is the demo. */
export async function startPrometheus({ admin, tokens }: DevState): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), "fairlead-prometheus-"));
  const config = path.join(folder, "prometheus.json");
  writeFileSync(config, JSON.stringify(configOf(new URL(admin).host, tokens?.prometheus ?? "")));
  const data = path.join(folder, "data");
  mkdirSync(data);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    "prometheus",
    [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(child, url);
  } catch (cause) {
    await stop();
    throw cause;
  }
  const ask = async (address: string): Promise<unknown> => (await fetch(`${url}${address}`)).json();
  return {
    firing: async () => {
      const { data: found } = Alerts.parse(await ask("/api/v1/alerts"));
      return found.alerts.filter(({ state }) => state === "firing");
    },
    query: async (expr) => {
      const { data: found } = Samples.parse(await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`));
      return found.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    stop,
  };
}

/** Prometheus reads YAML, and so JSON. */
function configOf(target: string, credentials: string): object {
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [path.resolve("ops/prometheus/rules/*.yml")],
    scrape_configs: [{ job_name: "fairlead", authorization: { credentials }, static_configs: [{ targets: [target] }] }],
  };
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const startedMs = performance.now();
  while (performance.now() - startedMs < READY_MS_MAX) {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}:\n${log}`);
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`prometheus is not ready in time:\n${log}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await ended;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo; // it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}
