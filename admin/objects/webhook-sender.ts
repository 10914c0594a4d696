/**
 * One attempt to deliver an event: signed, within the receiver's time, no redirects, and of its answer nothing read but the
 * status. Says what came of it and never throws. The address is the one of the document and no other; the secret in it is
 * put in here and nowhere kept.
 */
import { retryAfterMs } from "../../config/backoff.ts";
import { SECRET_PLACE } from "../../config/webhook.ts";
import { bodyOf } from "../core/webhooks/body.ts";
import type { Event } from "../core/webhooks/event.ts";
import type { Receiver } from "../core/webhooks/receiver.ts";
import type { Attempt } from "../core/webhooks/retry.ts";
import { isSigningSecret, signedHeaders } from "../core/webhooks/signature.ts";
import { causeOf, discard, type Fetch } from "./probe.ts";

const USER_AGENT = "fairlead-webhooks/1";

type Sending = {
  /** The newest first. */
  readonly secrets: readonly string[];
  readonly fetch: Fetch;
};

export async function sendEvent(receiver: Receiver, event: Event, { secrets, fetch }: Sending): Promise<Attempt> {
  const request = requestFor(receiver, event, secrets);
  if (request === undefined) return { kind: "noSecret" };
  try {
    const response = await fetch(request.url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": USER_AGENT, ...request.headers },
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.timeout(receiver.timeoutMs),
    });
    discard(response);
    const asked = retryAfterMs(response.headers.get("retry-after"));
    return { kind: "answered", status: response.status, ...(asked === undefined ? {} : { retryAfterMs: asked }) };
  } catch (error) {
    return { kind: "failed", because: causeOf(error) };
  }
}

type Outgoing = { readonly url: string; readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** Undefined when it needs a secret and there is none. */
function requestFor({ format, url }: Receiver, event: Event, secrets: readonly string[]): Outgoing | undefined {
  const body = bodyOf(format, event, new Date(event.atMs).toISOString());
  const [newest] = secrets;
  if (format === "standard") {
    const signing = secrets.filter(isSigningSecret);
    const message = { id: event.id, timestampS: Math.floor(Date.now() / 1_000), body };
    return signing.length === 0 ? undefined : { url, body, headers: signedHeaders(message, signing) };
  }
  if (!url.includes(SECRET_PLACE)) return { url, body, headers: {} };
  // A function, because `$&` and the like mean something in a text that replaces.
  return newest === undefined ? undefined : { url: url.replace(SECRET_PLACE, () => newest), body, headers: {} };
}
