/** A health check: of a service for all of its clusters, of one cluster, or of a monitor. */
import * as z from "zod/mini";
import { Duration } from "../duration.ts";
import { PATH_LENGTH_MAX } from "../limits.ts";
import { VISIBLE, VisibleText } from "../shared-shapes.ts";

const StatusCode = z.int().check(z.minimum(100), z.maximum(599));

export const HealthCheck = z.strictObject({
  /** Sent with every probe, beside our own; names in lower case. */
  headers: z.exactOptional(
    z.record(z.string().check(z.regex(/^[a-z0-9-]{1,100}$/, "must be a lower-case header name")), VisibleText(500)),
  ),
  /** Must occur in the first 16 KiB of the answer. */
  body: z.exactOptional(z.strictObject({ contains: VisibleText(200) })),
  /** A success that takes longer counts as degraded. */
  degradedAfter: z.exactOptional(Duration),
  path: z.string().check(z.startsWith("/"), z.maxLength(PATH_LENGTH_MAX), VISIBLE),
  method: z.exactOptional(z.enum(["GET", "HEAD"])),
  interval: z.exactOptional(Duration),
  timeout: z.exactOptional(Duration),
  /** Consecutive successes before an unhealthy cluster counts as healthy. */
  rise: z.exactOptional(z.int().check(z.minimum(1), z.maximum(10))),
  /** Consecutive failures before a healthy cluster counts as unhealthy. */
  fall: z.exactOptional(z.int().check(z.minimum(1), z.maximum(10))),
  statuses: z.exactOptional(z.array(StatusCode).check(z.minLength(1), z.maxLength(50))),
});
export type HealthCheck = z.infer<typeof HealthCheck>;
