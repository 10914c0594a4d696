/**
 * First-byte deadlines that share timers. A timer for each request costs 3 to 4% of it, and nearly none ever runs out; so
 * deadlines that end at about the same time are one bucket, which a request joins and leaves again.
 *
 * workerd ends a timer with the request that set it, but for what that request hands to `waitUntil`: there the timers of a
 * bucket are, and that of its second request stands in should the platform cut the first one off. A promise that is settled
 * by another request goes on in its own one (`handle_cross_request_promise_resolution`, default since October 2024).
 */
import type { Failure } from "./failure.ts";

export type AnswerDeadlinesOptions = { readonly sleep: (ms: number) => Promise<void> };

type Background = { waitUntil(promise: Promise<unknown>): void };

/** For how long one answer is waited, from `nowMs` on; `background` is that of its request. */
export type Patience = { readonly ms: number; readonly nowMs: number; readonly background: Background };

type Settle = (outcome: Failure) => void;

/** Knows where it stands in its list, so that it leaves in one step: a set would work out a hash for each request. */
type Waiting = { readonly settle: Settle; readonly among: Waiting[]; at: number };

type Bucket = { readonly waiting: Waiting[]; timers: number };

const TIMERS_PER_BUCKET = 2;

/** The platform lets work go on for 30 s after the answer, and then ends it. Longer deadlines have their own timers. */
const SHARED_MS_MAX = 25_000;

const TIMEOUT: Failure = { kind: "timeout" };
const LOST: Failure = { kind: "lost" };

export class AnswerDeadlines {
  readonly #sleep: AnswerDeadlinesOptions["sleep"];
  /** By when they end. */
  readonly #buckets = new Map<number, Bucket>();

  constructor({ sleep }: AnswerDeadlinesOptions) {
    this.#sleep = sleep;
  }

  /**
   * The answer, `timeout` once it has had as long as it may and at most a 32nd of that more, or `lost`. Never rejects: the
   * error says nothing that could be acted on, and a cut upload of the client looks the same.
   */
  within(answer: Promise<Response>, patience: Patience | undefined): Promise<Response | Failure> {
    return new Promise((resolve) => {
      const waiting = patience === undefined ? undefined : this.#join(resolve, patience);
      answer.then(
        (response) => {
          if (waiting !== undefined) leave(waiting);
          resolve(response);
        },
        () => {
          if (waiting !== undefined) leave(waiting);
          resolve(LOST);
        },
      );
    });
  }

  /** How many answers are waited for. */
  get waiting(): number {
    let waiting = 0;
    for (const bucket of this.#buckets.values()) waiting += bucket.waiting.length;
    return waiting;
  }

  #join(settle: Settle, { ms, nowMs, background }: Patience): Waiting | undefined {
    if (ms > SHARED_MS_MAX) {
      void this.#sleep(ms).then(() => settle(TIMEOUT));
      return undefined;
    }
    const endMs = endOf(ms, nowMs);
    const bucket = this.#buckets.get(endMs) ?? this.#open(endMs, nowMs);
    const waiting = { settle, among: bucket.waiting, at: bucket.waiting.length };
    bucket.waiting.push(waiting);
    if (bucket.timers < TIMERS_PER_BUCKET) {
      bucket.timers += 1;
      background.waitUntil(this.#expireAt(endMs, bucket, nowMs));
    }
    return waiting;
  }

  /** Ends on the way what is over already: should the platform have cut off all timers of a bucket, then late, not never. */
  #open(endMs: number, nowMs: number): Bucket {
    for (const [overMs, over] of this.#buckets) if (overMs < nowMs) this.#expire(overMs, over);
    const bucket: Bucket = { waiting: [], timers: 0 };
    this.#buckets.set(endMs, bucket);
    return bucket;
  }

  async #expireAt(endMs: number, bucket: Bucket, nowMs: number): Promise<void> {
    await this.#sleep(endMs - nowMs);
    this.#expire(endMs, bucket);
  }

  #expire(endMs: number, { waiting }: Bucket): void {
    this.#buckets.delete(endMs);
    for (const { settle } of waiting.splice(0)) settle(TIMEOUT);
  }
}

/** The last one takes the place. Of a bucket that has ended nobody is left. */
function leave({ among, at }: Waiting): void {
  const last = among.pop();
  if (last === undefined || last.at === at) return;
  among[at] = last;
  last.at = at;
}

/** The next end of a bucket, whose width is a power of two and at most a 32nd of the deadline, after the deadline. */
function endOf(ms: number, nowMs: number): number {
  const widthMs = 1 << Math.max(0, 26 - Math.clz32(ms));
  return (Math.floor((nowMs + ms) / widthMs) + 1) * widthMs;
}
