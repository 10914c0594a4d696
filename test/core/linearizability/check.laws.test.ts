/** What must hold of the checker for all histories, and how long it may take over long ones. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomInteger, seededRandom } from "../../faults/random.ts";
import { checkLinearizable, type Verdict } from "../../linearizability/check.ts";
import { HistoryRecorder, type Operation } from "../../linearizability/history.ts";
import type { Specification } from "../../linearizability/specification.ts";
import { isLegal, isLinearizableByDefinition, keepsRealTime } from "./brute-force.ts";
import { applyToRegister, REGISTER, type RegisterInput, type RegisterOutput } from "./objects.ts";
import { type AtomicObject, atomicHistory } from "./worlds.ts";

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

const values = fc.integer({ min: 0, max: 2 });
const registerInput: fc.Arbitrary<RegisterInput> = fc.oneof(
  fc.record({ kind: fc.constant("read" as const) }),
  fc.record({ kind: fc.constant("write" as const), value: values }),
  fc.record({ kind: fc.constant("swap" as const), from: values, to: values }),
);

/** Any answers at all, so that about half of the histories are not linearizable. */
const anyHistory: fc.Arbitrary<readonly RegisterOperation[]> = fc.array(
  fc
    .record({
      input: registerInput,
      read: values,
      swapped: fc.boolean(),
      invokedAt: fc.nat(8),
      forMs: fc.option(fc.nat(5)),
    })
    .map(({ input, read, swapped, invokedAt, forMs }) => {
      const output = { read, write: true, swap: swapped }[input.kind];
      const call = { client: 0, input, invokedAt };
      return forMs === null ? call : { ...call, completion: { output, returnedAt: invokedAt + forMs } };
    }),
  { maxLength: 5 },
);

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Writes are all different, so that a read says which of them it saw. */
function uniqueWrites(): AtomicObject<number, RegisterInput, RegisterOutput> {
  let written = 0;
  return {
    initial: 0,
    apply: applyToRegister,
    input: (random) => {
      if (random() < 0.5) return { kind: "read" };
      written += 1;
      if (random() < 0.5) return { kind: "write", value: written };
      return { kind: "swap", from: randomInteger(random, { min: 0, max: written - 1 }), to: written };
    },
  };
}

describe("the checker", () => {
  test("agrees with the definition, tried out on every order of small histories", () => {
    const { isRead: _, ...withoutHint } = REGISTER;
    fc.assert(
      fc.property(anyHistory, (history) => {
        const expected = isLinearizableByDefinition(REGISTER, history) ? "linearizable" : "violated";
        expect(checkLinearizable(REGISTER, history).kind).toBe(expected);
        expect(checkLinearizable(withoutHint, history).kind).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  test("accepts what an atomic object did, and gives an order that keeps to real time and to the object", () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(1, 3, 8), (seed, clients) => {
        const pace = { clients, operations: 60, brokenOneIn: 20 };
        const history = atomicHistory(uniqueWrites(), pace, seededRandom(seed));
        const verdict = checkLinearizable(REGISTER, history);
        const order = verdict.kind === "linearizable" ? (verdict.linearizations[0]?.order ?? []) : [];
        expect(order.length).toBeGreaterThan(0);
        expect(keepsRealTime(order) && isLegal(REGISTER, order)).toBe(true);
        expect(history.filter(({ completion }) => completion !== undefined).every((done) => order.includes(done))).toBe(
          true,
        );
      }),
    );
  });

  test("accepts every sequential history, in whatever order it is listed", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = atomicHistory(uniqueWrites(), { clients: 1, operations: 30 }, seededRandom(seed));
        expect(checkLinearizable(REGISTER, history.toReversed()).kind).toBe("linearizable");
      }),
    );
  });

  test("refuses a read of what had been overwritten when it was called", () => {
    fc.assert(
      fc.property(seeds, fc.nat(), (seed, choice) => {
        const history = atomicHistory(uniqueWrites(), { clients: 4, operations: 40 }, seededRandom(seed));
        const stale = staleReads(history);
        fc.pre(stale.length > 0);
        expect(checkLinearizable(REGISTER, stale[choice % stale.length] ?? []).kind).toBe("violated");
      }),
    );
  });

  test("ends a violation at the smallest prefix that fails", () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const verdict = checkLinearizable(REGISTER, history);
        fc.pre(verdict.kind === "violated");
        if (verdict.kind !== "violated") return;
        const { completion: _, ...unanswered } = verdict.culprit;
        const before = verdict.prefix.map((operation) => (operation === verdict.culprit ? unanswered : operation));
        expect(checkLinearizable(REGISTER, verdict.prefix).kind).toBe("violated");
        expect(checkLinearizable(REGISTER, before).kind).toBe("linearizable");
      }),
    );
  });
});

/** Each read that can be made to see a write although another one came and went between the two. */
function staleReads(history: readonly RegisterOperation[]): readonly (readonly RegisterOperation[])[] {
  const endsBefore = (a: RegisterOperation, b: RegisterOperation) =>
    a.completion !== undefined && a.completion.returnedAt < b.invokedAt;
  const writes = history.filter(({ input }) => input.kind === "write");
  return history.flatMap((read, place) => {
    if (read.input.kind !== "read" || read.completion === undefined) return [];
    const { returnedAt } = read.completion;
    return writes
      .filter((old) => writes.some((newer) => endsBefore(old, newer) && endsBefore(newer, read)))
      .flatMap(({ input }) => (input.kind === "write" ? input.value : []))
      .map((output) => history.with(place, { ...read, completion: { output, returnedAt } }));
  });
}

/** Adding one, once for each key: what commits with an idempotency key come to. The answer is the number afterwards. */
type Add = { readonly key: string };
type Counted = { readonly total: number; readonly answers: Readonly<Record<string, number>> };

const COUNTER: Specification<Counted, Add, number> = {
  initial: { total: 0, answers: {} },
  step: ({ total, answers }, { key }, output) => {
    const known = answers[key];
    const answer = known ?? total + 1;
    if (output !== undefined && output !== answer) return [];
    return [known === undefined ? { total: answer, answers: { ...answers, [key]: answer } } : { total, answers }];
  },
  key: JSON.stringify,
};

describe("real objects, at every pace", () => {
  type Counter = { readonly add: (key: string, pause: () => Promise<void>) => Promise<number | undefined> };

  function atomicCounter(): Counter {
    const answers = new Map<string, number>();
    return {
      add: async (key, pause) => {
        await pause();
        if (!answers.has(key)) answers.set(key, answers.size + 1);
        await pause();
        return answers.get(key);
      },
    };
  }

  /** Waits between reading and writing. */
  function racyCounter(): Counter {
    let total = 0;
    return {
      add: async (_, pause) => {
        const before = total;
        await pause();
        total = before + 1;
        return total;
      },
    };
  }

  /** Breaks after the first time that a key was counted, and has not kept the key. */
  function forgetfulCounter(): Counter {
    let total = 0;
    const broken = new Set<string>();
    return {
      add: async (key, pause) => {
        await pause();
        total += 1;
        if (broken.has(key)) return total;
        broken.add(key);
        return undefined;
      },
    };
  }

  /** Each of the clients does its calls one after the other; the scheduler decides who goes on when. */
  async function run(
    counter: Counter,
    scheduler: fc.Scheduler,
    keys: readonly (readonly string[])[],
  ): Promise<Verdict<Add, number>> {
    const recorder = new HistoryRecorder<Add, number>();
    const pause = () => scheduler.schedule(Promise.resolve());
    const clients = keys.map(async (own, client) => {
      for (const key of own) await recorder.record(client, { key }, () => counter.add(key, pause));
    });
    await scheduler.waitFor(Promise.all(clients));
    return checkLinearizable(COUNTER, recorder.operations());
  }

  const own = (client: number) => [`a${client}`, `b${client}`, `b${client}`, "shared"];

  test("one that is atomic passes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const verdict = await run(
          atomicCounter(),
          scheduler,
          Array.from({ length: 8 }, (_, client) => own(client)),
        );
        expect(verdict.kind).toBe("linearizable");
      }),
      { numRuns: 30 },
    );
  });

  test("one that loses an update fails", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        // Both read before either writes, whoever goes first.
        const verdict = await run(racyCounter(), scheduler, [["a"], ["b"]]);
        expect(verdict).toMatchObject({ kind: "violated", culprit: { completion: { output: 1 } } });
      }),
      { numRuns: 10 },
    );
  });

  test("one that commits a retry a second time fails", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const verdict = await run(forgetfulCounter(), scheduler, [
          ["a", "a"],
          ["b", "b"],
          ["c", "c"],
        ]);
        expect(verdict.kind).toBe("violated");
      }),
      { numRuns: 10 },
    );
  });
});

describe("500 operations of 8 clients", () => {
  const TIME_MS_MAX = 3_000;

  test.each([
    // broken one in   seed
    [Number.POSITIVE_INFINITY, 1],
    [100, 2],
    [40, 3],
    [20, 4],
  ])("with one step in %s broken, seed %i, are checked in a few seconds", (brokenOneIn, seed) => {
    const history = atomicHistory(uniqueWrites(), { clients: 8, operations: 500, brokenOneIn }, seededRandom(seed));
    expect(history).toHaveLength(500);
    const startedMs = performance.now();
    expect(checkLinearizable(REGISTER, history).kind).toBe("linearizable");
    const stale = staleReads(history).at(-1) ?? [];
    expect(checkLinearizable(REGISTER, stale).kind).toBe("violated");
    expect(performance.now() - startedMs).toBeLessThan(TIME_MS_MAX);
  });
});
