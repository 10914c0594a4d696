/** Kinds ClusterTemplate and Environment: one description for every region's cluster, and the values to fill it with. */
import * as z from "zod/mini";
import { Name } from "../ids.ts";
import { envelope } from "./envelope.ts";

const ParameterValue = z.union([z.string().check(z.maxLength(1_000)), z.int(), z.boolean()]);
export type ParameterValue = z.infer<typeof ParameterValue>;
const ParameterName = z.string().check(z.regex(/^[a-z][a-zA-Z0-9]{0,39}$/, "must be camelCase, at most 40 characters"));

export const Parameter = z.strictObject({
  type: z.enum(["string", "integer", "boolean"]),
  default: z.exactOptional(ParameterValue),
});
export type Parameter = z.infer<typeof Parameter>;

/**
 * One description for every region's cluster. Any string inside `cluster` may hold `${parameter}`; a string that is
 * nothing else takes the parameter's type. What comes out is parsed as a Cluster like any other.
 */
export const ClusterTemplateSpec = z.strictObject({
  parameters: z.record(ParameterName, Parameter),
  cluster: z.strictObject({
    metadata: z.strictObject({
      name: z.string(),
      owner: z.exactOptional(z.string()),
      labels: z.exactOptional(z.record(z.string(), z.string())),
    }),
    spec: z.record(z.string(), z.unknown()),
  }),
});
export const ClusterTemplateDocument = envelope("ClusterTemplate", Name, ClusterTemplateSpec);
export type ClusterTemplateDocument = z.infer<typeof ClusterTemplateDocument>;

/** The values of one environment: shared ones, and one set for each cluster that a template makes. */
export const EnvironmentSpec = z.strictObject({
  values: z.exactOptional(z.record(ParameterName, ParameterValue)),
  clusters: z
    .array(z.strictObject({ template: Name, values: z.record(ParameterName, ParameterValue) }))
    .check(z.maxLength(5_000)),
});
export const EnvironmentDocument = envelope("Environment", Name, EnvironmentSpec);
export type EnvironmentDocument = z.infer<typeof EnvironmentDocument>;
