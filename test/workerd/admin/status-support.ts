/** Clusters that report: their keys, the documents that declare what they must report, and the statuses that they send. */

import { reset } from "cloudflare:test";
import { Buffer } from "node:buffer";
import { afterEach, beforeEach } from "vitest";
import { STATUS_SIGNATURE_DOMAIN } from "../../../config/cluster-status.ts";
import { type Answer, ask, cluster, send, smallFleet } from "./support.ts";

export const IMAGE = `sha256:${"4e".repeat(32)}`;
export const OTHER_IMAGE = `sha256:${"99".repeat(32)}`;

export type ReportingCluster = { readonly name: string; readonly region: string; readonly keys: CryptoKeyPair };

export async function reportingCluster(name: string, region: string): Promise<ReportingCluster> {
  // Ed25519 has a pair; the platform's type also knows algorithms that have one key.
  const keys = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  return { name, region, keys };
}

export type ReportingPair = { readonly blue: ReportingCluster; readonly other: ReportingCluster };

/** A cluster in each region of the small fleet, with new keys for each test; and an environment of its own. */
export function reportingPair(): ReportingPair {
  const pair: { blue?: ReportingCluster; other?: ReportingCluster } = {};
  const made = (one: ReportingCluster | undefined): ReportingCluster => {
    if (one === undefined) throw new Error("the pair is made before each test");
    return one;
  };
  beforeEach(async () => {
    pair.blue = await reportingCluster("eu-west-blue", "eu-west");
    pair.other = await reportingCluster("us-east-blue", "us-east");
  });
  afterEach(() => reset());
  return {
    get blue() {
      return made(pair.blue);
    },
    get other() {
      return made(pair.other);
    },
  };
}

export const DECLARED = { version: "1.4.0", imageDigest: IMAGE, secrets: [{ name: "session-key", version: "v1" }] };

/** The small fleet with its clusters held to `reports`. `more` takes the place of documents of the same kind and name. */
export async function reportingFleet(
  clusters: readonly ReportingCluster[],
  { reports = DECLARED, more = [] }: { readonly reports?: object; readonly more?: readonly object[] } = {},
): Promise<unknown[]> {
  const documents = await Promise.all(
    clusters.map(async ({ name, region, keys }) => {
      const raw = await crypto.subtle.exportKey("raw", keys.publicKey);
      const statusKey = Buffer.from(raw as ArrayBuffer).toString("base64");
      const document = cluster(name, region);
      return { ...document, spec: { ...document.spec, reports, statusKey } };
    }),
  );
  return withDocuments(smallFleet(), [...documents, ...more]);
}

/** `documents` with others in the place of those of the same kind and name, or added. */
export function withDocuments(documents: readonly unknown[], others: readonly object[]): unknown[] {
  const idOf = (document: unknown) => {
    const { kind, metadata } = document as { kind: string; metadata: { name: string } }; // ours are documents
    return `${kind}/${metadata.name}`;
  };
  const replaced = new Set(others.map(idOf));
  return [...documents.filter((document) => !replaced.has(idOf(document))), ...others];
}

export function statusOf(name: string, fields: object = {}): object {
  return {
    ...{ cluster: name, atMs: Date.now(), version: "1.4.0", imageDigest: IMAGE },
    secrets: [{ name: "session-key", versions: ["v1"], active: "v1" }],
    ...fields,
  };
}

export async function signatureFor(text: string, { keys }: ReportingCluster): Promise<string> {
  const signed = new TextEncoder().encode(STATUS_SIGNATURE_DOMAIN + text);
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, keys.privateKey, signed);
  return `ed25519=${Buffer.from(signature).toString("base64")}`;
}

/** Sends a status for `name` signed with the key of `signer`, without any token. */
export async function push(
  signer: ReportingCluster,
  status: object | string,
  { name = signer.name, headers = {} }: { readonly name?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const body = typeof status === "string" ? status : JSON.stringify(status);
  return ask(`/v1/clusters/${name}/status`, {
    method: "PUT",
    headers: {
      "content-type": "application/json",
      "fairlead-signature": await signatureFor(body, signer),
      ...headers,
    },
    body,
  });
}

let lastAtMs = 0;

/** What a cluster reports when it is asked nicely: later than anything that it has reported before. */
export async function report(signer: ReportingCluster, fields: object = {}): Promise<void> {
  lastAtMs = Math.max(lastAtMs + 1, Date.now());
  const { status, body } = await push(signer, statusOf(signer.name, { atMs: lastAtMs, ...fields }));
  if (status !== 200) throw new Error(`the status was refused: ${JSON.stringify(body)}`);
}

export async function declare(documents: readonly unknown[]): Promise<void> {
  const { status, body } = await send("PUT", "/v1/fleet", { documents });
  if (status !== 200) throw new Error(`the documents were refused: ${JSON.stringify(body)}`);
}
