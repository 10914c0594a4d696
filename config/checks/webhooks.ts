/**
 * Webhooks go where clusters may be (`endpoints.ts`), hold no secrets, and get something: what they ask for exists, and
 * somebody's alerts lead to them.
 */
import type { WebhookDocument } from "../documents.ts";
import { formatDuration, parseDuration } from "../duration.ts";
import type { Finding } from "../findings.ts";
import { WEBHOOK_TIMEOUT_MS_MAX, WEBHOOK_TIMEOUT_MS_MIN } from "../limits.ts";
import { findingAt, type Placed, type Problem } from "../placed.ts";
import { looksLikeValue } from "../secret-version.ts";
import { suggest } from "../suggest.ts";
import { EVENT_GROUPS, EVENT_TYPES, SECRET_PLACE, splitUrl } from "../webhook.ts";
import type { CheckInput } from "./check.ts";
import { endpointProblems } from "./endpoints.ts";

const AT = ["spec", "url"];

export function checkWebhooks({ webhooks, development }: CheckInput): readonly Finding[] {
  return webhooks.flatMap((webhook) => {
    const { endpoint, path } = splitUrl(webhook.document.spec.url);
    // How it is spelled matters to nobody: it is used as it is written.
    const addresses = endpointProblems(endpoint, development).filter(({ code }) => code !== "endpoint.spelling");
    return [
      ...addresses.map((problem) => ({ ...problem, path: AT })),
      ...pathProblems(path, webhook.document),
      ...eventProblems(webhook.document),
      ...timeoutProblems(webhook.document),
    ].map((problem) => findingAt(webhook, problem));
  });
}

function pathProblems(path: string, { metadata, spec: { format } }: WebhookDocument): readonly Problem[] {
  const sentence = flawOf(path, format);
  if (sentence !== undefined) return [{ code: "webhook.path", path: AT, message: `the address ${sentence}` }];
  if (!path.split(/[/?&=]/).some(looksLikeToken)) return [];
  const message = `the address holds what looks like a token, and documents are no place for secrets: write ${SECRET_PLACE} there, and set it with POST /v1/webhooks/${metadata.name}/secret`;
  return [{ code: "webhook.secretInUrl", path: AT, message }];
}

function flawOf(path: string, format: WebhookDocument["spec"]["format"]): string | undefined {
  const [first = "", ...others] = path.split(SECRET_PLACE);
  if (/[{}#\\<>"^`|]/.test([first, ...others].join("")))
    return `must not hold braces other than ${SECRET_PLACE}, nor any of # \\ < > " ^ \` |`;
  if (path.split(/[/?]/).some((segment) => /^(\.|%2e){1,2}$/i.test(segment)))
    return "must not hold . or .. as a segment: write where it leads";
  if (others.length > 1) return `must hold ${SECRET_PLACE} once at most`;
  if (others.length === 1 && format === "standard")
    return `must not hold ${SECRET_PLACE}: the secret of a standard webhook signs, and nothing else`;
  if (others.length === 1 && !first.startsWith("/")) return `must hold ${SECRET_PLACE} in its path`;
  return undefined;
}

/** Slack's `T00000000/B00000000/…` has ids and a token; the ids alone are no secret. */
function looksLikeToken(segment: string): boolean {
  return segment !== SECRET_PLACE && looksLikeValue(segment);
}

function eventProblems({ spec: { events = [] } }: WebhookDocument): readonly Problem[] {
  const known = [...EVENT_TYPES, ...EVENT_GROUPS.map((group) => `${group}.*`)];
  return events.flatMap((filter, index): Problem[] => {
    const path = ["spec", "events", index];
    if (events.indexOf(filter) !== index)
      return [{ code: "list.duplicate", path, message: `${filter} is already in this list` }];
    if (known.includes(filter)) return [];
    const message = `there are no events "${filter}": use one of ${known.join(", ")}`;
    return [{ code: "webhook.event", path, message, didYouMean: suggest(filter, known) }];
  });
}

function timeoutProblems({ spec: { timeout } }: WebhookDocument): readonly Problem[] {
  const ms = timeout === undefined ? undefined : parseDuration(timeout);
  if (ms === undefined || (ms >= WEBHOOK_TIMEOUT_MS_MIN && ms <= WEBHOOK_TIMEOUT_MS_MAX)) return [];
  const message = `a receiver may take ${formatDuration(WEBHOOK_TIMEOUT_MS_MIN)} to ${formatDuration(WEBHOOK_TIMEOUT_MS_MAX)}`;
  return [{ code: "webhook.timeout", path: ["spec", "timeout"], message }];
}

/**
 * Owners are also for people to read, so one that nothing is sent to is only doubtful. Without any webhook nothing is
 * sent to anybody, and somebody wants it so.
 */
export function checkOwners({ regions, services, clusters, webhooks, complete }: CheckInput): readonly Finding[] {
  if (!complete || webhooks.length === 0) return [];
  const takers = new Set(
    webhooks.flatMap(({ document: { metadata } }) => [metadata.name, ...(metadata.owner ? [metadata.owner] : [])]),
  );
  const owned: readonly Placed<{ metadata: { owner?: string } }>[] = [...services, ...regions, ...clusters];
  const owners = new Map<string, Placed<unknown>>();
  for (const placed of owned) {
    const { owner } = placed.document.metadata;
    if (owner !== undefined && !owners.has(owner)) owners.set(owner, placed);
  }
  return [
    ...[...owners].flatMap(([owner, placed]) => {
      if (takers.has(owner)) return [];
      const message = `no Webhook has the name or the owner "${owner}", so its alerts go to the default`;
      const path = ["metadata", "owner"];
      const problem = { code: "owner.unknown", severity: "warning", path, message } as const;
      return [findingAt(placed, { ...problem, didYouMean: suggest(owner, takers) })];
    }),
    ...unusedWebhooks(webhooks, new Set(owners.keys())),
  ];
}

function unusedWebhooks(webhooks: readonly Placed<WebhookDocument>[], owners: ReadonlySet<string>): readonly Finding[] {
  return webhooks.flatMap((webhook) => {
    const { metadata, spec } = webhook.document;
    if (spec.default === true || [metadata.name, metadata.owner].some((name) => owners.has(name ?? ""))) return [];
    const message = `gets nothing: no cluster, region or service has the owner "${metadata.name}", and it is not the default`;
    return [findingAt(webhook, { code: "webhook.unused", severity: "warning", path: ["metadata", "name"], message })];
  });
}

/** Only where something can alert: without an owner it would go nowhere. */
export function checkDefaultWebhook({ services, webhooks, complete }: CheckInput): readonly Finding[] {
  const [first] = webhooks;
  if (!complete || first === undefined || webhooks.some(({ document }) => document.spec.default === true)) return [];
  if (!services.some(({ document }) => document.spec.objectives !== undefined)) return [];
  const message = "no Webhook is the default, so alerts of what has no owner go nowhere: give one `default: true`";
  return [findingAt(first, { code: "webhook.noDefault", severity: "warning", path: ["spec"], message })];
}
