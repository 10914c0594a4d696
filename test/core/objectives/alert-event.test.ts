/** What people read of an alert, and whose it is. */
import { expect, test } from "vitest";
import type { Alert } from "../../../admin/core/objectives/alert.ts";
import { type AlertContext, alertEvent, ownersOf } from "../../../admin/core/objectives/alert-event.ts";
import { reviewAlerts } from "../../../admin/core/objectives/review.ts";
import { type Ratios, reportOf } from "./world.ts";

const NOW_MS = 1_772_355_600_000;
const PAGE: Ratios = { "1h": 0.0224, "5m": 0.031 };

const CONTEXT: AlertContext = {
  owners: { clusters: { "eu-web": "team-eu-web" }, regions: { eu: "team-eu" }, services: { web: "team-web" } },
  runbooks: { web: "https://wiki.example.com/web" },
};

function alertOf(regions: Readonly<Record<string, Ratios>>, fields: object = {}): Alert {
  const reports = Object.entries(regions).map(([region, ratios]) => reportOf(ratios, { region, ...fields }));
  const [alert] = reviewAlerts([], reports, NOW_MS).active;
  if (alert === undefined) throw new Error("something burns in these stories");
  return { ...alert, state: "firing", firedAtMs: NOW_MS };
}

test("one region: what, where, how fast, whose, and how to take it out", () => {
  const event = alertEvent({ kind: "firing", alert: alertOf({ eu: PAGE }) }, CONTEXT);
  expect(event).toMatchObject({ type: "alert.firing", severity: "page", atMs: NOW_MS });
  expect(event.summary).toBe(
    "Burning (page): web in eu: availability. eu: 22.4 times as fast as 99.9% allows (1h: 22400 of 1000000, 5m: 31000 of 1000000), most of it in eu-web.",
  );
  expect(event.data).toMatchObject({
    ...{ service: "web", region: "eu", cluster: "eu-web", owner: "team-eu-web", state: "firing" },
    runbook: "https://wiki.example.com/web",
    regions: [{ burns: [{ rule: "page 1h/5m", burnRateMax: 14.4, long: { total: 1_000_000, bad: 22_400 } }] }],
  });
  const [drain] = event.data.commands as readonly { readonly what: string; readonly command: string }[];
  expect(drain).toEqual({
    what: "Drain the region eu",
    command: `curl -X POST "$FAIRLEAD_URL/v1/regions/eu/drain" -H "Authorization: Bearer $FAIRLEAD_TOKEN" -H "Content-Type: application/json" -H "If-Match: *" -d '{"reason":"alert page.web.eu.availability.${NOW_MS}"}'`,
  });
});

test("with the address of the API, commands are ready to paste", () => {
  const event = alertEvent(
    { kind: "firing", alert: alertOf({ eu: PAGE }) },
    { ...CONTEXT, apiUrl: "https://admin.example.com" },
  );
  expect(JSON.stringify(event.data)).toContain("https://admin.example.com/v1/regions/eu/drain");
});

test("several regions: no drain would help, and it is the service's", () => {
  const event = alertEvent({ kind: "firing", alert: alertOf({ eu: PAGE, us: PAGE }) }, CONTEXT);
  expect(event.summary).toContain("web in 2 regions (eu, us)");
  expect(event.owners).toEqual(["team-web"]);
  expect(event.data).not.toHaveProperty("region");
  expect(event.data.commands).toEqual([{ what: "See every region", command: expect.stringContaining("service=web") }]);
});

test("what edges answer themselves is nobody's region", () => {
  const event = alertEvent({ kind: "firing", alert: alertOf({ none: PAGE }) }, CONTEXT);
  expect(event.summary).toContain("web at the edge, where no region could be asked");
  expect(event.data.commands).toHaveLength(1);
});

test("the end says why, and asks for nothing to be done", () => {
  const alert = { ...alertOf({ eu: PAGE }), state: "resolved", resolvedAtMs: NOW_MS + 1, because: "noData" } as const;
  const event = alertEvent({ kind: "resolved", alert }, CONTEXT);
  expect(event.summary).toBe(
    "Over (page): web in eu: availability. There have been too few requests for so long that nobody can say any more whether it has recovered.",
  );
  expect(event.data).toMatchObject({ because: "noData", commands: [] });
});

test("each notice has a key of its own", () => {
  const [one, two] = [alertOf({ eu: PAGE, us: PAGE }), alertOf({ eu: PAGE, us: PAGE, ap: PAGE })];
  const keys = [
    alertEvent({ kind: "firing", alert: one }, CONTEXT).key,
    alertEvent({ kind: "changed", alert: two }, CONTEXT).key,
    alertEvent({ kind: "resolved", alert: two }, CONTEXT).key,
  ];
  expect(new Set(keys).size).toBe(3);
});

// biome-ignore format: a table reads in columns
test.each([
  // owners                                                                           whose
  [{ clusters: {}, regions: {}, services: {} },                                       []],
  [{ clusters: {}, regions: {}, services: { web: "a" } },                             ["a"]],
  [{ clusters: {}, regions: { eu: "b" }, services: { web: "a" } },                    ["b", "a"]],
  [{ clusters: { "eu-web": "c" }, regions: { eu: "b" }, services: { web: "a" } },     ["c", "b", "a"]],
  [{ clusters: { "us-web": "c" }, regions: { us: "b" }, services: { api: "a" } },     []],
  [{ clusters: { "eu-web": "a" }, regions: { eu: "a" }, services: { web: "a" } },     ["a"]],
])("of %j it is %j's", (owners, whose) => {
  expect(ownersOf(alertOf({ eu: PAGE }), { owners })).toEqual(whose);
});
