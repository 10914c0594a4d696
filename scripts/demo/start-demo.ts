/**
 * Brings the whole demo up in the order in which each part needs the one before, and takes it down in the other order:
 * clusters, bundles, both Workers on workerd, the fleet in the control plane, and proof that a request gets through.
 */
import path from "node:path";
import { bundleWorker } from "../lib/build.ts";
import { type ControlPlane, controlPlane } from "../lib/control-plane.ts";
import { DEMO_ENVIRONMENT } from "../lib/demo-fleet.ts";
import {
  adminPrincipals,
  affinityKeys,
  createToken,
  createTokens,
  type DevState,
  loadOrCreateKeys,
  readDevState,
  statusSecret,
  writeDevState,
} from "../lib/dev-state.ts";
import { type LocalWorkers, startWorkers } from "../lib/miniflare.ts";
import { busyPorts } from "../lib/ports.ts";
import { type DemoCluster, startDemoCluster } from "./cluster.ts";
import { readFleetDigest, writeFleetDigest } from "./fleet-digest.ts";
import type { StartOptions } from "./options.ts";
import { type DemoPlan, planDemo, portsOf } from "./plan.ts";
import { untilReady } from "./readiness.ts";

export type Demo = {
  readonly state: DevState;
  readonly regions: readonly string[];
  readonly stop: () => Promise<void>;
};

/** Why it cannot start here and now, for the person at the keyboard: no bug, and no stack trace. */
export class StartRefusal extends Error {
  override readonly name = "StartRefusal";
}

/** Rejects with the signal's reason when it is aborted meanwhile; what was up by then is down again. */
export async function startDemo({ portBase, stateFolder }: StartOptions, signal: AbortSignal): Promise<Demo> {
  const before = readDevState(stateFolder);
  await refuseStateInUse(stateFolder, before);
  await refuseBusyPorts(portsOf(planDemo(portBase)));
  const plan = planDemo(portBase, statusSecret(loadOrCreateKeys(stateFolder)));

  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const clusters: DemoCluster[] = [];
    for (const server of plan.servers) {
      const cluster = await startDemoCluster(server);
      stops.push(cluster.stop);
      clusters.push(cluster);
    }
    const token = before?.token ?? createToken();
    const tokens = createTokens(before?.tokens);
    const workers = await startBothWorkers({ plan, stateFolder, token, tokens });
    stops.push(workers.stop);
    signal.throwIfAborted();

    const state = devState({ plan, clusters, token, tokens });
    const control = controlPlane(state);
    await declareFleet({ plan, control, stateFolder });
    await untilReady({ edge: state.edge, control, signal });
    writeDevState(stateFolder, state);
    return { state, regions: plan.snapshot.regions.map(({ name }) => name), stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function startBothWorkers(options: {
  readonly plan: DemoPlan;
  readonly stateFolder: string;
  readonly token: string;
  readonly tokens: Readonly<Record<string, string>>;
}): Promise<LocalWorkers> {
  const { plan, stateFolder, token, tokens } = options;
  const keys = loadOrCreateKeys(stateFolder);
  const edgeBundle = path.join(stateFolder, "bundles", "edge.js");
  const adminBundle = path.join(stateFolder, "bundles", "admin.js");
  await Promise.all([
    bundleWorker({ entry: "worker/index.ts", outfile: edgeBundle, builtinSnapshot: plan.snapshot }),
    bundleWorker({ entry: "admin/index.ts", outfile: adminBundle }),
  ]);
  const shared = { ENVIRONMENT: DEMO_ENVIRONMENT, DEVELOPMENT: "true" };
  return startWorkers({
    stateFolder: path.join(stateFolder, "workers"),
    logFile: path.join(stateFolder, "workers.log"),
    workers: [
      {
        configPath: "wrangler.toml",
        bundlePath: edgeBundle,
        port: plan.edgePort,
        variables: {
          ...shared,
          SNAPSHOT_PUBLIC_KEYS: JSON.stringify({ [keys.keyId]: keys.publicKey }),
          AFFINITY_KEYS: affinityKeys(keys),
        },
      },
      {
        configPath: "admin/wrangler.toml",
        bundlePath: adminBundle,
        port: plan.adminPort,
        variables: {
          ...shared,
          ADMIN_TOKEN: token,
          ADMIN_PRINCIPALS: adminPrincipals(tokens),
          SNAPSHOT_SIGNING_KEY: JSON.stringify(keys.privateJwk),
          SNAPSHOT_KEY_ID: keys.keyId,
        },
      },
    ],
  });
}

function devState(options: {
  readonly plan: DemoPlan;
  readonly clusters: readonly DemoCluster[];
  readonly token: string;
  readonly tokens: Readonly<Record<string, string>>;
}): DevState {
  const { plan, clusters, token, tokens } = options;
  return {
    edge: `http://127.0.0.1:${plan.edgePort}`,
    admin: `http://127.0.0.1:${plan.adminPort}`,
    token,
    tokens,
    pid: process.pid,
    clusters: Object.fromEntries(clusters.map(({ name, url, control }) => [name, { url, control }])),
  };
}

/**
 * Puts the demo fleet into the control plane, but only when it is not the one that was put there last: what somebody
 * has changed through the API since then survives a restart.
 */
async function declareFleet(options: {
  readonly plan: DemoPlan;
  readonly control: ControlPlane;
  readonly stateFolder: string;
}): Promise<void> {
  const { plan, control, stateFolder } = options;
  if (readFleetDigest(stateFolder) === plan.digest && (await control.revision()) > 0) return;
  await control.putFleet(plan.documents, "the demo fleet of npm start");
  writeFleetDigest(stateFolder, plan.digest);
}

async function refuseBusyPorts(ports: readonly number[]): Promise<void> {
  const busy = await busyPorts(ports);
  if (busy.length === 0) return;
  const which = busy.length === 1 ? `port ${busy[0]} is` : `ports ${busy.join(", ")} are`;
  throw new StartRefusal(`${which} taken on 127.0.0.1; --port-base N moves all ports to another place`);
}

/** Two processes on one state folder would write the same databases. */
async function refuseStateInUse(stateFolder: string, before: DevState | undefined): Promise<void> {
  if (before === undefined || !isAlive(before.pid)) return;
  // Process ids are used again: it is ours only if its edge still listens.
  const busy = await busyPorts([Number(new URL(before.edge).port)]);
  if (busy.length === 0) return;
  throw new StartRefusal(
    `process ${before.pid} already runs on ${stateFolder}, with its edge at ${before.edge}; --state FOLDER takes another`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks whether the process is there
    return true;
  } catch {
    return false;
  }
}
