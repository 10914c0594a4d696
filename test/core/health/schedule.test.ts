/** When clusters are asked, in simulated time: each at its pace, never too many at once, and on time beside those that hang. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  nextDueMs,
  PROBES_AT_ONCE_MAX,
  type Recurring,
  Schedule,
  SUSPECTS_AT_ONCE_MAX,
} from "../../../admin/core/health/schedule.ts";

const AT_ONCE = { spread: () => false, draw: () => 0 };

test.each([
  // jitter  next
  [0, 11_000],
  [0.5, 10_950],
  [1, 10_900],
])("with jitter %d what is due every second is due again at %i", (jitter, next) => {
  expect(nextDueMs({ intervalMs: 1_000 }, 10_000, jitter)).toBe(next);
});

type Played = {
  readonly begun: ReadonlyMap<string, readonly number[]>;
  readonly atOnceMax: number;
  readonly behindMs: number;
};

/** Runs the schedule until `untilMs`, as the object does: `tookMs` says how long each of them takes. */
function play(
  recurring: readonly Recurring[],
  { untilMs, tookMs, draw = () => 0 }: { untilMs: number; tookMs: (key: string) => number; draw?: () => number },
): Played {
  const schedule = new Schedule();
  schedule.replace(recurring, { nowMs: 0, ...AT_ONCE });
  const begun = new Map<string, number[]>(recurring.map(({ key }) => [key, []]));
  const running = new Map<string, { readonly endMs: number; readonly tookMs: number }>();
  let atOnceMax = 0;
  for (let nowMs = 0; nowMs < untilMs; ) {
    for (const [key, { endMs, tookMs: took }] of running) {
      if (endMs > nowMs) continue;
      running.delete(key);
      schedule.end(key, took);
    }
    for (const key of schedule.begin(nowMs, draw)) {
      begun.get(key)?.push(nowMs);
      running.set(key, { endMs: nowMs + tookMs(key), tookMs: tookMs(key) });
    }
    atOnceMax = Math.max(atOnceMax, running.size);
    const nextMs = Math.min(schedule.nextMs() ?? untilMs, ...[...running.values()].map(({ endMs }) => endMs));
    nowMs = Math.max(nextMs, nowMs + 1);
  }
  return { begun, atOnceMax, behindMs: schedule.behindMs(untilMs) };
}

const every = (intervalMs: number, ...keys: string[]): Recurring[] => keys.map((key) => ({ key, intervalMs }));

describe("a schedule", () => {
  test("asks each at its own pace", () => {
    const { begun } = play([...every(1_000, "fast"), ...every(2_500, "slow")], { untilMs: 5_001, tookMs: () => 10 });
    expect(begun.get("fast")).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    expect(begun.get("slow")).toEqual([0, 2_500, 5_000]);
  });

  test("has each up to a tenth sooner and never later, so that what began together does not stay together", () => {
    const draws = [0, 1, 0.5, 0.2, 0.9, 0.4];
    let next = 0;
    const draw = () => draws[next++ % draws.length] ?? 0;
    const { begun } = play(every(1_000, "a", "b"), { untilMs: 10_000, tookMs: () => 1, draw });
    const [a = [], b = []] = [begun.get("a"), begun.get("b")];
    expect(a[0]).toBe(b[0]);
    expect(a.filter((atMs) => b.includes(atMs)).length).toBeLessThan(3);
    for (const times of [a, b])
      for (const [index, atMs] of times.entries())
        if (index > 0) {
          expect(atMs - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(900);
          expect(atMs - (times[index - 1] ?? 0)).toBeLessThanOrEqual(1_000);
        }
  });

  test("after a restart what is known begins somewhere within its interval, and what is new at once", () => {
    const schedule = new Schedule();
    const draws = [0.1, 0.7];
    schedule.replace(every(10_000, "known-1", "known-2", "new"), {
      nowMs: 0,
      draw: () => draws.shift() ?? 0,
      spread: (key) => key !== "new",
    });
    expect(schedule.begin(0, () => 0.5)).toEqual(["new"]);
    expect(schedule.nextMs()).toBe(1_000);
    expect(schedule.begin(1_000, () => 0.5)).toEqual(["known-1"]);
    expect(schedule.nextMs()).toBe(7_000);
  });

  test("keeps the times of what stays when others come and go, and a shorter interval counts from now", () => {
    const schedule = new Schedule();
    schedule.replace(every(10_000, "stays", "goes", "hurries"), { nowMs: 0, ...AT_ONCE });
    for (const key of schedule.begin(0, () => 0.5)) schedule.end(key, 1);
    schedule.replace([...every(10_000, "stays", "comes"), ...every(1_000, "hurries")], { nowMs: 3_000, ...AT_ONCE });
    expect(schedule.begin(3_000, () => 0.5)).toEqual(["comes"]);
    expect(schedule.nextMs()).toBe(4_000);
    expect(schedule.begin(10_000, () => 0.5)).toEqual(["hurries", "stays"]);
  });

  test("has nothing to wait for while every place is taken, and says by how much it is late", () => {
    const schedule = new Schedule();
    const keys = Array.from({ length: PROBES_AT_ONCE_MAX + 1 }, (_, index) => `c${index}`);
    schedule.replace(every(10_000, ...keys), { nowMs: 0, ...AT_ONCE });
    expect(schedule.begin(0, () => 0.5)).toHaveLength(PROBES_AT_ONCE_MAX);
    expect(schedule.nextMs()).toBeUndefined();
    expect(schedule.begin(900, () => 0.5)).toEqual([]);
    schedule.end("c0", 900);
    expect(schedule.begin(900, () => 0.5)).toEqual(["c6"]);
    expect(schedule.behindMs(900)).toBe(900);
    expect(schedule.behindMs(90_000)).toBe(900);
    expect(schedule.behindMs(300_000)).toBe(0);
  });
});

const hangs = (key: string) => (key.startsWith("hangs") ? 2_000 : 30);
const names = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}-${index}`);

describe("clusters that hang until their timeout", () => {
  test.each([
    // hang, well     late at most      with the first round, in which nobody knows who hangs
    [0, 20, 100],
    [3, 20, 100],
    [6, 20, 100],
    [30, 20, 100],
    [300, 20, 100],
  ])("%i of them leave the %i others on time: %i ms late at most", (hanging, well, lateMsMax) => {
    const recurring = every(10_000, ...names("hangs", hanging), ...names("well", well));
    // Everybody hangs once before it is known to.
    const firstRoundMs = 2_000 * Math.ceil((hanging + well) / PROBES_AT_ONCE_MAX) + 10_000;
    const untilMs = firstRoundMs + 120_000;
    const { begun, atOnceMax } = play(recurring, { untilMs, tookMs: hangs });
    expect(atOnceMax).toBeLessThanOrEqual(PROBES_AT_ONCE_MAX);
    for (const name of names("well", well)) {
      const times = (begun.get(name) ?? []).filter((atMs) => atMs > firstRoundMs);
      const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
      expect(gaps.length, name).toBeGreaterThanOrEqual(10);
      expect(Math.max(...gaps), name).toBeLessThanOrEqual(10_000 + lateMsMax);
    }
    // And those that hang are still asked, one after the other.
    for (const name of names("hangs", hanging)) expect(begun.get(name)?.length, name).toBeGreaterThan(0);
  });

  test("are at most half of what runs, once they are known", () => {
    const schedule = new Schedule();
    schedule.replace(every(1_000, ...names("hangs", 12), "well"), { nowMs: 0, ...AT_ONCE });
    for (let round = 0; round < 3; round += 1)
      for (const key of schedule.begin(0, () => 0.5)) schedule.end(key, hangs(key));
    const begun = schedule.begin(5_000, () => 0.5);
    expect(begun.filter((key) => key.startsWith("hangs"))).toHaveLength(SUSPECTS_AT_ONCE_MAX);
    expect(begun).toContain("well");
  });
});

test("whatever they do: never more than six at once, nobody twice at once, nobody forgotten", () => {
  const keys = names("c", 12);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ intervalMs: fc.integer({ min: 500, max: 20_000 }), tookMs: fc.integer({ min: 0, max: 3_000 }) }),
        {
          minLength: 1,
          maxLength: keys.length,
        },
      ),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
      (settings, draws) => {
        const recurring = settings.map(({ intervalMs }, index) => ({ key: `c-${index}`, intervalMs }));
        let next = 0;
        const { begun, atOnceMax } = play(recurring, {
          untilMs: 60_000,
          tookMs: (key) => settings[Number(key.slice(2))]?.tookMs ?? 0,
          draw: () => draws[next++ % draws.length] ?? 0,
        });
        expect(atOnceMax).toBeLessThanOrEqual(PROBES_AT_ONCE_MAX);
        for (const [index, { intervalMs, tookMs }] of settings.entries()) {
          const times = begun.get(`c-${index}`) ?? [];
          // In the worst case eleven others go first, three at a time, for three seconds each.
          expect(times.length).toBeGreaterThanOrEqual(Math.floor(60_000 / (intervalMs + 12_000 + tookMs)));
          for (const [at, atMs] of times.entries())
            if (at > 0) expect(atMs - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(Math.min(tookMs, 0.9 * intervalMs));
        }
      },
    ),
  );
});
