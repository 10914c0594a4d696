/** `/v1/backup`: the whole of an environment as lines of JSON, and an empty environment filled from them. */
import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { type Duty, may } from "../core/authority/principal.ts";
import { forbidden } from "../core/commit/preconditions.ts";
import { fleetStub } from "../env.ts";
import { type App, type AppEnv, askerOf } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { markRecorded } from "../http/recorded.ts";
import { reply } from "../http/reply.ts";
import { BACKUP_FORMAT, BACKUP_MEDIA_TYPE, endLine, headerLine, rowLine } from "../store/backup-format.ts";
import { answers, OPEN_CODES, okAnswer, problemAnswers } from "./answers.ts";
import { AT_MS, DIGEST, REVISION } from "./examples.ts";
import { NoQuery } from "./schemas.ts";

const MEDIA_TYPE_PATTERN = /^application\/x-ndjson\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

const EXAMPLE = [
  headerLine({
    ...{ format: BACKUP_FORMAT, version: "0.1.0", environment: "production", migrations: 5 },
    ...{ exportedAtMs: AT_MS, revision: REVISION },
  }),
  rowLine({ table: "publishing", row: { id: 1, released_revision: REVISION, vantage: null } }),
  endLine({ rows: 1, digest: DIGEST }),
].join("");

const Lines = z.string().openapi({
  description:
    "A line that says what it is, one for each row, and one with the number of rows and the SHA-256 of all lines before.",
});

const RestoredAnswer = z
  .object({
    revision: z.int().openapi({ description: "The target now." }),
    rows: z.int(),
    digest: z.string().openapi({ description: "Of the backup, as its last line says it." }),
    exportedAtMs: z.int(),
    leavesReplaced: z.int().openapi({
      description: "Refused requests that were in the audit log before; the log of the backup replaces it.",
    }),
    audit: z.object({ index: z.int() }).openapi({ description: "The leaf in the audit log." }),
  })
  .openapi("RestoredBackup");

const exportRoute = createRoute({
  method: "get",
  path: "/v1/backup",
  operationId: "exportBackup",
  tags: ["backup"],
  summary: "Export a backup",
  description:
    "Everything that the control plane keeps of this environment, as it is at this moment, as newline-delimited JSON. It holds the names of people. A file without its last line is not whole.",
  middleware: [needs("backup.read")] as const,
  request: { query: NoQuery },
  responses: {
    ...problemAnswers([...OPEN_CODES, "unauthenticated", "forbidden", "unavailable"]),
    200: okAnswer(BACKUP_MEDIA_TYPE, Lines, { description: "The backup.", example: EXAMPLE }),
  },
});

const restoreRoute = createRoute({
  method: "post",
  path: "/v1/backup/restore",
  operationId: "restoreBackup",
  tags: ["backup"],
  summary: "Restore a backup",
  description:
    "Fills an environment in which nothing was ever done, of the name that the backup is of: all of it, or nothing. Meanwhile the environment answers nobody. Edges take no revision that is older than what they serve: after the restore of an old backup they go on with what they have until there are newer ones.",
  middleware: [needs("backup.restore")] as const,
  request: {
    query: NoQuery,
    body: { content: { [BACKUP_MEDIA_TYPE]: { schema: Lines, example: EXAMPLE } }, required: true },
  },
  responses: answers(RestoredAnswer, {
    description: "What was restored.",
    example: {
      ...{ revision: REVISION, rows: 4_711, digest: DIGEST, exportedAtMs: AT_MS, leavesReplaced: 2 },
      audit: { index: 41 },
    },
    codes: ["backupInvalid", "environmentNotEmpty", "bodyTooLarge", "bodyTimeout", "contentTypeUnsupported"],
  }),
});

export function addBackupRoutes(app: App): void {
  app.openapi(exportRoute, async (c) => {
    const lines = await fleetStub(c.env).exportBackup(askerOf(c));
    return new Response(lines, { headers: { "content-type": BACKUP_MEDIA_TYPE } });
  });

  app.openapi(restoreRoute, async (c) => {
    const type = c.req.header("content-type");
    const coding = c.req.header("content-encoding")?.toLowerCase() ?? "identity";
    const { body } = c.req.raw;
    if (type === undefined || !MEDIA_TYPE_PATTERN.test(type) || coding !== "identity" || body === null)
      return refuse(c, {
        code: "contentTypeUnsupported",
        detail: `Send the backup with \`content-type: ${BACKUP_MEDIA_TYPE}\`, without content coding.`,
      });
    const restored = await fleetStub(c.env).restoreBackup(body, askerOf(c));
    // Not so when it is refused: the object has nothing to enter that into before it knows that the backup is good.
    if (!restored.ok) return refuse(c, restored.error);
    markRecorded(c);
    const { auditIndex, ...answer } = restored.value;
    return reply(RestoredAnswer, { ...answer, audit: { index: auditIndex } });
  });
}

function needs(duty: Duty) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const principal = c.get("principal");
    return may(principal, duty) ? next() : refuse(c, forbidden(principal, [duty]));
  });
}
