/** DORA's figures: histories and what they come to, then what holds for all of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AskedFor,
  type DeliveredChange,
  type DeliveryFacts,
  type DeliveryIncident,
  deliveryFigures,
  LOOKBACK_MS,
} from "../../../admin/core/delivery/figures.ts";
import { WHOLE } from "../../../admin/core/history/scope.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WINDOW = { fromMs: 10 * DAY, toMs: 20 * DAY, failureMs: 4 * HOUR };

type Line = readonly [kind: string, atHours: number, about?: string | undefined, backTo?: number];

/** Revisions from 1 on; times in hours after the window begins. `about` is a service, or a region in capitals. */
function facts(
  lines: readonly Line[],
  more: { asked?: readonly AskedFor[]; incidents?: readonly DeliveryIncident[]; nowMs?: number } = {},
): DeliveryFacts {
  return {
    changes: lines.map(([kind, hours, about, backTo], at) => ({
      ...{ revision: at + 1, kind, atMs: WINDOW.fromMs + hours * HOUR },
      scope:
        about === undefined
          ? WHOLE
          : { ...WHOLE, ...(about === about.toUpperCase() ? { regions: [about] } : { services: [about] }) },
      ...(backTo === undefined ? {} : { backTo }),
    })),
    asked: more.asked ?? [],
    incidents: more.incidents ?? [],
    nowMs: more.nowMs ?? WINDOW.toMs + DAY,
  };
}

const at = (hours: number) => WINDOW.fromMs + hours * HOUR;

describe("how often", () => {
  test.each<[string, readonly Line[], number]>([
    ["nothing", [], 0],
    [
      "each kind that brings something new",
      [
        ["apply", 1],
        ["shiftWeights", 2],
        ["switchFlag", 3],
        ["releaseFlag", 4],
        ["batch", 5],
        ["rotateSecret", 6],
      ],
      6,
    ],
    [
      "none that does not",
      [
        ["drain", 1],
        ["undrain", 2],
        ["freeze", 3],
        ["expire", 4],
        ["restore", 5, undefined, 0],
        ["withdraw", 6, undefined, 0],
        ["override", 7],
      ],
      0,
    ],
    [
      "the beginning belongs to the window, the end does not",
      [
        ["apply", -1],
        ["apply", 0],
        ["apply", 239],
        ["apply", 240],
      ],
      2,
    ],
  ])("%s", (_, lines, deployments) => {
    expect(deliveryFigures(facts(lines), WINDOW).deploymentFrequency).toEqual({
      ...{ state: "measured", deployments, days: 10, perDay: deployments / 10 },
    });
  });

  test("a window without time has no figure", () => {
    const figures = deliveryFigures(facts([]), { ...WINDOW, toMs: WINDOW.fromMs });
    expect(figures.deploymentFrequency).toEqual({ state: "noData" });
  });
});

test("without deployments all else is unknown, and not zero", () => {
  const { deploymentFrequency: _, ...others } = deliveryFigures(facts([["drain", 1]]), WINDOW);
  expect(others).toEqual({
    ...{ leadTime: { state: "noData" }, changeFailRate: { state: "noData" } },
    ...{ recoveryTime: { state: "noData" }, rework: { state: "noData" } },
  });
});

describe("how often wrong, and how soon right again", () => {
  const none = { withdrawn: 0, restored: 0, drained: 0, incident: 0 };
  test.each<[string, readonly Line[], Partial<typeof none>, readonly number[]]>([
    // story                                    what happened                                          causes          hours
    [
      "all well",
      [
        ["apply", 1],
        ["apply", 9],
      ],
      {},
      [],
    ],
    [
      "taken back by itself",
      [
        ["apply", 1],
        ["withdraw", 1.5, undefined, 0],
      ],
      { withdrawn: 1 },
      [0.5],
    ],
    [
      "rolled back",
      [
        ["apply", 1],
        ["restore", 3, undefined, 0],
      ],
      { restored: 1 },
      [2],
    ],
    [
      "rolled back, with all that came between",
      [
        ["apply", 1],
        ["apply", 2],
        ["restore", 3, undefined, 0],
      ],
      { restored: 2 },
      [1, 2],
    ],
    [
      "rolled back to the one before",
      [
        ["apply", 1],
        ["apply", 2],
        ["restore", 3, undefined, 1],
      ],
      { restored: 1 },
      [1],
    ],
    [
      "rolled back for something else",
      [
        ["apply", 1, "web"],
        ["restore", 2, "pay", 0],
      ],
      {},
      [],
    ],
    [
      "rolled back too late to be why",
      [
        ["apply", 1],
        ["restore", 6, undefined, 0],
      ],
      {},
      [],
    ],
    [
      "at the last moment",
      [
        ["apply", 1],
        ["restore", 5, undefined, 0],
      ],
      { restored: 1 },
      [4],
    ],
    [
      "drained",
      [
        ["shiftWeights", 1, "EU"],
        ["drain", 2, "EU"],
      ],
      { drained: 1 },
      [1],
    ],
    [
      "drained elsewhere",
      [
        ["shiftWeights", 1, "EU"],
        ["drain", 2, "US"],
      ],
      {},
      [],
    ],
    [
      "only the latest is why a drain came",
      [
        ["apply", 1],
        ["apply", 2],
        ["drain", 3, "EU"],
      ],
      { drained: 1 },
      [1],
    ],
    [
      "drained, then rolled back: once, by what came first",
      [
        ["apply", 1],
        ["drain", 2, "EU"],
        ["restore", 3, undefined, 0],
      ],
      { drained: 1 },
      [1],
    ],
  ])("%s", (_, lines, causes, hours) => {
    const { changeFailRate, recoveryTime } = deliveryFigures(facts(lines), WINDOW);
    expect(changeFailRate).toMatchObject({ failed: hours.length, causes: { ...none, ...causes } });
    const sorted = hours.toSorted((a, b) => a - b);
    expect(recoveryTime).toEqual(
      hours.length === 0
        ? { state: "noData" }
        : {
            ...{ state: "measured", recovered: hours.length, unrecovered: 0 },
            ...{ medianMs: (sorted[Math.ceil(hours.length / 2) - 1] ?? 0) * HOUR, p90Ms: (sorted.at(-1) ?? 0) * HOUR },
          },
    );
  });

  test.each<[string, readonly DeliveryIncident[], number, number, number]>([
    // incidents                                                        failed  over  open
    ["opened soon after, and closed", [{ openedAtMs: at(3), closedAtMs: at(5) }], 1, 1, 0],
    ["still open", [{ openedAtMs: at(3) }], 1, 0, 1],
    ["opened before", [{ openedAtMs: at(0.5), closedAtMs: at(5) }], 0, 0, 0],
    ["opened much later", [{ openedAtMs: at(9), closedAtMs: at(10) }], 0, 0, 0],
  ])("an incident that was %s", (_, incidents, failed, recovered, unrecovered) => {
    const { changeFailRate, recoveryTime } = deliveryFigures(
      facts(
        [
          ["apply", 1],
          ["apply", 2],
        ],
        { incidents },
      ),
      WINDOW,
    );
    expect(changeFailRate).toMatchObject({ failed, deployments: 2, ratio: failed / 2 });
    if (recovered === 0) expect(recoveryTime).toEqual({ state: "noData" });
    else expect(recoveryTime).toMatchObject({ recovered, unrecovered, medianMs: 3 * HOUR });
  });

  test("an incident that a rollback ended is over with the rollback", () => {
    const incidents = [{ openedAtMs: at(2), closedAtMs: at(30) }];
    const figures = deliveryFigures(
      facts(
        [
          ["apply", 1],
          ["restore", 3, undefined, 0],
        ],
        { incidents },
      ),
      WINDOW,
    );
    expect(figures.changeFailRate).toMatchObject({ causes: { ...none, incident: 1 } });
    expect(figures.recoveryTime).toMatchObject({ medianMs: 2 * HOUR });
  });

  test("what was made just now may still fail", () => {
    const lines: Line[] = [
      ["apply", 1],
      ["apply", 5],
      ["apply", 6],
      ["drain", 6.5],
    ];
    const { changeFailRate } = deliveryFigures(facts(lines, { nowMs: at(7) }), WINDOW);
    expect(changeFailRate).toMatchObject({ failed: 1, maturing: 1 });
  });
});

describe("how much was repair", () => {
  test.each<[string, readonly Line[], number]>([
    [
      "nothing failed",
      [
        ["apply", 1],
        ["apply", 2],
      ],
      0,
    ],
    [
      "the fix after a rollback",
      [
        ["apply", 1],
        ["restore", 2, undefined, 0],
        ["apply", 3],
      ],
      1,
    ],
    [
      "the next feature, a day later",
      [
        ["apply", 1],
        ["restore", 2, undefined, 0],
        ["apply", 26],
      ],
      0,
    ],
    [
      "another service meanwhile",
      [
        ["apply", 1, "web"],
        ["restore", 2, "web", 0],
        ["apply", 3, "pay"],
      ],
      0,
    ],
  ])("%s", (_, lines, reworked) => {
    expect(deliveryFigures(facts(lines), WINDOW).rework).toMatchObject({ reworked });
  });
});

describe("how fast", () => {
  const lead = (asked: readonly AskedFor[], lines: readonly Line[] = [["apply", 10]]) =>
    deliveryFigures(facts(lines, { asked }), WINDOW).leadTime;
  const plan = (hours: number, what = "fleet.apply fleet"): AskedFor => ({ atMs: at(hours), what });
  const done = (hours: number, revision: number, what = "fleet.apply fleet"): AskedFor => ({
    ...plan(hours, what),
    revision,
  });

  test.each<[string, readonly AskedFor[], number | undefined]>([
    ["nobody planned it", [done(10, 1)], undefined],
    ["from the first plan", [plan(7), plan(9), done(10, 1)], 3],
    ["a plan of something else", [plan(7, "weights.shift web"), done(10, 1)], undefined],
    ["a plan that was done already", [plan(7), done(8, 99), done(10, 1)], undefined],
    ["a plan from long ago was for something else", [plan(10 - LOOKBACK_MS / HOUR - 1), plan(9), done(10, 1)], 1],
    ["a plan afterwards", [done(10, 1), plan(11)], undefined],
  ])("%s", (_, asked, hours) => {
    const found = lead(asked);
    if (hours === undefined) expect(found).toEqual({ state: "noData" });
    else
      expect(found).toEqual({
        ...{ state: "measured", measured: 1, deployments: 1 },
        medianMs: hours * HOUR,
        p90Ms: hours * HOUR,
      });
  });

  test("an approval counts from when it was asked for, and the earlier one counts", () => {
    const { changes, ...others } = facts([["apply", 10]], { asked: [plan(9), done(10, 1)] });
    const approved = changes.map((change) => ({ ...change, approvalAskedMs: at(4) }));
    expect(deliveryFigures({ ...others, changes: approved }, WINDOW).leadTime).toMatchObject({ medianMs: 6 * HOUR });
  });

  test("says of how many it is known", () => {
    const lines: Line[] = [
      ["apply", 10],
      ["apply", 20],
      ["apply", 30],
    ];
    expect(lead([plan(9), done(10, 1), plan(15), done(20, 2), done(30, 3)], lines)).toMatchObject({
      ...{ measured: 2, deployments: 3, medianMs: HOUR, p90Ms: 5 * HOUR },
    });
  });
});

test("of one service, or one region, counts what may be about it", () => {
  const history = facts([
    ["apply", 1, "web"],
    ["apply", 2, "pay"],
    ["apply", 3],
  ]);
  const count = (about: object) => deliveryFigures(history, WINDOW, { ...WHOLE, ...about }).deploymentFrequency;
  expect(count({ services: ["web"] })).toMatchObject({ deployments: 2 });
  expect(count({ regions: ["EU"] })).toMatchObject({ deployments: 3 });
});

describe("laws", () => {
  const kind = fc.constantFrom("apply", "shiftWeights", "batch", "drain", "restore", "withdraw", "undrain");
  const about = fc.constantFrom(undefined, "web", "pay", "EU");
  const line = fc.tuple(kind, fc.integer({ min: -10, max: 260 }), about);
  const history = fc.array(line, { maxLength: 30 }).map((lines): readonly Line[] => {
    const sorted = lines.toSorted((a, b) => a[1] - b[1]);
    return sorted.map(([of, hours, scope], revision): Line => {
      const goesBack = of === "restore" || of === "withdraw";
      return goesBack ? [of, hours, scope, Math.max(0, revision - 2)] : [of, hours, scope];
    });
  });
  const incidents = fc.array(
    fc.record({ openedAtMs: fc.integer({ min: 0, max: 250 }).map(at), closedAtMs: fc.constant(at(300)) }),
    { maxLength: 4 },
  );

  function counts(all: DeliveryFacts, window: typeof WINDOW): readonly number[] {
    const { deploymentFrequency, changeFailRate, recoveryTime, rework, leadTime } = deliveryFigures(all, window);
    const of = (figure: object, key: string) => Number(Reflect.get(figure, key) ?? 0);
    const causes = Object.values(Reflect.get(changeFailRate, "causes") ?? { a: 0, b: 0, c: 0, d: 0 }).map(Number);
    return [
      ...[of(deploymentFrequency, "deployments"), of(changeFailRate, "failed"), of(changeFailRate, "maturing")],
      ...[of(recoveryTime, "recovered"), of(rework, "reworked"), of(leadTime, "measured"), ...causes],
    ];
  }

  test("the order in which things are told does not matter", () => {
    fc.assert(
      fc.property(history, incidents, fc.infiniteStream(fc.nat()), (lines, opened, keys) => {
        const all = facts(lines, { incidents: opened });
        const shuffled = all.changes.map((change) => ({ change, key: Number(keys.next().value) }));
        const changes = shuffled.toSorted((a, b) => a.key - b.key).map(({ change }) => change);
        const other = { ...all, changes, incidents: opened.toReversed() };
        expect(deliveryFigures(other, WINDOW)).toEqual(deliveryFigures(all, WINDOW));
      }),
    );
  });

  test("the counts of two windows add up to those of both", () => {
    fc.assert(
      fc.property(history, incidents, fc.integer({ min: 1, max: 239 }), (lines, opened, hours) => {
        const all = facts(lines, { incidents: opened });
        const first = counts(all, { ...WINDOW, toMs: at(hours) });
        const second = counts(all, { ...WINDOW, fromMs: at(hours) });
        expect(first.map((count, index) => count + (second[index] ?? 0))).toEqual(counts(all, WINDOW));
      }),
    );
  });

  test("no more fail, are put right or are repair than there are, and each failure has one cause", () => {
    fc.assert(
      fc.property(history, incidents, (lines, opened) => {
        const [made = 0, failed = 0, maturing = 0, recovered = 0, reworked = 0, , ...causes] = counts(
          facts(lines, { incidents: opened }),
          WINDOW,
        );
        expect(failed + maturing).toBeLessThanOrEqual(made);
        expect(recovered).toBeLessThanOrEqual(failed);
        expect(reworked).toBeLessThanOrEqual(made);
        expect(causes.reduce((sum, count) => sum + count, 0)).toBe(failed);
      }),
    );
  });
});

test("a change that is told twice is one", () => {
  const all = facts([
    ["apply", 1],
    ["restore", 2, undefined, 0],
  ]);
  const twice: DeliveredChange[] = [...all.changes, ...all.changes];
  expect(deliveryFigures({ ...all, changes: twice }, WINDOW)).toEqual(deliveryFigures(all, WINDOW));
});
