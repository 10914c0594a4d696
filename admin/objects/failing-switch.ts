/**
 * Lets a person or a test see that the edge serves on while an object of the control plane is broken: switched on, every
 * call of the object throws until it is switched off again. In development only; elsewhere it cannot be switched.
 */
const KEY = "failing";

export class FailingSwitch {
  readonly #storage: DurableObjectStorage;
  readonly #development: boolean;

  constructor(storage: DurableObjectStorage, development: boolean) {
    this.#storage = storage;
    this.#development = development;
  }

  get failing(): boolean {
    return this.#development && this.#storage.kv.get(KEY) === true;
  }

  set(failing: boolean): void {
    if (this.#development) this.#storage.kv.put(KEY, failing);
  }

  /** For an object that lives by its alarm, which is to notice at once. */
  async setAndWake(failing: boolean): Promise<void> {
    this.set(failing);
    await this.#storage.setAlarm(Date.now());
  }

  /** To be called first by every method that answers anybody. */
  check(): void {
    if (this.failing) throw new Error("this object was told to fail");
  }
}
