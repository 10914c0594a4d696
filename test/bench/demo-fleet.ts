/**
 * The demo fleet as the edge gets it in production: compiled from its YAML, signed, with one change: every cluster's
 * endpoint is the bench's origin, so that all Workers of the comparison wait for the same server.
 */
import { compile } from "../../config/compile.ts";
import { hasErrors } from "../../config/findings.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { readFleet } from "../../config/read-fleet.ts";
import { encodeSigned } from "../../config/signed.ts";
import { DEMO_ENVIRONMENT, loadDemoFleet } from "../../scripts/lib/demo-fleet.ts";
import { signSnapshot } from "./signing.ts";

const KEY_ID = "bench";

export type BenchSnapshot = {
  readonly environment: string;
  readonly revision: number;
  readonly clusters: readonly string[];
  readonly signedText: string;
  /** As in the edge's SNAPSHOT_PUBLIC_KEYS. */
  readonly publicKeys: Readonly<Record<string, string>>;
};

export async function demoSnapshot(originPort: number): Promise<BenchSnapshot> {
  const { fleet, findings } = readFleet(loadDemoFleet().documents, {
    environment: DEMO_ENVIRONMENT,
    development: true,
  });
  invariant(!hasErrors(findings), "the demo fleet has no errors");
  const compiled = compile({ fleet, overlays: [], environment: DEMO_ENVIRONMENT, revision: Revision.parse(1) });
  const clusters = compiled.clusters.map((cluster) => ({ ...cluster, endpoint: `http://127.0.0.1:${originPort}` }));
  invariant(clusters.length >= 2, "the demo fleet has clusters to choose from");
  const signed = await signSnapshot({ ...compiled, clusters });
  return {
    environment: DEMO_ENVIRONMENT,
    revision: compiled.revision,
    clusters: clusters.map(({ name }) => name),
    signedText: encodeSigned({ keyId: KEY_ID, signature: signed.signature, payload: signed.payload }),
    publicKeys: { [KEY_ID]: signed.publicKey },
  };
}
