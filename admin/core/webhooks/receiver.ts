/**
 * Who gets an event: the webhooks of its most specific owner that take such events; when none does, the defaults. A webhook
 * belongs to the owner that it is named after, and to the one that its document names.
 */
import type { Fleet, WebhookDocument } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { WEBHOOK_TIMEOUT_MS_DEFAULT } from "../../../config/limits.ts";
import { type AlertSeverity, EVENTS_DEFAULT, takesEvent, type WebhookSpec } from "../../../config/webhook.ts";
import type { NewEvent } from "./event.ts";

/** A webhook with every default filled in. */
export type Receiver = {
  readonly name: string;
  readonly owners: readonly string[];
  readonly url: string;
  readonly format: WebhookSpec["format"];
  readonly events: readonly string[];
  /** Absent: all. */
  readonly severities?: readonly AlertSeverity[];
  readonly isDefault: boolean;
  /** The name of its secret. */
  readonly secret: string;
  readonly timeoutMs: number;
};

export function receiversIn({ webhooks }: Pick<Fleet, "webhooks">): readonly Receiver[] {
  return webhooks.map(receiverOf);
}

function receiverOf({ metadata: { name, owner }, spec }: WebhookDocument): Receiver {
  const timeoutMs = spec.timeout === undefined ? undefined : parseDuration(spec.timeout);
  return {
    ...{ name, owners: [...new Set([name, ...(owner === undefined ? [] : [owner])])] },
    ...{ url: spec.url, format: spec.format, events: spec.events ?? EVENTS_DEFAULT },
    ...(spec.severities === undefined ? {} : { severities: spec.severities }),
    ...{ isDefault: spec.default === true, secret: spec.secret ?? name },
    timeoutMs: timeoutMs ?? WEBHOOK_TIMEOUT_MS_DEFAULT,
  };
}

export function receiversOf(
  receivers: readonly Receiver[],
  event: Pick<NewEvent, "type" | "severity" | "owners">,
): readonly Receiver[] {
  const taking = receivers.filter((receiver) => takes(receiver, event));
  for (const owner of event.owners ?? []) {
    const own = taking.filter(({ owners }) => owners.includes(owner));
    if (own.length > 0) return own;
  }
  return taking.filter(({ isDefault }) => isDefault);
}

function takes({ events, severities }: Receiver, { type, severity }: Pick<NewEvent, "type" | "severity">): boolean {
  return takesEvent(events, type) && (severity === undefined || (severities?.includes(severity) ?? true));
}
