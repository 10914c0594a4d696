/**
 * A service in four regions for hours on end, by seed: regions fail one after the other, or all at once, and people are
 * called exactly once for each of these. The rules at work judge real counts, ten seconds of traffic at a time.
 */
import { describe, expect, test } from "vitest";
import type { Alert } from "../../../admin/core/objectives/alert.ts";
import { judgeAll } from "../../../admin/core/objectives/judge.ts";
import type { AlertNotice } from "../../../admin/core/objectives/life.ts";
import { reviewAlerts } from "../../../admin/core/objectives/review.ts";
import { type Random, seededRandom } from "../../faults/random.ts";
import { inFullRun } from "../../full-run.ts";
import { counted, HOUR_MS, MINUTE_MS, objective } from "./world.ts";

const LOOK_MS = 10_000;
const REGIONS = ["ap", "eu", "sa", "us"] as const;
const OBJECTIVES = REGIONS.map((region) => objective({ region }));
/** What fails in any region at any time: a fifth of the budget. */
const ALWAYS_RATIO = 0.0002;

type Outage = { readonly region: string; readonly fromMs: number; readonly untilMs: number; readonly ratio: number };

/** The days before the story: windows that are nearly empty make much of little. */
const BEFORE = { total: 10_000_000, bad: 10_000_000 * ALWAYS_RATIO };

/** Requests and failures since the beginning, look by look. */
class Traffic {
  readonly #sums = new Map(REGIONS.map((region) => [region as string, [{ total: 0, bad: 0 }, BEFORE]]));

  add(random: Random, nowMs: number, outages: readonly Outage[]): void {
    for (const [region, sums] of this.#sums) {
      const total = 200 + Math.floor(random() * 800);
      const outage = outages.find((one) => one.region === region && nowMs >= one.fromMs && nowMs < one.untilMs);
      const expected = total * (outage?.ratio ?? ALWAYS_RATIO);
      const bad = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
      const before = sums.at(-1) ?? { total: 0, bad: 0 };
      sums.push({ total: before.total + total, bad: before.bad + bad });
    }
  }

  over(windowMs: number) {
    return [...this.#sums].map(([region, sums]) => {
      const last = sums.length - 1;
      const [from, until] = [sums[Math.max(0, last - windowMs / LOOK_MS)], sums[last]];
      const [total, bad] = [(until?.total ?? 0) - (from?.total ?? 0), (until?.bad ?? 0) - (from?.bad ?? 0)];
      return counted({ region, cluster: `${region}-web`, total, bad });
    });
  }
}

/** What people were told, and what holds at every look. */
function run(random: Random, outages: readonly Outage[], untilMs: number): readonly AlertNotice[] {
  const traffic = new Traffic();
  let active: readonly Alert[] = [];
  const told: AlertNotice[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += LOOK_MS) {
    traffic.add(random, nowMs, outages);
    const reports = judgeAll(OBJECTIVES, (windowMs) => ({ atMs: nowMs, counts: traffic.over(windowMs) }));
    const reviewed = reviewAlerts(active, reports, nowMs);
    active = reviewed.active;
    told.push(...reviewed.notices);
    const paged = active.filter(({ severity }) => severity === "page").flatMap(({ regions }) => regions);
    expect(new Set(paged.map(({ region }) => region)).size).toBe(paged.length);
  }
  const ids = (kind: string) => told.filter((notice) => notice.kind === kind).map(({ alert }) => alert.id);
  expect(new Set(ids("firing")).size).toBe(ids("firing").length);
  expect(ids("firing")).toEqual(expect.arrayContaining(ids("resolved")));
  expect(active.filter(({ severity }) => severity === "page")).toEqual([]);
  return told;
}

function pages(told: readonly AlertNotice[]): readonly string[] {
  return told
    .filter(({ kind, alert }) => kind === "firing" && alert.severity === "page")
    .map(({ alert }) => `${alert.scope} ${alert.regions.map(({ region }) => region).join(",")}`);
}

const SEEDS = Array.from({ length: inFullRun({ slice: 4, full: 100 }) }, (_, index) => index + 1);

describe.each(SEEDS)("seed %i", (seed) => {
  test("regions that fail one after the other are one page each, about that region alone", () => {
    const random = seededRandom(seed);
    const order = REGIONS.map((region) => ({ region, draw: random() })).sort((a, b) => a.draw - b.draw);
    const outages = order.map(({ region }, index): Outage => {
      const fromMs = (1 + index) * HOUR_MS + Math.floor(random() * 10) * MINUTE_MS;
      return { region, fromMs, untilMs: fromMs + (8 + random() * 12) * MINUTE_MS, ratio: 0.2 + random() * 0.8 };
    });
    const told = run(random, outages, 7 * HOUR_MS);
    expect(pages(told)).toEqual(order.map(({ region }) => `regional ${region}`));
  });

  test("regions that fail at once are one page", () => {
    const random = seededRandom(seed);
    const untilMs = HOUR_MS + (5 + random() * 20) * MINUTE_MS;
    const outages = REGIONS.map((region): Outage => {
      return { region, fromMs: HOUR_MS + random() * LOOK_MS, untilMs, ratio: 0.5 + random() * 0.5 };
    });
    const told = run(random, outages, 3 * HOUR_MS);
    expect(pages(told)).toEqual([expect.stringContaining("global")]);
    // A region that failed least may have joined a moment later; in the end all of them are in the one alert.
    const last = told.filter(({ alert }) => alert.severity === "page").at(-1);
    expect([last?.kind, last?.alert.regions.map(({ region }) => region).sort()]).toEqual(["resolved", [...REGIONS]]);
  });

  test("when nothing fails more than it always does, nobody is told anything", () => {
    expect(run(seededRandom(seed), [], 2 * HOUR_MS)).toEqual([]);
  });
});
