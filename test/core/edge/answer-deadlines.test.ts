/** Deadlines that share timers: on a clock of the test's own, so that every millisecond is known. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerDeadlines } from "../../../worker/answer-deadlines.ts";
import type { Failure } from "../../../worker/failure.ts";

/** Timers in order, and a clock that goes from one to the next. */
class Clock {
  nowMs = 1_790_000_000_000;
  readonly #timers: { readonly atMs: number; readonly fire: () => void }[] = [];

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void this.#timers.push({ atMs: this.nowMs + ms, fire: resolve }));

  at(atMs: number, fire: () => void): void {
    this.#timers.push({ atMs, fire });
  }

  /** As the platform does with the timers of a request that it cuts off. */
  dropTimers(): void {
    this.#timers.length = 0;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.fire();
      await settled();
    }
    this.nowMs = untilMs;
  }
}

/** All that goes on without a timer has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await undefined;
}

type Asked = { outcome: Response | Failure | undefined; settledMs: number | undefined };

class World {
  readonly clock = new Clock();
  readonly deadlines = new AnswerDeadlines({ sleep: this.clock.sleep });
  /** How many requests have handed something to the platform to go on with. */
  carriers = 0;

  ask(answer: Promise<Response>, ms: number): Asked {
    const asked: Asked = { outcome: undefined, settledMs: undefined };
    const background = {
      waitUntil: () => {
        this.carriers += 1;
      },
    };
    void this.deadlines.within(answer, { ms, nowMs: this.clock.nowMs, background }).then((outcome) => {
      asked.outcome = outcome;
      asked.settledMs = this.clock.nowMs;
    });
    return asked;
  }

  /** Answered after so long; never, when that is undefined. */
  askOne(ms: number, answeredMs: number | undefined): Asked {
    return this.ask(
      new Promise((resolve) => {
        if (answeredMs !== undefined) this.clock.at(this.clock.nowMs + answeredMs, () => resolve(new Response("late")));
      }),
      ms,
    );
  }
}

test("an answer in time is the outcome, and nobody waits any more", async () => {
  const world = new World();
  const response = new Response("hello");
  const asked = world.ask(Promise.resolve(response), 5_000);
  expect(world.deadlines.waiting).toBe(1);
  await settled();
  expect(asked.outcome).toBe(response);
  expect(world.deadlines.waiting).toBe(0);
  await world.clock.advance(10_000);
  expect(asked.outcome).toBe(response);
});

test("an answer that breaks is lost", async () => {
  const world = new World();
  const asked = world.ask(Promise.reject(new Error("Network connection lost.")), 5_000);
  await settled();
  expect(asked.outcome).toEqual({ kind: "lost" });
  expect(world.deadlines.waiting).toBe(0);
});

test("without patience an answer may take as long as it does", async () => {
  const { deadlines } = new World();
  const response = new Response(null);
  expect(await deadlines.within(Promise.resolve(response), undefined)).toBe(response);
  expect(await deadlines.within(Promise.reject(new Error("reset")), undefined)).toEqual({ kind: "lost" });
});

describe("who is not answered", () => {
  test.each([1, 31, 32, 100, 600, 5_000, 25_000, 25_001, 120_000])("within %i ms times out then", async (ms) => {
    const world = new World();
    const asked = world.askOne(ms, undefined);
    await world.clock.advance(ms - 1);
    expect(asked.outcome).toBeUndefined();
    await world.clock.advance(1 + Math.ceil(ms / 32));
    expect(asked.outcome).toEqual({ kind: "timeout" });
    expect(world.deadlines.waiting).toBe(0);
  });

  test("within seconds has a timer with everybody who asks in the same eighth of one, and one that stands in", async () => {
    const world = new World();
    const asked: Asked[] = [];
    for (let request = 0; request < 1_000; request += 1) {
      asked.push(world.askOne(5_000, undefined));
      await world.clock.advance(1);
    }
    // A second has eight buckets of 128 ms, and part of a ninth.
    expect(world.carriers).toBeLessThanOrEqual(2 * 9);
    await world.clock.advance(5_128);
    expect(asked.every(({ outcome }) => outcome !== undefined && "kind" in outcome)).toBe(true);
    expect(world.deadlines.waiting).toBe(0);
  });

  test("times out late, not never, when the platform has cut off all timers", async () => {
    const world = new World();
    const asked = [world.askOne(1_000, undefined), world.askOne(1_000, undefined), world.askOne(1_000, undefined)];
    world.clock.dropTimers();
    await world.clock.advance(60_000);
    expect(asked.map(({ outcome }) => outcome)).toEqual([undefined, undefined, undefined]);
    world.askOne(1_000, undefined);
    await settled();
    expect(asked.map(({ outcome }) => outcome)).toEqual(asked.map(() => ({ kind: "timeout" })));
    expect(world.deadlines.waiting).toBe(1);
  });

  test("keeps the timer of the second, when that of the first is cut off", async () => {
    const world = new World();
    const first = world.askOne(1_000, undefined);
    world.clock.dropTimers();
    const second = world.askOne(1_000, undefined);
    await world.clock.advance(1_033);
    expect([first.outcome, second.outcome]).toEqual([{ kind: "timeout" }, { kind: "timeout" }]);
  });
});

test("law: answered before the deadline is answered, and nobody waits more than a 32nd longer", async () => {
  const request = fc.record({
    gapMs: fc.oneof(fc.nat(10), fc.nat(300)),
    // Those of one service have one deadline, so that many are in a bucket, and leave it in any order.
    ms: fc.oneof(
      { weight: 3, arbitrary: fc.constant(5_000) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
    ),
    answeredMs: fc.option(fc.oneof(fc.nat({ max: 4_999 }), fc.integer({ min: 1, max: 60_000 })), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 40 }), async (requests) => {
      const world = new World();
      const all: {
        readonly asked: Asked;
        readonly fromMs: number;
        readonly ms: number;
        readonly answeredMs: number;
      }[] = [];
      for (const { gapMs, ms, answeredMs } of requests) {
        await world.clock.advance(gapMs);
        const asked = world.askOne(ms, answeredMs);
        all.push({ asked, fromMs: world.clock.nowMs, ms, answeredMs: answeredMs ?? Number.POSITIVE_INFINITY });
      }
      await world.clock.advance(70_000);
      for (const { asked, fromMs, ms, answeredMs } of all) {
        const tookMs = (asked.settledMs ?? Number.NaN) - fromMs;
        if (asked.outcome instanceof Response) expect(tookMs).toBe(answeredMs);
        else expect(tookMs).toBeGreaterThanOrEqual(ms);
        expect(tookMs).toBeLessThanOrEqual(Math.min(answeredMs, ms + Math.ceil(ms / 32)));
        if (answeredMs < ms) expect(asked.outcome).toBeInstanceOf(Response);
      }
      expect(world.deadlines.waiting).toBe(0);
    }),
    { numRuns: 60 },
  );
});
