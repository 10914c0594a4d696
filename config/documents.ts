/**
 * What people write: a Kubernetes-like envelope and one spec for each kind (`documents/`). Only shape is said there; what
 * must hold between documents is in `checks.ts`. Unknown keys are refused everywhere, and nothing is filled in: what is
 * read back is what was written. `config/schema/` is generated from this file.
 */
import type * as z from "zod/mini";
import { ClusterDocument } from "./documents/cluster.ts";
import { ClusterTemplateDocument, EnvironmentDocument } from "./documents/cluster-template.ts";
import { envelope } from "./documents/envelope.ts";
import { MonitorDocument } from "./documents/monitor.ts";
import { RegionDocument } from "./documents/region.ts";
import { RouteDocument } from "./documents/route.ts";
import { ServiceDocument } from "./documents/service.ts";
import { EvaluatorSpec, FlagSpec } from "./flag-spec.ts";
import { Name } from "./ids.ts";
import { PolicySpec } from "./policy.ts";
import { WebhookSpec } from "./webhook.ts";

export const FlagDocument = envelope("Flag", Name, FlagSpec);
export type FlagDocument = z.infer<typeof FlagDocument>;

export const EvaluatorDocument = envelope("Evaluator", Name, EvaluatorSpec);
export type EvaluatorDocument = z.infer<typeof EvaluatorDocument>;

export const PolicyDocument = envelope("Policy", Name, PolicySpec);
export type PolicyDocument = z.infer<typeof PolicyDocument>;

export const WebhookDocument = envelope("Webhook", Name, WebhookSpec);
export type WebhookDocument = z.infer<typeof WebhookDocument>;

/** Every kind that can be written. */
export const DOCUMENT_SCHEMAS = {
  Region: RegionDocument,
  Service: ServiceDocument,
  Cluster: ClusterDocument,
  ClusterTemplate: ClusterTemplateDocument,
  Environment: EnvironmentDocument,
  Route: RouteDocument,
  Flag: FlagDocument,
  Evaluator: EvaluatorDocument,
  Policy: PolicyDocument,
  Monitor: MonitorDocument,
  Webhook: WebhookDocument,
} as const;
export type DocumentKind = keyof typeof DOCUMENT_SCHEMAS;

/** Kinds that other systems have and that are something else here: writing one is answered with where it belongs. */
export const RESERVED_KINDS = {
  Alert: "what alerts is the `objectives` of a Service, and where alerts are sent is a Webhook",
} as const;

export type Document =
  | RegionDocument
  | ServiceDocument
  | ClusterDocument
  | ClusterTemplateDocument
  | EnvironmentDocument
  | RouteDocument
  | FlagDocument
  | EvaluatorDocument
  | PolicyDocument
  | MonitorDocument
  | WebhookDocument;

/** A fleet after templates have been resolved: what is checked, hashed, approved and compiled. Sorted by name. */
export type Fleet = {
  readonly regions: readonly RegionDocument[];
  readonly services: readonly ServiceDocument[];
  readonly clusters: readonly ClusterDocument[];
  readonly routes: readonly RouteDocument[];
  readonly flags: readonly FlagDocument[];
  readonly evaluators: readonly EvaluatorDocument[];
  readonly monitors: readonly MonitorDocument[];
  readonly webhooks: readonly WebhookDocument[];
  /** The environment's one Policy; absent: every default. */
  readonly policy?: PolicyDocument;
};
