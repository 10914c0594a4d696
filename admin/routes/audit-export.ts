/** `/v1/audit/export`: the whole log as lines of JSON, for keeping elsewhere and for `npm run audit -- verify`. */
import { createRoute, z } from "@hono/zod-openapi";
import { type AdminEnv, fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import type { AuditExportPage } from "../objects/audit-export.ts";
import { OPEN_CODES, okAnswer, problemAnswers } from "./answers.ts";
import { auditReader } from "./audit-reader.ts";
import { HASH, IndexText, KEY_EXAMPLE, LEAF_EXAMPLE, LEAF_INDEX, NOTE_EXAMPLE } from "./audit-schemas.ts";

/** Some hundred kilobytes: what the Worker holds of the log at a time. */
const PAGE_LEAVES = 500;

const NDJSON = "application/x-ndjson";

const EXAMPLE = [
  { type: "log", version: 1, origin: "fairlead.dev/audit/production", key: KEY_EXAMPLE },
  { type: "leaf", index: LEAF_INDEX, leaf: JSON.stringify({ ...LEAF_EXAMPLE, previous: HASH }) },
  { type: "checkpoint", note: NOTE_EXAMPLE },
];

const Lines = z.string().openapi({
  description: "A line for what log it is, for each leaf, and for each checkpoint behind the leaves that it covers.",
});

const exportRoute = createRoute({
  method: "get",
  path: "/v1/audit/export",
  operationId: "exportAuditLog",
  tags: ["audit"],
  summary: "Export the log",
  description:
    "Newline-delimited JSON, in order, as it streams from storage. What was exported before can be continued: the lines from the next index on are appended to the file.",
  middleware: [auditReader] as const,
  request: {
    query: z.strictObject({
      from: IndexText.optional().openapi({ description: "The first entry to export; 0 when absent.", example: "0" }),
    }),
  },
  responses: {
    ...problemAnswers([...OPEN_CODES, "unauthenticated", "forbidden", "unavailable"]),
    200: okAnswer(NDJSON, Lines, {
      description: "The log.",
      example: textOf(EXAMPLE.map((line) => JSON.stringify(line))),
    }),
  },
});

export function addAuditExportRoute(app: App): void {
  app.openapi(exportRoute, async (c) => {
    // The first page is read before anything is answered, so that a failure is still a problem and not half a file.
    const first = await fleetStub(c.env).auditExport(Number(c.req.valid("query").from ?? 0), PAGE_LEAVES);
    return new Response(streamOf(first, c.env), { headers: { "content-type": NDJSON } });
  });
}

/** A page at a time: the next one is asked for when the reader has taken the one before. */
function streamOf(first: AuditExportPage, env: AdminEnv): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let page = first;
  return new ReadableStream({
    async pull(controller) {
      const { lines, next } = page;
      if (lines.length > 0) controller.enqueue(encoder.encode(textOf(lines)));
      if (next === undefined) return controller.close();
      page = await fleetStub(env).auditExport(next, PAGE_LEAVES);
    },
  });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
