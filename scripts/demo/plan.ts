/** Everything that follows from the port base: the demo fleet in its forms, and the servers that it names. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../config/canonical.ts";
import { compile } from "../../config/compile.ts";
import { EnvironmentDocument } from "../../config/documents/cluster-template.ts";
import { hasErrors } from "../../config/findings.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { DEMO_ENVIRONMENT, loadDemoFleet } from "../lib/demo-fleet.ts";
import type { DemoClusterOptions } from "./cluster.ts";
import { reportOf } from "./reported.ts";
import { statusKeyOf } from "./status-key.ts";

/** What is built into a bundle is older than anything the control plane has ever published. */
const BUILTIN_REVISION = Revision.parse(0);

export type DemoPlan = {
  readonly edgePort: number;
  readonly adminPort: number;
  readonly servers: readonly DemoClusterOptions[];
  /** As the control plane takes them. */
  readonly documents: readonly unknown[];
  /** Of the documents; another one means that the control plane has to learn about it. */
  readonly digest: string;
  /** What the edge routes by until it has heard from the control plane. */
  readonly snapshot: Snapshot;
};

/** `secret`: what the clusters' status keys are made from; without one they have none. */
export function planDemo(portBase: number, secret?: string): DemoPlan {
  const keyOf = (cluster: string) => (secret === undefined ? undefined : statusKeyOf(secret, cluster));
  const publicKey = (cluster: string) => keyOf(cluster)?.publicKey ?? "";
  const { documents: written, clusters } = loadDemoFleet(portBase, secret === undefined ? undefined : publicKey);
  const snapshot = compileDemo(written);
  const documents = written.map((document) => labelled(document, digestOf(snapshot)));
  return {
    edgePort: portBase,
    adminPort: portBase + 1,
    servers: clusters.map(({ reports, ...cluster }) => {
      const statusKey = keyOf(cluster.name);
      const identity = { ...cluster, version: reports.version ?? "unknown", report: reportOf(reports) };
      return statusKey === undefined ? identity : { ...identity, statusKey };
    }),
    documents,
    digest: digestOf(documents),
    snapshot,
  };
}

function compileDemo(documents: readonly unknown[]): Snapshot {
  const { fleet, findings } = readFleet(documents, { environment: DEMO_ENVIRONMENT, development: true });
  invariant(!hasErrors(findings), "the demo fleet that ships with the project is sound");
  return compile({ fleet, overlays: [], environment: DEMO_ENVIRONMENT, revision: BUILTIN_REVISION });
}

/**
 * The Environment says which snapshot it came to. When a newer version of the project compiles the same documents to
 * another snapshot, they differ by this label, so that the control plane makes a revision that this edge can read.
 */
function labelled(document: unknown, digest: string): unknown {
  const parsed = EnvironmentDocument.safeParse(document);
  if (!parsed.success) return document;
  const { metadata, ...rest } = parsed.data;
  return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, snapshot: digest.slice(0, 12) } } };
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** Every port that the demo listens on. */
export function portsOf({ edgePort, adminPort, servers }: DemoPlan): number[] {
  return [edgePort, adminPort, ...servers.flatMap(({ port, controlPort }) => [port, controlPort])];
}
