/** How alerts come and go: as stories of one service in regions, told in looks ten seconds apart. */
import { describe, expect, test } from "vitest";
import type { Alert } from "../../../admin/core/objectives/alert.ts";
import type { ObjectiveReport } from "../../../admin/core/objectives/judge.ts";
import { GROUP_WAIT_MS, RESOLVE_MS } from "../../../admin/core/objectives/life.ts";
import { reviewAlerts } from "../../../admin/core/objectives/review.ts";
import { HOUR_MS, type Ratios, reportOf, steady } from "./world.ts";

const LOOK_MS = 10_000;
const START_MS = 1_000_000_000;

/** Nothing but the fast rules; what is slower has stories of its own. */
const PAGE: Ratios = { "1h": 0.02, "5m": 0.02, "6h": 0.001 };
const TICKET: Ratios = steady(0.0035);
const FINE: Ratios = steady(0);
/** Nearly there. */
const RISING: Ratios = { "1h": 0.01, "5m": 0.05 };
/** Half an hour ago it was bad, and the 6h rule still holds. */
const FADING: Ratios = { "5m": 0, "30m": 0.02, "1h": 0.02, "6h": 0.01 };
const SILENT = "silent";

type Seen = Readonly<Record<string, Ratios | typeof SILENT>>;

const NOBODY = { "5m": 0, "30m": 0, "1h": 0, "2h": 0, "6h": 0, "1d": 0, "3d": 0 };

function reports(seen: Seen): readonly ObjectiveReport[] {
  return Object.entries(seen).map(([region, ratios]) =>
    ratios === SILENT ? reportOf({}, { region }, NOBODY) : reportOf(ratios, { region }),
  );
}

/** What people are told, as `firing page eu`; global ones as `firing page *eu,us`. */
function told(kind: string, { severity, scope, regions, because }: Alert): string {
  const names = regions.map(({ region }) => region).join(",");
  return `${kind} ${severity} ${scope === "global" ? "*" : ""}${names}${because === undefined ? "" : ` ${because}`}`;
}

class Story {
  #active: readonly Alert[] = [];
  #nowMs = START_MS;
  readonly told: string[] = [];

  /** The regions stay as they are for so long. */
  see(seen: Seen, forMs: number = LOOK_MS): this {
    for (const untilMs = this.#nowMs + forMs; this.#nowMs < untilMs; this.#nowMs += LOOK_MS) {
      const { active, notices } = reviewAlerts(this.#active, reports(seen), this.#nowMs);
      this.#active = active;
      for (const { kind, alert } of notices) this.told.push(told(kind, alert));
    }
    return this;
  }

  get active(): readonly string[] {
    return this.#active.map((alert) => told(alert.state, alert));
  }
}

/** Long enough to be told of what burns, and of its end. */
const BEFORE_TOLD_MS = GROUP_WAIT_MS;
const TOLD_MS = GROUP_WAIT_MS + LOOK_MS;
const OVER_MS = RESOLVE_MS + LOOK_MS;

describe("one region", () => {
  test("is told of once, and once of its end", () => {
    const story = new Story().see({ eu: PAGE, us: FINE }, 2 * HOUR_MS);
    expect(story.told).toEqual(["firing page eu"]);
    expect(story.see({ eu: FINE, us: FINE }, 2 * HOUR_MS).told).toEqual([
      "firing page eu",
      "resolved page eu recovered",
    ]);
    expect(story.active).toEqual([]);
  });

  test("waits a moment first, and what is over by then was nothing", () => {
    const story = new Story().see({ eu: PAGE }, BEFORE_TOLD_MS);
    expect([story.told, story.active]).toEqual([[], ["pending page eu"]]);
    expect(story.see({ eu: FINE }, HOUR_MS).told).toEqual([]);
  });

  test("is not over while it only pauses", () => {
    const story = new Story().see({ eu: PAGE }, TOLD_MS);
    for (let time = 0; time < 10; time += 1) story.see({ eu: FINE }, RESOLVE_MS).see({ eu: PAGE });
    expect(story.told).toEqual(["firing page eu"]);
    expect(story.see({ eu: FINE }, OVER_MS).told).toEqual(["firing page eu", "resolved page eu recovered"]);
  });

  test("is told of again when it comes back after its end", () => {
    const story = new Story().see({ eu: PAGE }, TOLD_MS).see({ eu: FINE }, OVER_MS).see({ eu: PAGE }, TOLD_MS);
    expect(story.told).toEqual(["firing page eu", "resolved page eu recovered", "firing page eu"]);
  });

  test("that falls silent is not well again; after the hour nobody can know any more", () => {
    const story = new Story().see({ eu: PAGE }, TOLD_MS).see({ eu: SILENT }, HOUR_MS - LOOK_MS);
    expect([story.told, story.active]).toEqual([["firing page eu"], ["firing page eu"]]);
    expect(story.see({ eu: SILENT }, 2 * LOOK_MS).told).toEqual(["firing page eu", "resolved page eu noData"]);
  });

  test("that falls silent and speaks again is well when it says so", () => {
    const story = new Story()
      .see({ eu: PAGE }, TOLD_MS)
      .see({ eu: SILENT }, HOUR_MS / 2)
      .see({ eu: FINE }, OVER_MS);
    expect(story.told).toEqual(["firing page eu", "resolved page eu recovered"]);
  });

  test("that promises nothing any more has no alert", () => {
    expect(new Story().see({ eu: PAGE }, TOLD_MS).see({}).told).toEqual(["firing page eu", "resolved page eu removed"]);
    expect(new Story().see({ eu: PAGE }).see({}).active).toEqual([]);
  });
});

describe("severities", () => {
  test("a ticket is told of like a page", () => {
    expect(new Story().see({ eu: TICKET }, TOLD_MS).told).toEqual(["firing ticket eu"]);
  });

  test("while a page is open there is no ticket for the same; it comes afterwards, when it still burns", () => {
    const story = new Story().see({ eu: steady(0.05) }, HOUR_MS);
    expect(story.told).toEqual(["firing page eu"]);
    story.see({ eu: TICKET }, OVER_MS + TOLD_MS);
    expect(story.told).toEqual(["firing page eu", "resolved page eu recovered", "firing ticket eu"]);
  });

  test("a ticket that becomes worse is a page too", () => {
    const story = new Story().see({ eu: TICKET }, TOLD_MS).see({ eu: steady(0.05) }, TOLD_MS);
    expect(story.told).toEqual(["firing ticket eu", "firing page eu"]);
  });
});

describe("several regions", () => {
  test("that burn at once are one alert", () => {
    const story = new Story().see({ eu: PAGE, us: PAGE, ap: FINE }, HOUR_MS);
    expect(story.told).toEqual(["firing page *eu,us"]);
    expect(story.see({ eu: FINE, us: FINE, ap: FINE }, OVER_MS).told).toEqual([
      ...["firing page *eu,us", "resolved page *eu,us recovered"],
    ]);
  });

  test("of which one is a little later are one alert", () => {
    const early = new Story().see({ eu: PAGE, us: FINE }, LOOK_MS).see({ eu: PAGE, us: PAGE }, HOUR_MS);
    expect(early.told).toEqual(["firing page *eu,us"]);
    const rising = new Story().see({ eu: PAGE, us: RISING }, TOLD_MS).see({ eu: PAGE, us: PAGE }, HOUR_MS);
    expect(rising.told).toEqual(["firing page *eu,us"]);
  });

  test("of which one is much later: first the one, then all in its place", () => {
    const story = new Story().see({ eu: PAGE, us: FINE }, TOLD_MS).see({ eu: PAGE, us: PAGE }, TOLD_MS);
    expect(story.told).toEqual(["firing page eu", "resolved page eu grouped", "firing page *eu,us"]);
  });

  test("one after the other have two causes, also while the first still shows in the longer windows", () => {
    const story = new Story().see({ eu: PAGE, us: FINE }, TOLD_MS).see({ eu: FADING, us: PAGE }, TOLD_MS);
    expect(story.told).toEqual(["firing page eu", "firing page us"]);
  });

  test("that join an alert of several are told of as a change of it", () => {
    const story = new Story().see({ eu: PAGE, us: PAGE, ap: FINE }, TOLD_MS);
    story.see({ eu: PAGE, us: PAGE, ap: PAGE }, HOUR_MS);
    expect(story.told).toEqual(["firing page *eu,us", "changed page *eu,us,ap"]);
  });

  test("are one until the last of them is well", () => {
    const story = new Story().see({ eu: PAGE, us: PAGE }, TOLD_MS).see({ eu: PAGE, us: FINE }, HOUR_MS);
    expect(story.told).toEqual(["firing page *eu,us"]);
    expect(story.see({ eu: FINE, us: FINE }, OVER_MS).told).toHaveLength(2);
  });

  test("have tickets together, too", () => {
    expect(new Story().see({ eu: TICKET, us: TICKET }, TOLD_MS).told).toEqual(["firing ticket *eu,us"]);
  });
});

describe("what edges answer themselves", () => {
  test("is an alert of no region", () => {
    expect(new Story().see({ eu: FINE, none: PAGE }, TOLD_MS).told).toEqual(["firing page *none"]);
  });

  test("follows from the region that is down, and is no second one", () => {
    expect(new Story().see({ eu: PAGE, us: FINE, none: PAGE }, HOUR_MS).told).toEqual(["firing page eu"]);
    const later = new Story()
      .see({ eu: PAGE, us: FINE, none: FINE }, TOLD_MS)
      .see({ eu: FADING, us: FINE, none: PAGE }, TOLD_MS);
    expect(later.told).toEqual(["firing page eu"]);
  });

  test("is part of what several regions have", () => {
    expect(new Story().see({ eu: PAGE, us: PAGE, none: PAGE }, HOUR_MS).told).toEqual(["firing page *eu,us,none"]);
  });
});

test("an alert has an id of its own, its evidence, and whom to blame", () => {
  const [alert] = reviewAlerts([], reports({ eu: PAGE }), START_MS).active;
  expect(alert).toMatchObject({
    ...{ id: `page.web.eu.availability.${START_MS}`, severity: "page", service: "web", sli: "availability" },
    regions: [
      {
        ...{ region: "eu", cluster: "eu-web", firedBy: ["page 1h/5m"], objective: { targetPpm: 999_000 } },
        burns: [{ rule: "page 1h/5m", burnRateMax: 14.4, long: { bad: 20_000, total: 1_000_000 } }],
      },
    ],
  });
});

test("services and promises do not know of each other", () => {
  const burning = [
    reportOf(PAGE, { service: "web" }),
    reportOf(PAGE, { service: "api", region: "us" }),
    reportOf(PAGE, { service: "web", region: "us", sli: "latency", thresholdMs: 100 }),
  ];
  const { active } = reviewAlerts([], burning, START_MS);
  expect(active.map(({ id }) => id.split(".").slice(0, 4).join("."))).toEqual([
    ...["page.api.us.availability", "page.web.eu.availability"],
  ]);
});
