/** A cluster's status as the API describes it; what is really asked of one is in config/cluster-status.ts. */
import { z } from "@hono/zod-openapi";
import { AT_MS } from "./examples.ts";

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

export const StatusSchema = z
  .strictObject({
    cluster: z.string().openapi({ description: "Its own name." }),
    atMs: z.int().min(0).openapi({
      description: "By the clock of the cluster: within five minutes of ours, and later than in its last status.",
    }),
    version: z.string().optional(),
    imageDigest: Digest.optional(),
    configDigest: Digest.optional(),
    secrets: z
      .array(
        z.strictObject({
          name: z.string(),
          versions: z.array(z.string()).openapi({ description: "Ids of all that it can read. Never values." }),
          active: z.string().optional().openapi({ description: "The one that it uses." }),
        }),
      )
      .optional(),
    keyIds: z.array(z.string()).optional(),
    compliance: z.array(z.string()).optional(),
    platform: z.string().optional(),
    compatibility: z
      .strictObject({
        schema: z.string().optional(),
        config: z.string().optional(),
        peers: z.record(z.string(), z.string()).optional(),
      })
      .optional(),
    replicaLagMs: z.int().min(0).optional().openapi({ description: "How far its copy of the data is behind." }),
    loadBps: z.int().min(0).max(10_000).optional(),
  })
  .openapi("ClusterStatus");

export const STATUS_EXAMPLE: z.input<typeof StatusSchema> = {
  ...{ cluster: "eu-west-blue", atMs: AT_MS, version: "1.4.0" },
  imageDigest: `sha256:${"4e".repeat(32)}`,
  configDigest: `sha256:${"07".repeat(32)}`,
  secrets: [{ name: "session-key", versions: ["v1", "v2"], active: "v1" }],
  ...{ keyIds: ["2026-03"], compliance: ["pci-dss"], platform: "linux/amd64", replicaLagMs: 120, loadBps: 4_200 },
};
