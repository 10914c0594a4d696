/**
 * The bodies of changes, one for each kind, as routes and batches take them. A route knows from its path what a batch has
 * to be told in `kind` and `name`; the fields beside that are the same.
 */
import { z } from "@hono/zod-openapi";
import { DOCUMENTS_MAX, REGIONS_MAX, WEIGHT_MAX } from "../../config/limits.ts";
import { SECRET_SENTENCES, SecretVersion } from "../../config/secret-version.ts";
import type { SingleMutation } from "../core/changes/mutation.ts";
import { AnyObject, DurationText, NameText, ReasonText, TicketText, withoutUndefined } from "./schemas.ts";

const NOT_EMPTY = "must not be empty: leave it out instead";

const why = { reason: ReasonText, ticket: TicketText.optional() };

const owned = {
  managedBy: NameText.optional().openapi({
    description: "On whose behalf; `ci` or `people` when absent.",
    example: "ci",
  }),
  takeOver: z.boolean().optional().openapi({ description: "Change it although somebody else manages it." }),
};

const expiresIn = (what: string) =>
  DurationText.optional().openapi({ description: `When the ${what} ends by itself.`, example: "4h" });

export const Documents = z
  .array(AnyObject)
  .max(DOCUMENTS_MAX)
  .openapi({ description: "Documents as in config/schema; each is checked by its kind." });

export const ApplyFields = z.strictObject({
  documents: Documents,
  clear: z
    .array(z.string().max(200))
    .min(1, NOT_EMPTY)
    .optional()
    .openapi({
      description: "Keys of live overlays to end with this change; all others stay.",
      example: ["weightShift/web/europe"],
    }),
  ...owned,
  reason: ReasonText.optional(),
  ticket: TicketText.optional(),
});

export const ShiftFields = z.strictObject({
  route: NameText.openapi({ example: "web" }),
  rule: NameText.openapi({ example: "europe", description: "The name of a steering rule, or `default`." }),
  weights: z
    .record(NameText, z.int().min(0).max(WEIGHT_MAX))
    .refine((weights) => Object.keys(weights).length > 0, "must name at least one region")
    .refine((weights) => Object.keys(weights).length <= REGIONS_MAX, `must name at most ${REGIONS_MAX} regions`)
    .openapi({ example: { "eu-west": 80, "us-east": 20 } }),
  ...why,
  ...owned,
});

export const DrainFields = z.strictObject({
  ...why,
  mode: z
    .enum(["graceful", "immediate"])
    .default("graceful")
    .openapi({ description: "`graceful` lets bound clients stay until the deadline." }),
  deadline: DurationText.optional().openapi({ description: "How long bound clients may stay.", example: "15m" }),
  expiresIn: expiresIn("drain"),
  ...owned,
});

export const UndrainFields = z.strictObject({ ...why, ...owned });

const ofRegion = NameText.optional().openapi({
  description: "Only in this region; everywhere when absent. DISABLED everywhere holds in every region.",
  example: "eu-west",
});

export const SwitchFields = z.strictObject({
  region: ofRegion,
  state: z.enum(["ENABLED", "DISABLED"]),
  expiresIn: DurationText.optional().openapi({
    description: "When the switch ends by itself; it stays when absent.",
    example: "2h",
  }),
  ...why,
  ...owned,
});

export const ReleaseFields = z.strictObject({ region: ofRegion, ...why, ...owned });

export const FreezeFields = z.strictObject({
  name: NameText.openapi({ example: "black-friday" }),
  regions: z.array(NameText).min(1, NOT_EMPTY).max(REGIONS_MAX).optional(),
  routes: z.array(NameText).min(1, NOT_EMPTY).max(1_000).optional(),
  expiresIn: expiresIn("freeze"),
  ...why,
});

export const OverrideFields = z.strictObject({
  name: NameText.openapi({ example: "region-lost" }),
  rules: z
    .array(z.string().min(1).max(100))
    .min(1, "must name at least one rule")
    .max(50)
    .openapi({ description: "As in the verdicts of a plan.", example: ["stepMax", "assertion/two-regions"] }),
  expiresIn: expiresIn("override"),
  ...why,
});

export const LiftFields = z.strictObject(why);

/** An id, never the value: what looks like one is refused by the rules of config/secret-version.ts, and not repeated. */
const versionOf = (description: string) =>
  z
    .string()
    .max(1_000)
    .check((context) => {
      const [issue] = SecretVersion.safeParse(context.value).error?.issues ?? [];
      // Without the input, so that nothing that passes issues on can show it.
      if (issue !== undefined) context.issues.push({ code: "custom", message: sentenceOf(issue), input: undefined });
    })
    .optional()
    .openapi({ description, example: "v2" });

/** The library's own words for what has no sentence of ours: an empty text. */
function sentenceOf({ message }: { readonly message: string }): string {
  return SECRET_SENTENCES.has(message) ? message : "must be the id of a version";
}

const ofService = NameText.optional().openapi({
  description: "Only the clusters of this service; all that have the secret when absent.",
  example: "web",
});

export const RotateFields = z.strictObject({
  version: versionOf("The id of the new version; that of the rotation under way when absent. Never the value."),
  stage: z.enum(["introduced", "active"]).default("active").openapi({
    description:
      "`introduced`: clusters are given the new version and go on using the old one. `active`: they use it from now on, which is refused until all that serve can read it.",
  }),
  service: ofService,
  ...why,
  ...owned,
});

export const RevokeFields = z.strictObject({
  version: versionOf("The id of the version that is over: the old one when absent. Never the value."),
  service: ofService,
  ...why,
  ...owned,
});

export const CompromiseFields = z.strictObject({
  version: versionOf("The id of the version that somebody else may know: the one in use when absent. Never the value."),
  service: ofService,
  ...why,
});

export const RestoreFields = z.strictObject({
  only: z
    .array(z.string().min(3).max(200))
    .min(1, NOT_EMPTY)
    .max(DOCUMENTS_MAX)
    .optional()
    .openapi({ description: "Only these documents; all of them when absent.", example: ["Cluster/eu-west-blue"] }),
  overlays: z
    .enum(["keep", "restore"])
    .default("keep")
    .openapi({ description: "`restore` also brings back the overlays of then that are still in force." }),
  ...why,
});

const Target = z.strictObject({ kind: z.enum(["region", "cluster"]), name: NameText });

/** One change of a batch: the fields of its own route, and what the route's path would have said. */
export const MutationBody = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("apply"), ...ApplyFields.shape }),
  z.strictObject({ kind: z.literal("shiftWeights"), ...ShiftFields.shape }),
  z.strictObject({ kind: z.literal("drain"), target: Target, ...DrainFields.shape }),
  z.strictObject({ kind: z.literal("undrain"), target: Target, ...UndrainFields.shape }),
  z.strictObject({ kind: z.literal("switchFlag"), flag: NameText, ...SwitchFields.shape }),
  z.strictObject({ kind: z.literal("releaseFlag"), flag: NameText, ...ReleaseFields.shape }),
  z.strictObject({ kind: z.literal("freeze"), ...FreezeFields.shape }),
  z.strictObject({ kind: z.literal("liftFreeze"), name: NameText, ...LiftFields.shape }),
  z.strictObject({ kind: z.literal("override"), ...OverrideFields.shape }),
  z.strictObject({ kind: z.literal("liftOverride"), name: NameText, ...LiftFields.shape }),
  z.strictObject({ kind: z.literal("rotateSecret"), secret: NameText, ...RotateFields.shape }),
  z.strictObject({ kind: z.literal("revokeSecret"), secret: NameText, ...RevokeFields.shape }),
  z.strictObject({ kind: z.literal("compromiseSecret"), secret: NameText, ...CompromiseFields.shape }),
  z.strictObject({ kind: z.literal("restore"), revision: z.int().min(1), ...RestoreFields.shape }),
]);

/** What the schemas let through, as the control plane takes it: durations by their unit, and nothing undefined. */
export function mutationOf(body: z.output<typeof MutationBody>): SingleMutation {
  switch (body.kind) {
    case "drain": {
      const { deadline, expiresIn: lasts, ...rest } = withoutUndefined(body);
      return {
        ...rest,
        ...(deadline === undefined ? {} : { deadlineMs: deadline }),
        ...(lasts === undefined ? {} : { expiresInMs: lasts }),
      };
    }
    case "switchFlag": {
      const { expiresIn: lasts, ...rest } = withoutUndefined(body);
      return lasts === undefined ? rest : { ...rest, expiresInMs: lasts };
    }
    case "freeze": {
      const { expiresIn: lasts, ...rest } = withoutUndefined(body);
      return lasts === undefined ? rest : { ...rest, expiresInMs: lasts };
    }
    case "override": {
      const { expiresIn: lasts, ...rest } = withoutUndefined(body);
      return lasts === undefined ? rest : { ...rest, expiresInMs: lasts };
    }
    default:
      return withoutUndefined(body);
  }
}
