/** What lets anybody check the audit log without trusting who keeps it: proofs, and the signed checkpoints they are for. */
import { createRoute, z } from "@hono/zod-openapi";
import { fleetStub } from "../env.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { reply } from "../http/reply.ts";
import { answers } from "./answers.ts";
import { auditReader } from "./audit-reader.ts";
import {
  CheckpointSchema,
  ConsistencySchema,
  HASH,
  InclusionSchema,
  IndexText,
  KEY_EXAMPLE,
  LEAF_INDEX,
  NOTE_EXAMPLE,
  ROOT,
} from "./audit-schemas.ts";
import { AT_MS } from "./examples.ts";
import { NoQuery, NumberText } from "./schemas.ts";

const SIZE = LEAF_INDEX + 1;

const inclusionRoute = createRoute({
  method: "get",
  path: "/v1/audit/{index}/proof",
  operationId: "proveAuditEntry",
  tags: ["audit"],
  summary: "Prove that an entry is in the log",
  description: "By the root of the tree of `size`, for which the size of a checkpoint is the one to take.",
  middleware: [auditReader] as const,
  request: {
    params: z.object({ index: IndexText }),
    query: z.strictObject({
      size: NumberText.optional().openapi({ description: "The whole log when absent.", example: String(SIZE) }),
    }),
  },
  responses: answers(InclusionSchema, {
    description: "The proof.",
    example: { index: LEAF_INDEX, size: SIZE, leafHash: HASH, root: ROOT, proof: [HASH] },
    codes: ["auditUnknown"],
  }),
});

const consistencyRoute = createRoute({
  method: "get",
  path: "/v1/audit/consistency",
  operationId: "proveAuditConsistency",
  tags: ["audit"],
  summary: "Prove that the log was only appended to",
  description: "That the tree of size `to` begins with all of the tree of size `from`.",
  middleware: [auditReader] as const,
  request: {
    query: z.strictObject({
      from: NumberText.openapi({ description: "Of a checkpoint kept from before.", example: String(SIZE - 8) }),
      to: NumberText.openapi({ description: "Of a later one.", example: String(SIZE) }),
    }),
  },
  responses: answers(ConsistencySchema, {
    description: "The proof.",
    example: { from: SIZE - 8, to: SIZE, fromRoot: HASH, toRoot: ROOT, proof: [HASH] },
  }),
});

const checkpointRoute = createRoute({
  method: "get",
  path: "/v1/audit/checkpoint",
  operationId: "readAuditCheckpoint",
  tags: ["audit"],
  summary: "Read the newest checkpoint",
  description: "The last signed state of the log: at most a minute, or 256 entries, behind.",
  middleware: [auditReader] as const,
  request: { query: NoQuery },
  responses: answers(CheckpointSchema, {
    description: "The checkpoint.",
    example: { size: SIZE, root: ROOT, atMs: AT_MS, note: NOTE_EXAMPLE, keys: [KEY_EXAMPLE] },
    codes: ["auditUnknown"],
  }),
});

export function addAuditProofRoutes(app: App): void {
  app.openapi(inclusionRoute, async (c) => {
    const { size } = c.req.valid("query");
    const index = Number(c.req.valid("param").index);
    const proof = await fleetStub(c.env).auditInclusion(index, size === undefined ? undefined : Number(size));
    if (proof !== undefined) return reply(InclusionSchema, proof);
    if (size === undefined) return refuse(c, { code: "auditUnknown", detail: "The log has no entry of that index." });
    const detail = `The log has no tree of size ${size} with an entry ${index} in it.`;
    return refuse(c, {
      ...{ code: "parameterInvalid", detail },
      errors: [{ pointer: "/size", detail, code: "audit.size" }],
    });
  });

  app.openapi(consistencyRoute, async (c) => {
    const { from, to } = c.req.valid("query");
    const proof = await fleetStub(c.env).auditConsistency(Number(from), Number(to));
    if (proof !== undefined) return reply(ConsistencySchema, proof);
    const detail = `The log has no tree of size ${to} that goes on from one of size ${from}.`;
    return refuse(c, {
      ...{ code: "parameterInvalid", detail },
      errors: [{ pointer: "/to", detail, code: "audit.size" }],
    });
  });

  app.openapi(checkpointRoute, async (c) => {
    const checkpoint = await fleetStub(c.env).auditCheckpoint();
    if (checkpoint !== undefined) return reply(CheckpointSchema, checkpoint);
    return refuse(c, { code: "auditUnknown", detail: "No checkpoint has been signed yet." });
  });
}
