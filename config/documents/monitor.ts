/** Kind Monitor: several probes that together say how a cluster is. */
import * as z from "zod/mini";
import { Name, ServiceName } from "../ids.ts";
import { envelope } from "./envelope.ts";
import { HealthCheck } from "./health-check.ts";

/** One of several probes that together say how a cluster is. */
export const MonitorCheck = z.strictObject({
  name: Name,
  /** `mustPass` alone decides when it fails; of those that are `voting` more than half must pass; `observe` only shows. */
  role: z.enum(["mustPass", "voting", "observe"]),
  check: HealthCheck,
});
export type MonitorCheck = z.infer<typeof MonitorCheck>;

/** In the place of the single health check of a service, for every cluster of it. */
export const MonitorSpec = z.strictObject({
  service: ServiceName,
  checks: z.array(MonitorCheck).check(z.minLength(1), z.maxLength(10)),
});
export const MonitorDocument = envelope("Monitor", Name, MonitorSpec);
export type MonitorDocument = z.infer<typeof MonitorDocument>;
