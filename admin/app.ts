/**
 * The admin API put together: what every request passes through, in order, and the routes. A request meets, one after
 * the other: headers, token, known address, body limits, the route's schemas, the route.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { isDevelopment } from "./env.ts";
import { bearer, sdkKey } from "./http/bearer.ts";
import { jsonBody } from "./http/body.ts";
import type { App, AppEnv } from "./http/context.ts";
import { commonHeaders } from "./http/headers.ts";
import { type KnownRoute, knownRoute } from "./http/known-route.ts";
import { notTooOften, OFREP_PATHS, ofrepBody } from "./http/ofrep.ts";
import { onError, refuse } from "./http/problem.ts";
import { recordRefusals } from "./http/recorded.ts";
import { onValidation } from "./http/validation.ts";
import { addAlertRoutes } from "./routes/alerts.ts";
import { addApprovalRoutes } from "./routes/approvals.ts";
import { addAuditRoutes } from "./routes/audit.ts";
import { addBackupRoutes } from "./routes/backup.ts";
import { addBatchRoutes } from "./routes/batch.ts";
import { addDebugTokenRoutes } from "./routes/debug-tokens.ts";
import { addDeletedRoutes } from "./routes/deleted.ts";
import { addDeliveryRoutes } from "./routes/delivery.ts";
import { addDevelopmentRoutes, DEVELOPMENT_ROUTES } from "./routes/development.ts";
import { addDrainRoutes } from "./routes/drains.ts";
import { addDriftRoutes } from "./routes/drift.ts";
import { addEventRoutes } from "./routes/events.ts";
import { addExplainRoutes } from "./routes/explain.ts";
import { addFlagRoutes } from "./routes/flags.ts";
import { addFleetRoutes } from "./routes/fleet.ts";
import { addGuardRoutes } from "./routes/guards.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addIncidentRoutes } from "./routes/incidents.ts";
import { addMetricsRoute } from "./routes/metrics.ts";
import { addObjectiveRoutes } from "./routes/objectives.ts";
import { addOfrepRoutes } from "./routes/ofrep.ts";
import { addPreflightRoutes } from "./routes/preflight.ts";
import { addProblemRoutes } from "./routes/problems.ts";
import { addPropagationRoutes } from "./routes/propagation.ts";
import { addRestoreRoutes } from "./routes/restore.ts";
import { addRevisionRoutes } from "./routes/revisions.ts";
import { addSecretRoutes } from "./routes/secrets.ts";
import { addServiceRoutes } from "./routes/service.ts";
import { addSimulateRoutes } from "./routes/simulate.ts";
import { addStatusRoutes } from "./routes/status.ts";
import { addTelemetryRoutes } from "./routes/telemetry.ts";
import { addTimelineRoutes } from "./routes/timeline.ts";
import { addWebhookRoutes } from "./routes/webhooks.ts";
import { addWeightRoutes } from "./routes/weights.ts";

export function createApp(): App {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: onValidation });
  app.onError(onError);
  app.notFound((c) => refuse(c, { code: "notFound", detail: "The list of addresses is /openapi.json." }));

  app.use(commonHeaders);
  // The token comes before the address, so that nobody without one can learn what exists.
  app.use("/v1/*", bearer("read"));
  app.use("/v1/*", recordRefusals);
  app.use(OFREP_PATHS, sdkKey);
  app.use(OFREP_PATHS, notTooOften);
  app.use(knownRoute((env) => [...documentedRoutes(app), ...(isDevelopment(env) ? DEVELOPMENT_ROUTES : [])]));
  app.use(jsonBody);
  app.use(OFREP_PATHS, ofrepBody);

  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  addServiceRoutes(app);
  addProblemRoutes(app);
  addFleetRoutes(app);
  addWeightRoutes(app);
  addDrainRoutes(app);
  addFlagRoutes(app);
  addOfrepRoutes(app);
  addRevisionRoutes(app);
  addRestoreRoutes(app);
  addDeletedRoutes(app);
  addBatchRoutes(app);
  addSimulateRoutes(app);
  addPreflightRoutes(app);
  addApprovalRoutes(app);
  addGuardRoutes(app);
  addIncidentRoutes(app);
  addObjectiveRoutes(app);
  addAlertRoutes(app);
  addWebhookRoutes(app);
  addExplainRoutes(app);
  addHealthRoutes(app);
  addEventRoutes(app);
  addStatusRoutes(app);
  addDriftRoutes(app);
  addSecretRoutes(app);
  addPropagationRoutes(app);
  addTelemetryRoutes(app);
  addMetricsRoute(app);
  addTimelineRoutes(app);
  addDeliveryRoutes(app);
  addDebugTokenRoutes(app);
  addAuditRoutes(app);
  addBackupRoutes(app);
  addDevelopmentRoutes(app);
  return app;
}

function documentedRoutes(app: App): readonly KnownRoute[] {
  return app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === "route" ? [{ method: definition.route.method, path: definition.route.path }] : [],
  );
}
