/** What every document has in common: apiVersion, kind, and metadata with its name, its owner and who manages it. */
import * as z from "zod/mini";
import { Name } from "../ids.ts";
import { VisibleText } from "../shared-shapes.ts";

export const API_VERSION = "fairlead.dev/v1";

export const Labels = z.record(Name, VisibleText(200));

const metadata = <T extends z.ZodMiniType>(name: T) =>
  z.strictObject({
    name,
    /** Who looks after it, and gets its alerts: the name or the owner of a Webhook. */
    owner: z.exactOptional(VisibleText(100)),
    /** Who writes this document (a pipeline, a team); others are told before they overwrite it. */
    managedBy: z.exactOptional(Name),
    labels: z.exactOptional(Labels),
  });

export const envelope = <K extends string, N extends z.ZodMiniType, S extends z.ZodMiniType>(
  kind: K,
  name: N,
  spec: S,
) => z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal(kind), metadata: metadata(name), spec });

export const Capacity = z.strictObject({
  requestsPerSecond: z.int().check(z.minimum(1), z.maximum(100_000_000)),
});
