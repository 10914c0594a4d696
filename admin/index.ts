/** The admin Worker: the API in front, the objects of the control plane behind it. */
import { createApp } from "./app.ts";
import type { AdminEnv } from "./env.ts";

export { AlertObject } from "./objects/alert-object.ts";
export { BeaconObject } from "./objects/beacon-object.ts";
export { ExportObject } from "./objects/export-object.ts";
export { FleetObject } from "./objects/fleet-object.ts";
export { HealthObject } from "./objects/health-object.ts";
export { ProberObject } from "./objects/prober-object.ts";
export { StatusObject } from "./objects/status-object.ts";
export { TelemetryObject } from "./objects/telemetry-object.ts";
export { TelemetryRoot } from "./objects/telemetry-root.ts";

const app = createApp();

export default { fetch: app.fetch } satisfies ExportedHandler<AdminEnv>;
