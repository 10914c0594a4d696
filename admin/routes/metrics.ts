/** `/metrics`: everything that is counted and measured, for Prometheus and whoever speaks its language. */
import { createRoute, z } from "@hono/zod-openapi";
import { chooseFormat } from "../core/metrics/accept.ts";
import { familiesOf } from "../core/metrics/families.ts";
import { CONTENT_TYPES, writeText } from "../core/metrics/text.ts";
import type { AdminEnv } from "../env.ts";
import { bearer } from "../http/bearer.ts";
import type { App } from "../http/context.ts";
import { MetricsCollector } from "../objects/metrics-collector.ts";
import { OPEN_CODES, okAnswer, problemAnswers } from "./answers.ts";
import { NoQuery } from "./schemas.ts";

const EXAMPLE = [
  "# HELP edge_region_healthy 0 when ... every cluster of the service in the region is down ...",
  "# TYPE edge_region_healthy gauge",
  'edge_region_healthy{region="eu-west",service="web"} 1',
].join("\n");

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "readMetrics",
  tags: ["metrics"],
  summary: "Read metrics",
  description:
    "Prometheus text 0.0.4, or OpenMetrics 1.0 for who names it in `Accept`. Needs a token, of the role `scraper` at least. A part of the control plane that does not answer leaves out its own metrics, and `edge_scrape_source_up` names it. `edge_series_omitted` says what there was no room for.",
  middleware: [bearer("metrics.read")] as const,
  request: { query: NoQuery },
  responses: {
    ...problemAnswers([...OPEN_CODES, "unauthenticated", "forbidden"]),
    200: metricsAnswer(),
  },
});

function metricsAnswer() {
  const { description, headers, content } = okAnswer("text/plain", z.string(), {
    description: "The metrics of this moment.",
    example: `${EXAMPLE}\n`,
  });
  const openMetrics = { schema: z.string(), example: `${EXAMPLE}\n# EOF\n` };
  return { description, headers, content: { ...content, "application/openmetrics-text": openMetrics } };
}

/** One an isolate, so that what a revision looks like is sent to each once. */
const collectors = new WeakMap<AdminEnv, MetricsCollector>();

export function addMetricsRoute(app: App): void {
  app.openapi(metricsRoute, async (c) => {
    const collector = collectors.get(c.env) ?? new MetricsCollector(c.env);
    collectors.set(c.env, collector);
    const format = chooseFormat(c.req.header("accept"));
    const text = writeText(familiesOf(await collector.collect()), format);
    return c.body(text, 200, { "content-type": CONTENT_TYPES[format], vary: "accept" });
  });
}
