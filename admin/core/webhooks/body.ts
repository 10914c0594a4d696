/** An event as bytes on the wire: as Standard Webhooks recommends it, or as a message that Slack shows. */
import { formatDuration } from "../../../config/duration.ts";
import { unreachable } from "../../../config/invariant.ts";
import type { WebhookSpec } from "../../../config/webhook.ts";
import type { ChangeBefore } from "../objectives/changes-before.ts";
import type { Event } from "./event.ts";

/** Slack cuts off what is longer, in the middle of a word or a link. */
const SLACK_TEXT_LENGTH_MAX = 3_000;

/** `time`: when it happened, after RFC 3339. The same text every time, because it is what is signed. */
export function bodyOf(format: WebhookSpec["format"], event: Event, time: string): string {
  switch (format) {
    case "standard":
      return JSON.stringify({ type: event.type, timestamp: time, data: event.data });
    case "slack":
      return JSON.stringify(slackMessage(event));
    default:
      return unreachable(format);
  }
}

/** `text` is what notifications show; the block is what people see. */
function slackMessage({ summary, data }: Event): object {
  const { runbook, commands, changes } = data;
  const parts = [
    escapeForSlack(summary),
    ...(typeof runbook === "string" ? [`<${escapeForSlack(runbook)}|Runbook>`] : []),
    ...changesIn(changes).map(
      ({ revision, kind, author, ageMs }) =>
        `Changed ${formatAge(ageMs)} before: revision ${revision}, ${kind} by ${escapeForSlack(author)}`,
    ),
    ...commandsIn(commands).map(
      ({ what, command }) => `${escapeForSlack(what)}:\n\`\`\`${escapeForSlack(command)}\`\`\``,
    ),
  ];
  const text = parts.join("\n").slice(0, SLACK_TEXT_LENGTH_MAX);
  return { text: escapeForSlack(summary), blocks: [{ type: "section", text: { type: "mrkdwn", text } }] };
}

type Command = { readonly what: string; readonly command: string };

function commandsIn(commands: unknown): readonly Command[] {
  // Only `alertEvent` says commands, and it says them so.
  return Array.isArray(commands) ? (commands as Command[]) : [];
}

function changesIn(changes: unknown): readonly ChangeBefore[] {
  // Only `alertEvent` says changes, and it says them so.
  return Array.isArray(changes) ? (changes as ChangeBefore[]) : [];
}

/** In whole minutes, which are as exact as anybody needs. */
function formatAge(ms: number): string {
  return formatDuration(Math.max(1, Math.round(ms / 60_000)) * 60_000);
}

/** The three characters that mean something to Slack, as its documentation asks for it. */
function escapeForSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
