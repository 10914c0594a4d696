/** `/v1/development/...`: breaks objects of the control plane on purpose. Does not exist outside development. */
import { createRoute, z } from "@hono/zod-openapi";
import { unreachable } from "../../config/invariant.ts";
import {
  alertStub,
  beaconStub,
  exportStub,
  fleetStub,
  healthStub,
  proberStub,
  statusStub,
  telemetryRootStub,
} from "../env.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { answers, BODY_CODES } from "./answers.ts";
import { VantageText } from "./health-schemas.ts";
import { jsonRequest, NoQuery } from "./schemas.ts";

const FailBody = z.strictObject({
  object: z.enum(["fleet", "beacon", "prober", "health", "status", "alert", "export", "telemetry"]),
  /** Of beacons and probers: that one only. */
  vantage: VantageText.optional(),
  failing: z.boolean(),
});
const FAIL_EXAMPLE = { object: "beacon" as const, failing: true };
const FailAnswer = FailBody.openapi("FailingObject");

const failRoute = createRoute({
  method: "post",
  path: "/v1/development/fail",
  operationId: "failObject",
  summary: "Make an object throw on every call until it is switched back (development only)",
  hide: true,
  request: { query: NoQuery, body: jsonRequest(FailBody, FAIL_EXAMPLE) },
  responses: answers(FailAnswer, {
    description: "The switch as it is now.",
    example: FAIL_EXAMPLE,
    codes: [...BODY_CODES, "notFound"],
  }),
});

/** Kept out of the description of the API; the app knows them only in development. */
export const DEVELOPMENT_ROUTES = [{ method: failRoute.method, path: failRoute.path }] as const;

export function addDevelopmentRoutes(app: App): void {
  app.openapi(failRoute, async (c) => {
    const { object, vantage: asked, failing } = c.req.valid("json");
    const vantages = asked === undefined ? () => fleetStub(c.env).vantages() : async () => [asked];
    switch (object) {
      case "fleet":
        await fleetStub(c.env).setFailing(failing);
        break;
      case "prober":
        await Promise.all((await vantages()).map((vantage) => proberStub(c.env, vantage).setFailing(failing)));
        break;
      case "beacon":
        await Promise.all((await vantages()).map((vantage) => beaconStub(c.env, vantage).setFailing(failing)));
        break;
      case "health":
        await healthStub(c.env).setFailing(failing);
        break;
      case "status":
        await statusStub(c.env).setFailing(failing);
        break;
      case "alert":
        await alertStub(c.env).setFailing(failing);
        break;
      case "export":
        await exportStub(c.env).setFailing(failing);
        break;
      case "telemetry":
        await telemetryRootStub(c.env).setFailing(failing);
        break;
      default:
        unreachable(object);
    }
    return reply(FailAnswer, c.req.valid("json"));
  });
}
