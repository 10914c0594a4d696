/** A small sound fleet for tables that break one thing at a time. */
import type { Document, Fleet } from "../../../config/documents.ts";
import type { Finding } from "../../../config/findings.ts";
import { readFleet } from "../../../config/read-fleet.ts";

type Json = { readonly [key: string]: unknown };

const API_VERSION = "fairlead.dev/v1";

export function region(name: string, spec: Json = {}): Json {
  return {
    apiVersion: API_VERSION,
    kind: "Region",
    metadata: { name },
    spec: {
      location: { latitude: 50, longitude: 8 },
      jurisdictions: ["eu"],
      vantage: "weur",
      capacity: { requestsPerSecond: 100 },
      ...spec,
    },
  };
}

export function service(name: string, spec: Json = {}): Json {
  return { apiVersion: API_VERSION, kind: "Service", metadata: { name }, spec };
}

export function cluster(name: string, spec: Json = {}): Json {
  const endpoint = `https://${name}.example.com`;
  return {
    apiVersion: API_VERSION,
    kind: "Cluster",
    metadata: { name },
    spec: { region: "eu", service: "web", endpoint, weight: 1, ...spec },
  };
}

export function route(name: string, spec: Json = {}): Json {
  return {
    apiVersion: API_VERSION,
    kind: "Route",
    metadata: { name },
    spec: {
      service: "web",
      match: { hosts: ["web.example.org"] },
      default: { weights: { eu: 1 } },
      ...spec,
    },
  };
}

/** On, unless its spec says otherwise. */
export function flag(name: string, spec: Json = {}): Json {
  return {
    apiVersion: API_VERSION,
    kind: "Flag",
    metadata: { name },
    spec: { state: "ENABLED", variants: { yes: true, no: false }, defaultVariant: "yes", ...spec },
  };
}

export function policy(spec: Json = {}): Json {
  return { apiVersion: API_VERSION, kind: "Policy", metadata: { name: "production" }, spec };
}

/** Region `eu` and `us`, service `web`, a cluster in each, route `web`: no findings. */
export const SOUND: readonly Json[] = [
  region("eu"),
  region("us", { location: { latitude: 39, longitude: -77 }, jurisdictions: ["us"], vantage: "enam" }),
  service("web"),
  cluster("eu-web"),
  cluster("us-web", { region: "us" }),
  route("web"),
];

/** `SOUND` with documents of the same kind and name replaced and others added. */
export function soundBut(...changes: readonly Json[]): readonly Json[] {
  const idOf = (document: Json) => JSON.stringify([document.kind, document.metadata]);
  const changed = new Map(changes.map((change) => [idOf(change), change]));
  const kept = SOUND.map((document) => changed.get(idOf(document)) ?? document);
  return [...kept, ...changes.filter((change) => !kept.includes(change))];
}

export const PRODUCTION = { environment: "production", development: false } as const;

/** `code path` of every finding, the way tables compare them; warnings carry a question mark. */
export function summary(findings: readonly Finding[]): string[] {
  return findings.map(({ code, severity, path }) => `${code}${severity === "warning" ? "?" : ""} ${path.join("/")}`);
}

export function findingsOf(
  inputs: readonly unknown[],
  options = PRODUCTION as { environment: string; development: boolean },
): string[] {
  return summary(readFleet(inputs, options).findings);
}

/** The fleet of inputs that a test knows to be sound. */
export function fleetOf(inputs: readonly unknown[]): {
  readonly fleet: Fleet;
  readonly documents: readonly Document[];
} {
  const { fleet, documents, findings } = readFleet(inputs, PRODUCTION);
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(`not a sound fleet: ${JSON.stringify(errors)}`);
  return { fleet, documents };
}
