/** A safety rule's verdict as the API answers it; the type is in admin/core/safety/verdict.ts. */
import { z } from "@hono/zod-openapi";

export const VerdictSchema = z
  .object({
    rule: z.string(),
    outcome: z.enum(["pass", "warn", "approve", "deny", "overridden", "notEvaluated"]),
    sentence: z.string().openapi({ description: "What holds or does not, with the numbers in it." }),
    numbers: z
      .record(z.string(), z.union([z.number(), z.string(), z.array(z.string())]))
      .openapi({ description: "The same numbers and names, for programs." }),
    retryAfterMs: z.int().optional().openapi({ description: "When the answer would be another one by itself." }),
  })
  .openapi("Verdict");
