/** Histories of which it is known whether they are linearizable. */
import { describe, expect, test } from "vitest";
import { checkLinearizable } from "../../linearizability/check.ts";
import type { Operation } from "../../linearizability/history.ts";
import { BAG, type BagInput, REGISTER, registerHistory } from "./objects.ts";

describe("a register", () => {
  test.each([
    // history                                        linearizable  because
    ["", true, "nothing happened"],
    ["w1@1-2 r1@3-4", true, "a read sees the write before it"],
    ["w1@1-2 r0@3-4", false, "a read after an acknowledged write is stale"],
    ["w1@1-2 r0@2-3", true, "at the same instant they may overlap"],
    ["r1@1-2 w1@3-4", false, "nobody reads the future"],
    ["w1@1-4 r0@2-3", true, "a write may take effect at its end"],
    ["w1@1-4 r1@2-3", true, "a write may take effect at its start"],
    ["w1@1-6 r0@2-3 r1@4-5", true, "a write may take effect in between"],
    ["w1@1-6 r1@2-3 r0@4-5", false, "what was seen stays"],
    ["w1@1-2 w2@1-2 r1@3-4 r1@5-6", true, "of two writes either may be the last"],
    ["w1@1-2 w2@1-2 r1@3-4 r2@5-6", false, "but not one and then the other"],
    ["w1@1-9 w2@2-9 r1@3-4 r2@5-6", true, "two writes are seen in turn"],
    ["w1@1-9 w2@2-9 r1@3-4 r2@5-6 r2@3-4 r1@5-6", false, "by two readers in the same order"],
    ["w1@1-9 w2@2-9 r1@3-5 r2@6-8 r2@4-7", true, "which a read that overlaps both can join"],
    ["c0>1@1-2 c1>2@3-4 r2@5-6", true, "swaps follow each other"],
    ["c0>1@1-4 c0>2@2-3", false, "of two swaps of the same value one is refused"],
    ["c0>1@1-4 x0>2@2-3", true, "of two swaps of the same value one is refused"],
    ["x0>1@1-2", false, "a swap is not refused for nothing"],
    ["c0>1@1-2 r0@3-4", false, "an acknowledged swap is not lost"],
  ])("%s: %s, since %s", (history, linearizable) => {
    expect(checkLinearizable(REGISTER, registerHistory(history)).kind).toBe(linearizable ? "linearizable" : "violated");
  });

  test.each([
    // history                                  linearizable  because
    ["w1@1-", true, "it may never happen"],
    ["w1@1- r0@2-3", true, "it may happen later"],
    ["w1@1- r1@2-3", true, "it may have happened"],
    ["w1@1- r0@2-3 r1@8-9", true, "it may happen much later"],
    ["w1@1- r1@2-3 r0@4-5", false, "it does not unhappen"],
    ["r1@1-2 w1@3-", false, "it does not happen before its call"],
    ["w1@1- w2@2-3 r1@4-5 w3@6-7 r1@8-9", false, "it happens once"],
    ["w1@1- w1@1- w2@2-3 r1@4-5 w3@6-7 r1@8-9", true, "two happen once each"],
    ["c0>1@1- c1>2@2-3", true, "another builds on it"],
    ["c0>1@1- c0>2@2-3", true, "another comes first"],
    ["c0>1@1- c0>2@2-3 c1>3@4-5", false, "not both"],
    ["r0@1- w1@2-3 r1@4-5", true, "a read without an answer says nothing"],
  ])("without an answer, %s: %s, since %s", (history, linearizable) => {
    expect(checkLinearizable(REGISTER, registerHistory(history)).kind).toBe(linearizable ? "linearizable" : "violated");
  });

  test("the order that is found is told, without what nobody can tell to have happened", () => {
    const history = registerHistory("w1@1-6 w7@1- r0@2-3 w2@1- r2@4-5");
    const [write1, , read0, write2, read2] = history;
    expect(checkLinearizable(REGISTER, history)).toEqual({
      kind: "linearizable",
      linearizations: [{ partition: "", order: [read0, write1, write2, read2] }],
    });
  });

  test("a violation names the first answer that cannot be, and what it could have been", () => {
    const history = registerHistory("w1@1-2 w2@3-9 w3@4- r1@5-6 r0@7-8 r9@10-11");
    const verdict = checkLinearizable(REGISTER, history);
    expect(verdict).toMatchObject({
      kind: "violated",
      culprit: { client: 4 },
      prefix: [{ client: 0 }, { client: 1 }, { client: 2 }, { client: 3 }, { client: 4 }],
    });
    expect(verdict.kind === "violated" && verdict.prefix[1]).not.toHaveProperty("completion");
    expect(verdict.kind === "violated" && verdict.explanation).toMatchInlineSnapshot(`
      "No order of the operations explains all answers up to this one:
        client 4: {"kind":"read"} -> 0 [7 to 8]
      Without an answer by then, the latest first:
        client 2: {"kind":"write","value":3} [from 4]
        client 1: {"kind":"write","value":2} [from 3]
      The state could only be:
        1
        3
        2
      One order that explains what came before, from its end:
        client 3: {"kind":"read"} -> 1 [5 to 6]
        client 0: {"kind":"write","value":1} -> true [1 to 2]"
    `);
  });

  test("a search that outgrows its bound says so", () => {
    expect(checkLinearizable(REGISTER, registerHistory("w1@1-2 r1@3-4"), { configurationsMax: 1 })).toEqual({
      kind: "undecided",
      partition: "",
    });
  });
});

describe("a bag, of which nobody knows what it gives back", () => {
  const put = (thing: string, at: number): Operation<BagInput, string> => ({
    ...{ client: 1, input: { put: thing }, invokedAt: at },
    completion: { output: "done", returnedAt: at + 1 },
  });
  const take = (output: string, at: number): Operation<BagInput, string> => ({
    ...{ client: 2, input: "take", invokedAt: at },
    completion: { output, returnedAt: at + 1 },
  });
  const brokenTake = (at: number): Operation<BagInput, string> => ({ client: 3, input: "take", invokedAt: at });

  test.each([
    // history                                                                linearizable
    [[put("a", 1), put("b", 3), take("b", 5), take("a", 7)], true],
    [[put("a", 1), put("b", 3), take("a", 5), take("b", 7)], true],
    [[put("a", 1), take("a", 3), take("a", 5)], false],
    [[put("a", 1), put("a", 3), take("a", 5), take("a", 7)], true],
    [[put("a", 1), put("b", 3), brokenTake(4), take("a", 5), take("b", 7)], true],
    [[put("a", 1), brokenTake(2), put("a", 3), take("a", 5), take("a", 7), take("a", 9)], false],
  ])("%#: linearizable %s", (history, linearizable) => {
    expect(checkLinearizable(BAG, history).kind).toBe(linearizable ? "linearizable" : "violated");
  });
});

describe("partitions", () => {
  type Input = { readonly register: string; readonly write?: number };
  const REGISTERS = {
    initial: 0,
    step: (state: number, { write }: Input, output: number | undefined) =>
      write !== undefined ? [write] : output === undefined || output === state ? [state] : [],
    key: String,
    partition: ({ register }: Input) => register,
  };
  const call = (input: Input, output: number, [invokedAt, returnedAt]: [number, number]) => ({
    ...{ client: 1, input, invokedAt },
    completion: { output, returnedAt },
  });

  test("are checked each by itself, from an initial state of its own", () => {
    const history = [
      call({ register: "a", write: 1 }, 1, [1, 2]),
      call({ register: "b" }, 0, [3, 4]),
      call({ register: "a" }, 1, [5, 6]),
    ];
    const [writeA, readB, readA] = history;
    expect(checkLinearizable(REGISTERS, history)).toEqual({
      kind: "linearizable",
      linearizations: [
        { partition: "a", order: [writeA, readA] },
        { partition: "b", order: [readB] },
      ],
    });
  });

  test("one that fails is named", () => {
    const history = [call({ register: "a" }, 0, [1, 2]), call({ register: "b" }, 1, [3, 4])];
    expect(checkLinearizable(REGISTERS, history)).toMatchObject({ kind: "violated", partition: "b" });
  });
});
