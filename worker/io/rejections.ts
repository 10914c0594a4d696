/**
 * What this isolate was offered and refused, and has not been made good since: what its reports say of it. Bounded; an
 * offer that is refused again and again is one entry.
 */
import { REJECTIONS_REPORTED_MAX, type SnapshotRejection } from "../../config/beacon.ts";

export class Rejections {
  #list: readonly SnapshotRejection[] = [];
  #hasNews = false;

  /** Oldest first. */
  list(): readonly SnapshotRejection[] {
    return this.#list;
  }

  /** The newest stay when there are too many: they are what is being let out now. */
  note(rejection: SnapshotRejection): void {
    const known = this.#list.some(({ revision, code }) => revision === rejection.revision && code === rejection.code);
    if (known) return;
    this.#list = [...this.#list, rejection].slice(-REJECTIONS_REPORTED_MAX);
    this.#hasNews = true;
  }

  /** Whether something was refused that was not refused when this was asked before. */
  takeNews(): boolean {
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  /** `taken` is served now: what is not beyond it, and what had no number, is history. */
  settle(taken: number): void {
    this.#list = this.#list.filter(({ revision }) => revision !== undefined && revision > taken);
  }

  /** What has no number is sound again, although it was not taken. */
  settleUnnumbered(): void {
    this.#list = this.#list.filter(({ revision }) => revision !== undefined);
  }
}
