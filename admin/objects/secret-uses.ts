/** Since when each version of a secret is in use, so that its age can be told. */
import type { Declared } from "../core/drift/declared.ts";
import { type SecretUse, usesOf } from "../core/secrets/overview.ts";
import type { Statuses } from "../core/status/statuses.ts";
import { addUses, loadUses, removeUses, useKey } from "../store/status-store.ts";

export class SecretUses {
  readonly #storage: DurableObjectStorage;
  readonly #known: Map<string, SecretUse & { readonly firstSeenMs: number }>;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#known = new Map(loadUses(storage.sql));
  }

  first(use: SecretUse): number | undefined {
    return this.#known.get(useKey(use))?.firstSeenMs;
  }

  /** A version that should be in use keeps its age while clusters are silent; one that nobody uses or wants loses it. */
  look(declared: Declared, statuses: Statuses, nowMs: number): void {
    const { used, wanted } = usesOf(declared, statuses);
    const fresh = used.filter((use) => !this.#known.has(useKey(use)));
    const kept = new Set([...used, ...wanted].map(useKey));
    const gone = [...this.#known.values()].filter((use) => !kept.has(useKey(use)));
    if (fresh.length > 0) addUses(this.#storage, fresh, nowMs);
    if (gone.length > 0) removeUses(this.#storage, gone);
    for (const use of fresh) this.#known.set(useKey(use), { ...use, firstSeenMs: nowMs });
    for (const use of gone) this.#known.delete(useKey(use));
  }
}
