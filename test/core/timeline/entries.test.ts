/** What alerts look like in the timeline: the sentence that people were told, and what it is about. */
import { describe, expect, test } from "vitest";
import type { Alert } from "../../../admin/core/objectives/alert.ts";
import { alertEntry, alertTold } from "../../../admin/core/timeline/entries.ts";

const AT_MS = 1_772_355_600_000;

function alert(regions: Readonly<Record<string, string | undefined>>): Alert {
  return {
    ...{ id: "page.web.eu-west.availability.1", severity: "page", service: "web", sli: "availability" },
    scope: Object.keys(regions).length === 1 ? "regional" : "global",
    regions: Object.entries(regions).map(([region, cluster]) => ({
      ...{ region, objective: { targetPpm: 999_000, window: "30d" }, burns: [], firedBy: [] },
      ...(cluster === undefined ? {} : { cluster }),
    })),
    ...{ state: "firing", sinceMs: AT_MS - 20_000, firedAtMs: AT_MS, knownAtMs: AT_MS },
  };
}

describe("an alert", () => {
  test.each([
    // regions and where it comes from       is about regions        and clusters
    [{ "eu-west": "eu-west-blue" }, ["eu-west"], ["eu-west-blue"]],
    [{ "eu-west": undefined }, ["eu-west"], []],
    [
      { "us-east": "us-east-blue", "eu-west": "eu-west-blue" },
      ["eu-west", "us-east"],
      ["eu-west-blue", "us-east-blue"],
    ],
    [{ "us-east": "us-east-blue", "eu-west": undefined }, ["eu-west", "us-east"], []],
    [{ "us-east": "none" }, ["us-east"], []],
    [{ none: undefined }, [], []],
    [{ "us-east": "us-east-blue", none: undefined }, [], []],
  ])("of %j is about %j, %j", (from, regions, clusters) => {
    const { scope } = alertTold({ kind: "firing", alert: alert(from) }, AT_MS);
    expect(scope).toEqual({ services: ["web"], regions, clusters });
  });

  test.each([
    ["firing", "alert.firing", "Burning (page): web in eu-west: availability.", "/v1/alerts"],
    ["changed", "alert.changed", "Wider (page): web in eu-west: availability.", "/v1/alerts"],
    ["resolved", "alert.resolved", "Over (page): web in eu-west: availability.", "/v1/alerts/history"],
  ] as const)("that is %s is %s", (kind, event, begins, link) => {
    const told = alertTold({ kind, alert: alert({ "eu-west": undefined }) }, AT_MS);
    const entry = alertEntry({ ...told, number: 7 });
    expect(entry).toMatchObject({ kind: "alert", number: 7, atMs: AT_MS, event, link });
    expect(entry.title.startsWith(begins)).toBe(true);
  });
});
