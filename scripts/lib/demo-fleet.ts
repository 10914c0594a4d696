/**
 * The example fleet for one port base. Its environment is written for the base 8787; templates do no arithmetic, so
 * another base is made by moving every `port` value of the environment by the same distance.
 */
import path from "node:path";
import type { ClusterReports } from "../../config/documents/cluster.ts";
import { ClusterTemplateDocument, EnvironmentDocument } from "../../config/documents/cluster-template.ts";
import { API_VERSION } from "../../config/documents/envelope.ts";
import { readFleet } from "../../config/read-fleet.ts";
import { loadFleetFolder } from "./fleet-folder.ts";

export const DEMO_ENVIRONMENT = "demo";
export const DEMO_FLEET_FOLDER = path.join(import.meta.dirname, "../../config/fleets/demo");

/** The port base that `config/fleets/demo/environment.yaml` is written for. */
export const DEMO_PORT_BASE = 8787;

/** The template whose clusters have servers of their own. */
const SHOP_TEMPLATE = "web";

/** From the data port of a demo cluster to its control port. */
const CONTROL_PORT_OFFSET = 100;

export type DemoCluster = {
  readonly name: string;
  readonly region: string;
  readonly port: number;
  readonly controlPort: number;
  /** What its document says that it must report. */
  readonly reports: ClusterReports;
};

export type DemoFleet = {
  /** The documents, ready for `readFleet` and `PUT /v1/fleet`. */
  readonly documents: readonly unknown[];
  /** The servers to start: the clusters of the service `web`, by name. */
  readonly clusters: readonly DemoCluster[];
};

/** `statusKey`: the public key that a cluster signs its statuses with; without it they cannot be sent, only asked for. */
export function loadDemoFleet(portBase: number = DEMO_PORT_BASE, statusKey?: (cluster: string) => string): DemoFleet {
  const documents = loadFleetFolder(DEMO_FLEET_FOLDER)
    .inputs.map((input) => movePorts(input, portBase - DEMO_PORT_BASE))
    .map((input) => (statusKey === undefined ? input : withStatusKeys(input, statusKey)));
  const { fleet } = readFleet(documents, { environment: DEMO_ENVIRONMENT, development: true });
  const clusters = fleet.clusters
    .filter(({ spec }) => spec.service === "web")
    .map(({ metadata, spec }) => {
      const port = Number(new URL(spec.endpoint).port);
      const ports = { port, controlPort: port + CONTROL_PORT_OFFSET };
      return { name: metadata.name, region: spec.region, ...ports, reports: spec.reports ?? {} };
    });
  return { documents, clusters };
}

/** The same document with every whole-number `port` of an Environment's clusters moved; any other as it is. */
export function movePorts(document: unknown, distance: number): unknown {
  if (!isEnvironment(document)) return document;
  const clusters = document.spec.clusters.map((cluster) => {
    const port = cluster.values.port;
    return typeof port === "number" ? { ...cluster, values: { ...cluster.values, port: port + distance } } : cluster;
  });
  return { ...document, spec: { ...document.spec, clusters } };
}

/** A parameter more for the template of the shop, and its value for each of its clusters. */
function withStatusKeys(document: unknown, statusKey: (cluster: string) => string): unknown {
  const template = ClusterTemplateDocument.safeParse(document);
  if (template.success && template.data.metadata.name === SHOP_TEMPLATE) {
    const { spec } = template.data;
    const parameters = { ...spec.parameters, statusKey: { type: "string" } };
    const cluster = { ...spec.cluster, spec: { ...spec.cluster.spec, statusKey: `\${statusKey}` } };
    return { ...template.data, spec: { ...spec, parameters, cluster } };
  }
  const environment = EnvironmentDocument.safeParse(document);
  if (!environment.success) return document;
  const clusters = environment.data.spec.clusters.map((entry) => {
    const { region, color } = entry.values;
    if (entry.template !== SHOP_TEMPLATE) return entry;
    return { ...entry, values: { ...entry.values, statusKey: statusKey(`${region}-${color}`) } };
  });
  return { ...environment.data, spec: { ...environment.data.spec, clusters } };
}

type EnvironmentLike = {
  readonly spec: { readonly clusters: readonly { readonly values: Readonly<Record<string, unknown>> }[] };
};

/** Ours is checked in and tested, so kind and version say enough about its shape. */
function isEnvironment(document: unknown): document is EnvironmentLike {
  return (
    typeof document === "object" &&
    document !== null &&
    "apiVersion" in document &&
    document.apiVersion === API_VERSION &&
    "kind" in document &&
    document.kind === "Environment"
  );
}
