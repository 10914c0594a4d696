/** Kind Cluster: one endpoint of a service in a region, what it must run and report, and what it goes back to. */
import * as z from "zod/mini";
import { ClusterName, Name, RegionName, ServiceName, Weight } from "../ids.ts";
import { ImageText } from "../image.ts";
import { haveOwnNames, SecretVersion } from "../secret-version.ts";
import { AdminState, Side, VisibleText } from "../shared-shapes.ts";
import { VersionRangeText } from "../version-range.ts";
import { Capacity, envelope } from "./envelope.ts";
import { HealthCheck } from "./health-check.ts";

const Sha256Digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits"));

const SecretReferences = z
  .array(z.strictObject({ name: Name, version: SecretVersion }))
  .check(z.maxLength(100), z.refine(haveOwnNames, { error: "must name each secret once" }));

/** What the cluster must report that it runs; secrets by name and version id, never by value. */
export const ClusterReports = z.strictObject({
  version: z.exactOptional(VisibleText(100)),
  imageDigest: z.exactOptional(Sha256Digest),
  configDigest: z.exactOptional(Sha256Digest),
  secrets: z.exactOptional(SecretReferences),
  keyIds: z.exactOptional(z.array(VisibleText(100)).check(z.maxLength(100))),
  compliance: z.exactOptional(z.array(Name).check(z.maxLength(50))),
  /** As in `linux/amd64`. */
  platform: z.exactOptional(VisibleText(100)),
});
export type ClusterReports = z.infer<typeof ClusterReports>;

/** What the declared version can work with: versions of the data's schema and of the configuration, and of other services. */
export const ClusterRequires = z.strictObject({
  schema: z.exactOptional(VersionRangeText),
  config: z.exactOptional(VersionRangeText),
  peers: z.exactOptional(z.record(ServiceName, VersionRangeText)),
});
export type ClusterRequires = z.infer<typeof ClusterRequires>;

/** What the cluster goes back to when the declared version is no good; preflight proves the way back as the way there. */
export const RollbackTarget = z.strictObject({
  version: VisibleText(100),
  imageDigest: Sha256Digest,
  configDigest: z.exactOptional(Sha256Digest),
  secrets: z.exactOptional(SecretReferences),
  requires: z.exactOptional(ClusterRequires),
});
export type RollbackTarget = z.infer<typeof RollbackTarget>;

export const ClusterSpec = z.strictObject({
  region: RegionName,
  service: ServiceName,
  /** Scheme, host and port; the path of the request is appended. Checked further in `checks.ts`. */
  endpoint: z.string().check(z.maxLength(300)),
  /** Relative to the other clusters of its side in its region. */
  weight: Weight,
  /** Which side of a split it serves; `stable` when absent. */
  side: z.exactOptional(Side),
  capacity: z.exactOptional(Capacity),
  adminState: z.exactOptional(AdminState),
  healthCheck: z.exactOptional(HealthCheck),
  reports: z.exactOptional(ClusterReports),
  /** What is deployed there. Without a digest it may be anything tomorrow, and preflight refuses it. */
  image: z.exactOptional(ImageText),
  requires: z.exactOptional(ClusterRequires),
  rollback: z.exactOptional(RollbackTarget),
  /** The raw Ed25519 public key, base64, that the cluster signs its pushed status with. */
  statusKey: z.exactOptional(z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, "must be 32 bytes in base64"))),
});
export const ClusterDocument = envelope("Cluster", ClusterName, ClusterSpec);
export type ClusterDocument = z.infer<typeof ClusterDocument>;
