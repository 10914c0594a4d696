/** Everything that follows from the port base: the demo fleet in its three forms, and the servers that it names. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../config/canonical.ts";
import { compile } from "../../config/compile.ts";
import { hasErrors } from "../../config/findings.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { readFleet } from "../../config/read-fleet.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { DEMO_ENVIRONMENT, loadDemoFleet } from "../lib/demo-fleet.ts";
import type { DemoClusterOptions } from "./cluster.ts";

/** What each side of the demo runs: the canary is one minor version ahead. */
const VERSIONS = { stable: "1.4.0", canary: "1.5.0" } as const;

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

export function planDemo(portBase: number): DemoPlan {
  const { documents, clusters } = loadDemoFleet(portBase);
  const { fleet, findings } = readFleet(documents, { environment: DEMO_ENVIRONMENT, development: true });
  invariant(!hasErrors(findings), "the demo fleet that ships with the project is sound");
  const snapshot = compile({ fleet, overlays: [], environment: DEMO_ENVIRONMENT, revision: BUILTIN_REVISION });
  const sides = new Map<string, keyof typeof VERSIONS>(snapshot.clusters.map(({ name, side }) => [name, side]));
  return {
    edgePort: portBase,
    adminPort: portBase + 1,
    servers: clusters.map((cluster) => ({ ...cluster, version: VERSIONS[sides.get(cluster.name) ?? "stable"] })),
    documents,
    digest: createHash("sha256").update(canonicalJson(documents)).digest("hex"),
    snapshot,
  };
}

/** Every port that the demo listens on. */
export function portsOf({ edgePort, adminPort, servers }: DemoPlan): number[] {
  return [edgePort, adminPort, ...servers.flatMap(({ port, controlPort }) => [port, controlPort])];
}
