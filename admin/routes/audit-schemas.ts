/** The audit log as the API describes it: leaves, proofs and checkpoints, with examples from one story. */
import { z } from "@hono/zod-openapi";
import { AT_MS, DIGEST, REQUEST_ID, REVISION } from "./examples.ts";

export const HASH = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56";
export const ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
export const SUBJECT = `sha256:${HASH}`;
export const LEAF_INDEX = 41;

/** An index in a path or a query: from 0, and more digits than this cannot be one. */
export const IndexText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,14})$/, "must be 0 or a positive integer")
  .openapi({ description: "The index of an entry.", example: String(LEAF_INDEX) });

const Hash = z.string().openapi({ description: "SHA-256 in hex.", pattern: "^[0-9a-f]{64}$" });

const LeafState = z.object({ revision: z.int(), digest: z.string() });

const LeafSchema = z
  .object({
    version: z.literal(1),
    index: z.int().openapi({ description: "From 0, without gaps." }),
    previous: Hash.openapi({ description: "The hash of the leaf before; 64 zeros in the first." }),
    atMs: z.int(),
    environment: z.string(),
    request: z.string().openapi({ description: "As in `x-request-id`; `alarm` for what nobody asked for." }),
    actor: z.object({
      subject: z.string().openapi({ description: "Salted hash of the name; `nobody` without a valid token." }),
      kind: z.enum(["person", "machine", "system", "unauthenticated"]),
      roles: z.array(z.string()),
    }),
    action: z.string(),
    outcome: z.enum(["committed", "unchanged", "planned", "pending", "refused", "replayed", "done"]),
    resource: z.string().optional(),
    reason: z.string().optional(),
    ticket: z.string().optional(),
    before: LeafState.optional(),
    after: LeafState.optional(),
    decisions: z.array(z.object({ rule: z.string(), outcome: z.string() })).optional(),
    problem: z.string().optional().openapi({ description: "The code of the refusal." }),
    requests: z.int().optional().openapi({ description: "How many requests it stands for; one when absent." }),
  })
  .openapi("AuditLeaf");

export const LEAF_EXAMPLE = {
  ...{ version: 1, index: LEAF_INDEX, previous: HASH, atMs: AT_MS, environment: "production", request: REQUEST_ID },
  actor: { subject: SUBJECT, kind: "person", roles: ["operator"] },
  ...{ action: "region.drain", outcome: "committed", resource: "region/eu-west" },
  ...{ reason: "planned maintenance", ticket: "OPS-1234" },
  before: { revision: REVISION - 1, digest: DIGEST },
  after: { revision: REVISION, digest: DIGEST },
  decisions: [{ rule: "capacity", outcome: "pass" }],
} satisfies z.input<typeof LeafSchema>;

export const EntrySchema = z
  .object({
    index: z.int(),
    hash: Hash.openapi({ description: "RFC 9162 leaf hash, in hex." }),
    name: z
      .string()
      .optional()
      .openapi({ description: "Who the subject is; absent for nobody, and for whoever was erased." }),
    leaf: LeafSchema,
  })
  .openapi("AuditEntry");

export const ENTRY_EXAMPLE = { index: LEAF_INDEX, hash: HASH, name: "alex", leaf: LEAF_EXAMPLE };

export const EntryWithText = EntrySchema.extend({
  text: z.string().openapi({ description: "Exactly what was hashed: the leaf as canonical JSON (RFC 8785)." }),
}).openapi("AuditEntryWithText");

export const EntryList = z
  .object({
    entries: z.array(EntrySchema),
    nextCursor: z.string().optional().openapi({ description: "Absent on the last page." }),
  })
  .openapi("AuditEntryList");

export const InclusionSchema = z
  .object({
    index: z.int(),
    size: z.int().openapi({ description: "Of the tree that the proof is for." }),
    leafHash: Hash,
    root: Hash.openapi({ description: "To be compared with that of a checkpoint of the same size." }),
    proof: z.array(Hash).openapi({ description: "From the leaf upwards, as RFC 9162 §2.1.3 has it." }),
  })
  .openapi("AuditInclusionProof");

export const ConsistencySchema = z
  .object({
    from: z.int(),
    to: z.int(),
    fromRoot: Hash,
    toRoot: Hash,
    proof: z.array(Hash).openapi({ description: "As RFC 9162 §2.1.4 has it." }),
  })
  .openapi("AuditConsistencyProof");

export const CheckpointSchema = z
  .object({
    size: z.int().openapi({ description: "How many leaves it covers." }),
    root: Hash,
    atMs: z.int(),
    note: z.string().openapi({ description: "c2sp.org/tlog-checkpoint, signed. Keep it: it pins what the log was." }),
    keys: z.array(z.string()).openapi({
      description: "Verifier keys of all that ever signed, oldest first; compare them with those you know.",
    }),
  })
  .openapi("AuditCheckpoint");

export const NOTE_EXAMPLE = [
  "fairlead.dev/audit/production",
  "42",
  "XcnaeacGWamtVZy3AdnaoqudgjqtL0lgz+Nw7/RgQyg=",
  "",
  "— fairlead.dev/audit/production x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
  "",
].join("\n");

export const KEY_EXAMPLE = "fairlead.dev/audit/production+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

export const EraseAnswer = z
  .object({
    subject: z.string(),
    changed: z.boolean().openapi({ description: "False when the name was forgotten before." }),
    audit: z.object({ index: z.int() }).openapi({ description: "The leaf that tells of the erasure." }),
  })
  .openapi("AuditErasure");
