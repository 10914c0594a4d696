/**
 * The bindings of the admin Worker, and the one place that turns them into typed things. Objects are addressed by the
 * name of the environment, beacons by environment and vantage.
 */
import type { Vantage } from "../config/documents.ts";
import type { BeaconObject } from "./objects/beacon-object.ts";
import type { FleetObject } from "./objects/fleet-object.ts";
import type { ProberObject } from "./objects/prober-object.ts";

export type AdminEnv = {
  readonly CONFIG: KVNamespace;
  readonly FLEET: DurableObjectNamespace<FleetObject>;
  readonly BEACON: DurableObjectNamespace<BeaconObject>;
  readonly PROBER: DurableObjectNamespace<ProberObject>;
  /** Where probes leave through; the global fetch when absent. */
  readonly EGRESS?: Fetcher;
  readonly ENVIRONMENT: string;
  /** "true" on a developer's machine only. */
  readonly DEVELOPMENT?: string;
  readonly ADMIN_TOKEN?: string;
  /** Ed25519 private key, a JWK as JSON text. */
  readonly SNAPSHOT_SIGNING_KEY?: string;
  readonly SNAPSHOT_KEY_ID?: string;
};

/** The public methods of an object as its callers see them: everything answers with a promise. */
type Remote<T, K extends keyof T> = {
  readonly [M in K]: T[M] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

export type FleetStub = Remote<
  FleetObject,
  | "read"
  | "mutate"
  | "listRevisions"
  | "readRevision"
  | "snapshotAt"
  | "setFailing"
  | "vantages"
  | "beacons"
  | "issueDebugToken"
  | "listDebugTokens"
>;
export type BeaconStub = Remote<BeaconObject, "acceptSnapshot" | "acceptHealth" | "readPropagation" | "setFailing">;
export type ProberStub = Remote<ProberObject, "configure" | "read" | "setFailing">;

// The stubs do answer to these methods: RPC adds only promises, and what crosses is plain data. The types of the
// platform would map `unknown` inside documents to `never`, so they are replaced here.
export function fleetStub(env: AdminEnv): FleetStub {
  return env.FLEET.getByName(env.ENVIRONMENT) as unknown as FleetStub;
}

export function proberStub(env: AdminEnv): ProberStub {
  return env.PROBER.getByName(env.ENVIRONMENT) as unknown as ProberStub;
}

export function beaconStub(env: AdminEnv, vantage: Vantage): BeaconStub {
  const stub = env.BEACON.getByName(`${env.ENVIRONMENT}:${vantage}`, { locationHint: vantage });
  return stub as unknown as BeaconStub;
}

export function isDevelopment(env: AdminEnv): boolean {
  return env.DEVELOPMENT === "true";
}
