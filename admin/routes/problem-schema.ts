/** The body of every "no", as RFC 9457 has it; the type is in config/admin-problems.ts. */
import { z } from "@hono/zod-openapi";
import { adminProblem } from "../../config/admin-problems.ts";
import { REQUEST_ID } from "./examples.ts";
import { AnyObject } from "./schemas.ts";
import { VerdictSchema } from "./verdict-schema.ts";

/** Open, so that a refusal can carry what its code is about. */
export const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    instance: z.string().openapi({ description: "The request id, as in `x-request-id`." }),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string(), code: z.string(), didYouMean: z.string().optional() }))
      .optional(),
    verdicts: z.array(VerdictSchema).optional().openapi({ description: "What every safety rule said of the change." }),
    changes: z
      .object({ documents: z.array(AnyObject), overlays: z.array(AnyObject) })
      .optional()
      .openapi({ description: "What is different since the state that `If-Match` names." }),
    revisions: z
      .array(z.looseObject({ revision: z.int(), author: z.string() }))
      .optional()
      .openapi({ description: "Who made it so." }),
    approval: AnyObject.optional().openapi({ description: "The approval that this is about." }),
  })
  .openapi("Problem", {
    example: adminProblem(
      {
        code: "weightsInvalid",
        detail: "The route has no such region.",
        errors: [
          {
            pointer: "/weights/eu-wset",
            detail: 'There is no region "eu-wset".',
            code: "region.unknown",
            didYouMean: "eu-west",
          },
        ],
      },
      REQUEST_ID,
    ),
  });
