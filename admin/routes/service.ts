/** What needs no token: an index, whether the Worker runs, which release it is, and the description of the API. */
import { createRoute, z } from "@hono/zod-openapi";
import { VERSION } from "../../config/release-version.ts";
import type { App } from "../http/context.ts";
import { reply } from "../http/reply.ts";
import { ANSWER_HEADERS, OPEN_CODES, okAnswer, problemAnswers, type Success } from "./answers.ts";
import { AnyObject, NoQuery } from "./schemas.ts";
import { TAGS } from "./tags.ts";

const INDEX = `Fairlead admin ${VERSION}

/openapi.json   what can be asked here (OpenAPI 3.1)
/healthz        whether this Worker runs
/version        which release it is
/problems/...   what an error means and how to fix it
/metrics        for Prometheus; needs a bearer token, of the role scraper at least
/v1/...         needs a bearer token
/ofrep/v1/...   flags for SDKs of OpenFeature; needs a token or key
`;

const HealthzAnswer = z.object({ status: z.literal("ok") }).openapi("Healthz");
const VersionAnswer = z
  .object({ name: z.literal("fairlead"), version: z.string(), environment: z.string() })
  .openapi("Version");

const DescriptionAnswer = z.looseObject({ openapi: z.string(), info: AnyObject, paths: AnyObject }).openapi("OpenApi");

const open = { tags: ["service"], security: [], request: { query: NoQuery } };

const openAnswers = <S extends z.ZodType>(schema: S, success: Success<z.input<S>>, mediaType = "application/json") => ({
  200: okAnswer(mediaType, schema, success),
  ...problemAnswers(OPEN_CODES),
});

const indexRoute = createRoute({
  method: "get",
  path: "/",
  operationId: "readIndex",
  summary: "Read the index",
  description: "Where to look for what.",
  ...open,
  responses: openAnswers(z.string(), { description: "A few lines of text.", example: INDEX }, "text/plain"),
});

const healthzRoute = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "readHealthz",
  summary: "Check that the Worker runs",
  description: "Whether this Worker runs; asks nothing behind it.",
  ...open,
  responses: openAnswers(HealthzAnswer, { description: "It runs.", example: { status: "ok" } }),
});

const versionRoute = createRoute({
  method: "get",
  path: "/version",
  operationId: "readVersion",
  summary: "Read the version",
  description: "Which release this is, and of which environment it is the control plane.",
  ...open,
  responses: openAnswers(VersionAnswer, {
    description: "The release and the environment.",
    example: { name: "fairlead", version: VERSION, environment: "production" },
  }),
});

const openapiRoute = createRoute({
  method: "get",
  path: "/openapi.json",
  operationId: "readOpenApi",
  summary: "Read this description",
  description: "The description of the whole API, for people, generators and contract tests.",
  ...open,
  responses: openAnswers(DescriptionAnswer, {
    description: "OpenAPI 3.1.",
    example: { openapi: "3.1.0", info: { title: "Fairlead admin", version: VERSION }, paths: {} },
  }),
});

export function addServiceRoutes(app: App): void {
  for (const [name, header] of Object.entries(ANSWER_HEADERS))
    app.openAPIRegistry.registerComponent("headers", name, header);
  app.openapi(indexRoute, (c) => c.text(INDEX));
  app.openapi(healthzRoute, () => reply(HealthzAnswer, { status: "ok" }));
  app.openapi(versionRoute, (c) =>
    reply(VersionAnswer, { name: "fairlead", version: VERSION, environment: c.env.ENVIRONMENT }),
  );
  app.openapi(openapiRoute, (c) => Response.json(describe(app, new URL(c.req.url).origin)));
}

/** `origin` is where it was asked for: the operations are there too. */
function describe(app: App, origin: string) {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Fairlead admin",
      version: VERSION,
      description: "The control plane of Fairlead: declare a fleet, shift weights, drain, explain.",
      contact: { name: "Whoever operates this environment" },
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: origin, description: "This control plane." }],
    tags: tagsInUse(app),
    security: [{ bearer: [] }],
  });
}

function tagsInUse(app: App) {
  const used = app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === "route" ? (definition.route.tags ?? []) : [],
  );
  return TAGS.filter(({ name }) => used.includes(name));
}
