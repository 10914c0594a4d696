/**
 * The admin Worker's telemetry objects as they are, without the rest of it: the edge of the chaos runs reports to them,
 * and a socket of its own says what the root has counted.
 */
import { type AdminEnv, telemetryRootStub } from "../../../admin/env.ts";

export { TelemetryObject } from "../../../admin/objects/telemetry-object.ts";
export { TelemetryRoot } from "../../../admin/objects/telemetry-root.ts";

export default {
  fetch: async (_request, env) => {
    const root = telemetryRootStub(env);
    return Response.json({ totals: await root.totals(), summary: await root.summary() });
  },
} satisfies ExportedHandler<AdminEnv>;
