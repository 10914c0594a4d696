/**
 * The bindings of the admin Worker, and the one place that turns them into typed things. Objects are addressed by the
 * name of the environment, beacons and probers by environment and vantage.
 */
import type { DurableObject } from "cloudflare:workers";
import type { Vantage } from "../config/vantage.ts";
import type { AlertObject } from "./objects/alert-object.ts";
import type { BeaconObject } from "./objects/beacon-object.ts";
import type { ExportObject } from "./objects/export-object.ts";
import type { FleetObject } from "./objects/fleet-object.ts";
import type { HealthObject } from "./objects/health-object.ts";
import type { ProberObject } from "./objects/prober-object.ts";
import type { StatusObject } from "./objects/status-object.ts";
import type { TelemetryObject } from "./objects/telemetry-object.ts";
import type { TelemetryRoot } from "./objects/telemetry-root.ts";

export type AdminEnv = {
  readonly CONFIG: KVNamespace;
  readonly FLEET: DurableObjectNamespace<FleetObject>;
  readonly BEACON: DurableObjectNamespace<BeaconObject>;
  readonly PROBER: DurableObjectNamespace<ProberObject>;
  readonly HEALTH: DurableObjectNamespace<HealthObject>;
  readonly STATUS: DurableObjectNamespace<StatusObject>;
  readonly ALERT: DurableObjectNamespace<AlertObject>;
  readonly TELEMETRY: DurableObjectNamespace<TelemetryObject>;
  readonly TELEMETRY_ROOT: DurableObjectNamespace<TelemetryRoot>;
  readonly EXPORT: DurableObjectNamespace<ExportObject>;
  /** Where probes leave through; the global fetch when absent. */
  readonly EGRESS?: Fetcher;
  readonly ENVIRONMENT: string;
  /** "true" on a developer's machine only. */
  readonly DEVELOPMENT?: string;
  /** Where people reach the API, for the commands in alerts; without it these name a variable. */
  readonly ADMIN_URL?: string;
  readonly ADMIN_TOKEN?: string;
  /** JSON: more who may ask, by name, kind, roles and the digest of their token. */
  readonly ADMIN_PRINCIPALS?: string;
  /** Ed25519 private key, a JWK as JSON text. */
  readonly SNAPSHOT_SIGNING_KEY?: string;
  readonly SNAPSHOT_KEY_ID?: string;
  /** Where metrics are pushed; the names and forms are OpenTelemetry's. Nothing is pushed without one of the endpoints. */
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_METRICS_ENDPOINT?: string;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: string;
  readonly OTEL_METRIC_EXPORT_INTERVAL?: string;
  /** Where dashboards are told of changes, with which token, and of which kinds; see `core/annotations`. */
  readonly ANNOTATIONS_URL?: string;
  readonly ANNOTATIONS_TOKEN?: string;
  readonly ANNOTATIONS_KINDS?: string;
};

/** The public methods of an object as its callers see them: everything answers with a promise. */
type Remote<T, K extends keyof T> = {
  readonly [M in K]: T[M] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** Everything that the fleet object answers; alarms and the constructor are the platform's. */
export type FleetStub = Remote<FleetObject, Exclude<keyof FleetObject, keyof DurableObject>>;
export type BeaconStub = Remote<
  BeaconObject,
  "acceptSnapshot" | "acceptHealth" | "readPropagation" | "readDemand" | "setFailing"
>;
export type ExportStub = Remote<ExportObject, "wake" | "readFigures" | "setFailing">;
/** What clusters report, drift and the state of secrets: everything that the status object answers. */
export type StatusStub = Remote<StatusObject, Exclude<keyof StatusObject, keyof DurableObject>>;
/** Everything that the health object answers. */
export type HealthStub = Remote<HealthObject, Exclude<keyof HealthObject, keyof DurableObject>>;
/** Objectives, alerts and webhooks: everything that the alert object answers. */
export type AlertStub = Remote<AlertObject, Exclude<keyof AlertObject, keyof DurableObject>>;
export type TelemetryRootStub = Remote<TelemetryRoot, Exclude<keyof TelemetryRoot, keyof DurableObject>>;
export type ProberStub = Remote<ProberObject, "hasConfig" | "configure" | "read" | "readFigures" | "setFailing">;

// The stubs do answer to these methods: RPC adds only promises, and what crosses is plain data. The types of the
// platform would map `unknown` inside documents to `never`, so they are replaced here.
export function fleetStub(env: AdminEnv): FleetStub {
  return env.FLEET.getByName(env.ENVIRONMENT) as unknown as FleetStub;
}

export function healthStub(env: AdminEnv): HealthStub {
  return env.HEALTH.getByName(env.ENVIRONMENT) as unknown as HealthStub;
}

/** Placed where it is to probe from, as near as the platform can. */
export function proberStub(env: AdminEnv, vantage: Vantage): ProberStub {
  const stub = env.PROBER.getByName(`${env.ENVIRONMENT}:${vantage}`, { locationHint: vantage });
  return stub as unknown as ProberStub;
}

export function alertStub(env: AdminEnv): AlertStub {
  return env.ALERT.getByName(env.ENVIRONMENT) as unknown as AlertStub;
}

export function statusStub(env: AdminEnv): StatusStub {
  return env.STATUS.getByName(env.ENVIRONMENT) as unknown as StatusStub;
}

export function exportStub(env: AdminEnv): ExportStub {
  return env.EXPORT.getByName(env.ENVIRONMENT) as unknown as ExportStub;
}

/** What all data centres have told of. */
export function telemetryRootStub(env: AdminEnv): TelemetryRootStub {
  return env.TELEMETRY_ROOT.getByName(env.ENVIRONMENT) as unknown as TelemetryRootStub;
}

export function beaconStub(env: AdminEnv, vantage: Vantage): BeaconStub {
  const stub = env.BEACON.getByName(`${env.ENVIRONMENT}:${vantage}`, { locationHint: vantage });
  return stub as unknown as BeaconStub;
}

export function isDevelopment(env: AdminEnv): boolean {
  return env.DEVELOPMENT === "true";
}
