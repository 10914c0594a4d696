/**
 * What people ask and do about webhooks: who receives what, the secrets that deliveries are signed with, and deliveries to
 * look at, try and send again. Sending itself is the outbox's, and when the next round is due its owner's to know.
 */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { err, ok, type Result } from "../../config/result.ts";
import type { NewEvent } from "../core/webhooks/event.ts";
import type { Receiver } from "../core/webhooks/receiver.ts";
import { SECRET_BYTES_MADE, signingSecret } from "../core/webhooks/signature.ts";
import {
  countDeliveries,
  type Delivery,
  type DeliveryFilter,
  findDelivery,
  findEvent,
  hurryDeliveries,
  listDeliveries,
  markReplayed,
  type SecretTerm,
  secretTerms,
  setSecret,
} from "../store/delivery-store.ts";
import type { Outbox } from "./outbox.ts";

export type WebhookView = Receiver & {
  /** Of its secret, the newest first; none: it is not set. */
  readonly terms: readonly SecretTerm[];
  readonly deliveries: Readonly<Record<Delivery["state"], number>>;
};

export type DeliveryView = Delivery & { readonly type: string; readonly summary: string };

export type SecretSetting = {
  readonly webhook: string;
  /** Made when absent. */
  readonly value?: string;
  readonly overlapMs: number;
};

export type SecretSet = {
  readonly secret: string;
  /** Only of one that was made here: nobody can read it again. */
  readonly made?: string;
  readonly terms: readonly SecretTerm[];
};

export type WebhookDeskDeps = {
  readonly storage: DurableObjectStorage;
  readonly outbox: Outbox;
  readonly receivers: () => readonly Receiver[];
};

export class WebhookDesk {
  readonly #deps: WebhookDeskDeps;

  constructor(deps: WebhookDeskDeps) {
    this.#deps = deps;
  }

  read(): readonly WebhookView[] {
    const { sql } = this.#deps.storage;
    const terms = secretTerms(sql, Date.now());
    const counts = countDeliveries(sql);
    return this.#deps.receivers().map((receiver) => ({
      ...receiver,
      terms: terms.get(receiver.secret) ?? [],
      deliveries: {
        ...{ pending: 0, delivered: 0, dead: 0 },
        ...Object.fromEntries(
          counts.flatMap(({ webhook, state, deliveries }) => (webhook === receiver.name ? [[state, deliveries]] : [])),
        ),
      },
    }));
  }

  find(name: string): Receiver | undefined {
    return this.#deps.receivers().find((one) => one.name === name);
  }

  /** Sends one event to it at once and answers with what came of that. */
  async test(name: string, event: NewEvent): Promise<Result<DeliveryView, AdminRefusal>> {
    if (this.find(name) === undefined) return err(WEBHOOK_UNKNOWN);
    const { storage, outbox } = this.#deps;
    const { id } = storage.transactionSync(() => outbox.addFor(event, name, Date.now()));
    return this.#sendNow(id);
  }

  /** Deliveries that waited for a secret are due at once. */
  setSecret({ webhook, value, overlapMs }: SecretSetting): Result<SecretSet, AdminRefusal> {
    const receiver = this.find(webhook);
    if (receiver === undefined) return err(WEBHOOK_UNKNOWN);
    const made = value ?? signingSecret(crypto.getRandomValues(new Uint8Array(SECRET_BYTES_MADE)));
    const { storage, receivers } = this.#deps;
    const { secret } = receiver;
    const nowMs = Date.now();
    setSecret(storage, { secret, value: made, overlapMs, nowMs });
    const users = receivers().flatMap((one) => (one.secret === secret ? [one.name] : []));
    hurryDeliveries(storage.sql, users, nowMs);
    const terms = secretTerms(storage.sql, nowMs).get(secret) ?? [];
    return ok({ secret, terms, ...(value === undefined ? { made } : {}) });
  }

  list(filter: DeliveryFilter): readonly DeliveryView[] {
    return listDeliveries(this.#deps.storage.sql, filter).map((delivery) => this.#viewOf(delivery));
  }

  findDelivery(id: string): DeliveryView | undefined {
    const delivery = findDelivery(this.#deps.storage.sql, id);
    return delivery === undefined ? undefined : this.#viewOf(delivery);
  }

  /** Under the id that it had: a receiver that has it already can tell. */
  async replay(id: string): Promise<Result<DeliveryView, AdminRefusal>> {
    const { sql } = this.#deps.storage;
    if (findDelivery(sql, id) === undefined) return err(DELIVERY_UNKNOWN);
    markReplayed(sql, id, Date.now());
    return this.#sendNow(id);
  }

  async #sendNow(id: string): Promise<Result<DeliveryView, AdminRefusal>> {
    const { storage, outbox } = this.#deps;
    // A round that is under way may have begun before.
    await outbox.send();
    const before = findDelivery(storage.sql, id);
    if (before?.state === "pending" && before.attempts === 0) await outbox.send();
    const delivery = this.findDelivery(id);
    return delivery === undefined ? err(DELIVERY_UNKNOWN) : ok(delivery);
  }

  #viewOf(delivery: Delivery): DeliveryView {
    const { type = "", summary = "" } = findEvent(this.#deps.storage.sql, delivery.messageId) ?? {};
    return { ...delivery, type, summary };
  }
}

const WEBHOOK_UNKNOWN: AdminRefusal = { code: "webhookUnknown", detail: "The fleet has no such Webhook." };
const DELIVERY_UNKNOWN: AdminRefusal = { code: "deliveryUnknown", detail: "There is no such delivery." };
