/**
 * What a cluster says of itself: at `/.well-known/fairlead`, where probers fetch it, or in `PUT /v1/clusters/{c}/status`,
 * signed with the cluster's own key. Names and version ids of secrets only, never a value. Both ways carry the same
 * document; a pushed one is signed over its exact bytes.
 */
import * as z from "zod/mini";
import { ClusterName, Name } from "./ids.ts";
import { haveOwnNames, SecretVersion } from "./secret-version.ts";

export const STATUS_PATH = "/.well-known/fairlead";

/** Holds the signature of a pushed status: `ed25519=<base64>`, over the domain below and then the exact bytes of the body. */
export const STATUS_SIGNATURE_HEADER = "fairlead-signature";

/** In front of what is signed, so that no signature that the same key makes for something else passes as one of a status. */
export const STATUS_SIGNATURE_DOMAIN = "fairlead-status/1\n";

/** A status has some 2 KB; more is not read. */
export const STATUS_BYTES_MAX = 64 * 1024;

/** How far a status may be from our clock, either way: clocks of clusters drift, replays are older. */
export const STATUS_SKEW_MS_MAX = 5 * 60_000;

const Text = z.string().check(z.minLength(1), z.maxLength(200), z.regex(/^[\x20-\x7e]*$/, "must be printable ASCII"));
const Digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits"));

export const ClusterStatus = z.strictObject({
  cluster: ClusterName,
  /** By the cluster's clock; a status that is not newer than the last is refused. */
  atMs: z.int().check(z.minimum(0)),
  version: z.exactOptional(Text),
  imageDigest: z.exactOptional(Digest),
  configDigest: z.exactOptional(Digest),
  /** Every version that the cluster can read; `active` is the one that it uses. */
  secrets: z.exactOptional(
    z
      .array(
        z
          .strictObject({
            name: Name,
            versions: z.array(SecretVersion).check(z.maxLength(10)),
            active: z.exactOptional(SecretVersion),
          })
          .check(
            z.refine(({ versions, active }) => active === undefined || versions.includes(active), {
              error: "must have its active version among its versions",
            }),
          ),
      )
      .check(z.maxLength(100), z.refine(haveOwnNames, { error: "must name each secret once" })),
  ),
  keyIds: z.exactOptional(z.array(Text).check(z.maxLength(100))),
  compliance: z.exactOptional(z.array(Name).check(z.maxLength(50))),
  platform: z.exactOptional(Text),
  /** Versions of schema and configuration that the running program reads, and of peers that it can talk to. */
  compatibility: z.exactOptional(
    z.strictObject({
      schema: z.exactOptional(Text),
      config: z.exactOptional(Text),
      peers: z.exactOptional(z.record(Name, Text)),
    }),
  ),
  /** How far this cluster's copy of the data is behind, in milliseconds. */
  replicaLagMs: z.exactOptional(z.int().check(z.minimum(0), z.maximum(30 * 86_400_000))),
  /** 0 to 10,000. */
  loadBps: z.exactOptional(z.int().check(z.minimum(0), z.maximum(10_000))),
});
export type ClusterStatus = z.infer<typeof ClusterStatus>;
