/**
 * Where alerts and other events are sent. The document says where, which and in which form, and names the secret; its
 * value is set over the API, and nobody reads it back. `checks/webhooks.ts` says which addresses are allowed.
 */
import * as z from "zod/mini";
import { Duration } from "./duration.ts";
import { Name } from "./ids.ts";
import { EVENT_FILTERS_MAX } from "./limits.ts";
import { VISIBLE } from "./shared-shapes.ts";

/** Everything that can be sent. A filter names one of these, or `alert.*` and the like. */
export const EVENT_TYPES = [
  "alert.firing",
  "alert.changed",
  "alert.resolved",
  "incident.opened",
  "cluster.unhealthy",
  "cluster.recovered",
  "health.panic",
  "drift.overdue",
  "webhook.test",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The part before the dot. */
export const EVENT_GROUPS = [...new Set(EVENT_TYPES.map((type) => type.slice(0, type.indexOf("."))))];

/** In the path of an address: where a token of the receiver's goes that must not stand in a document. */
export const SECRET_PLACE = "{secret}";

export const AlertSeverity = z.enum(["page", "ticket"]);
export type AlertSeverity = z.infer<typeof AlertSeverity>;

export const WebhookSpec = z.strictObject({
  /** Scheme, host, port and path. `{secret}` in the path stands for the secret, as Slack and its like want it. */
  url: z.string().check(z.minLength(1), z.maxLength(500), VISIBLE),
  /** `standard`: signed after the Standard Webhooks specification. `slack`: a message, not signed. */
  format: z.enum(["standard", "slack"]),
  /** Types of events, `alert.firing`, or all of a group, `alert.*`. Alerts and incidents when left out. */
  events: z.exactOptional(
    z.array(z.string().check(z.maxLength(40))).check(z.minLength(1), z.maxLength(EVENT_FILTERS_MAX)),
  ),
  /** Of alerts: only these. Both when left out. */
  severities: z.exactOptional(z.array(AlertSeverity).check(z.minLength(1), z.maxLength(2))),
  /** Gets what no owner takes. */
  default: z.exactOptional(z.literal(true)),
  /** The name of the secret that signs, or that stands in the path; the name of the webhook when left out. */
  secret: z.exactOptional(Name),
  /** How long the receiver may take for an answer; 5s when left out. */
  timeout: z.exactOptional(Duration),
});
export type WebhookSpec = z.infer<typeof WebhookSpec>;

/** Of a webhook that states none. What health does is told all day long, and only those hear of it who ask. */
export const EVENTS_DEFAULT: readonly string[] = ["alert.*", "incident.*"];

/** Tests are always taken: they are asked for by name. */
export function takesEvent(filters: readonly string[], type: EventType): boolean {
  const group = `${type.slice(0, type.indexOf("."))}.*`;
  return type === "webhook.test" || filters.some((filter) => filter === type || filter === group);
}

/** An address in its two parts: what the rules of endpoints are about, and the rest. */
export function splitUrl(url: string): { readonly endpoint: string; readonly path: string } {
  const [, endpoint = url, path = ""] = /^([^:/]*:\/\/[^/?#]*)(.*)$/s.exec(url) ?? [];
  return { endpoint, path };
}
