/**
 * Sends what there is to tell: keeps each event once, finds its receivers, and tries each delivery until it has arrived or
 * is given up. Receivers do not wait for each other, and one that fails is left alone for the rest of a round, so that a
 * dead one costs a round one timeout and nobody else anything.
 */
import { type Event, messageIdOf, type NewEvent } from "../core/webhooks/event.ts";
import { type Receiver, receiversOf } from "../core/webhooks/receiver.ts";
import { nextStep } from "../core/webhooks/retry.ts";
import { logEvent } from "../log.ts";
import {
  addDelivery,
  addEvent,
  type Delivery,
  dueDeliveries,
  findEvent,
  forgetDeliveries,
  forgetSecrets,
  markDead,
  markDelivered,
  markRetry,
  nextDueMs,
  secretValues,
} from "../store/delivery-store.ts";
import type { Fetch } from "./probe.ts";
import { sendEvent } from "./webhook-sender.ts";

/** Of a round; what is left is due again at once. */
const ROUND_MAX = 100;

export type OutboxDeps = {
  readonly sql: SqlStorage;
  readonly receivers: () => readonly Receiver[];
  readonly fetch: Fetch;
};

export class Outbox {
  readonly #deps: OutboxDeps;
  #sending: Promise<void> | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** Keeps it and says to whom it will be sent; one that is known already goes to nobody. Inside a transaction or not. */
  add(event: NewEvent, nowMs: number): readonly string[] {
    const { sql, receivers } = this.#deps;
    const names = receiversOf(receivers(), event).map(({ name }) => name);
    // What nobody has asked for is nothing to keep; that an alert reaches nobody should at least be found in the log.
    if (names.length === 0 && event.severity !== undefined)
      logEvent("webhook.noReceiver", { type: event.type, key: event.key });
    const kept: Event = { ...event, id: messageIdOf(event) };
    if (names.length === 0 || !addEvent(sql, kept)) return [];
    for (const webhook of names) addDelivery(sql, { messageId: kept.id, webhook, nowMs });
    return names;
  }

  /** To one receiver, whatever it takes. */
  addFor(event: NewEvent, webhook: string, nowMs: number): Delivery {
    const kept: Event = { ...event, id: messageIdOf(event) };
    addEvent(this.#deps.sql, kept);
    return addDelivery(this.#deps.sql, { messageId: kept.id, webhook, nowMs });
  }

  nextDueMs(): number | undefined {
    return nextDueMs(this.#deps.sql);
  }

  /** Everything that is due. Rounds do not overlap: whoever asks during one shares it. */
  send(): Promise<void> {
    this.#sending ??= this.#round().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #round(): Promise<void> {
    const { sql } = this.#deps;
    const nowMs = Date.now();
    forgetSecrets(sql, nowMs);
    const byWebhook = Map.groupBy(dueDeliveries(sql, nowMs, ROUND_MAX), ({ webhook }) => webhook);
    await Promise.all([...byWebhook].map(([webhook, deliveries]) => this.#sendTo(webhook, deliveries)));
    if (byWebhook.size > 0) forgetDeliveries(sql, nowMs);
  }

  async #sendTo(webhook: string, deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) if (!(await this.#sendOne(webhook, delivery))) return;
  }

  /** Whether it has arrived. */
  async #sendOne(webhook: string, delivery: Delivery): Promise<boolean> {
    const { sql, receivers, fetch } = this.#deps;
    const receiver = receivers().find(({ name }) => name === webhook);
    const event = findEvent(sql, delivery.messageId);
    if (receiver === undefined || event === undefined) {
      markDead(sql, delivery.id, { error: "There is no such webhook any more.", nowMs: Date.now() });
      return true;
    }
    const secrets = secretValues(sql, receiver.secret, Date.now());
    const attempt = await sendEvent(receiver, event, { secrets, fetch });
    const nowMs = Date.now();
    const step = nextStep(attempt, { attempts: delivery.attempts + 1, nowMs, draw: Math.random() });
    if (step.kind === "delivered") markDelivered(sql, delivery.id, nowMs);
    else if (step.kind === "retry") markRetry(sql, delivery.id, step);
    else markDead(sql, delivery.id, { error: step.error, nowMs });
    const more = "error" in step ? { error: step.error } : {};
    logEvent(`webhook.${step.kind}`, { webhook, delivery: delivery.id, type: event.type, ...more });
    return step.kind === "delivered";
  }
}
