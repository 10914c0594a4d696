/** What the live table looks like: `table.golden.txt` is its transcript, read as prose in review. */
import { expect, test } from "vitest";
import { renderTable } from "../../../scripts/demo/table.ts";
import { type Observation, TrafficWindow } from "../../../scripts/demo/traffic-window.ts";

const REGIONS = ["ap-south", "eu-west", "us-east"];

function served(country: string, region: string, color = "blue", revision = "4"): Observation {
  return { country, outcome: { kind: "served", region, cluster: `${region}-${color}`, revision } };
}

function failed(country: string, error: string): Observation {
  return { country, outcome: { kind: "failed", error } };
}

function windowOf(observations: readonly Observation[]): TrafficWindow {
  const window = new TrafficWindow();
  for (const observation of observations) window.record(observation, 1_000);
  return window;
}

test("shows who is served where", async () => {
  const calm = windowOf([
    ...Array.from({ length: 9 }, () => served("IN", "ap-south")),
    served("IN", "ap-south", "green"),
    ...Array.from({ length: 3 }, () => served("DE", "eu-west")),
    served("DE", "us-east"),
    served("US", "us-east"),
    served("T1", "eu-west", "green"),
  ]);
  const mixed = windowOf([
    ...["CN", "IN", "US", "BR", "ID", "RU", "PK", "MX", "JP", "NG", "PH", "EG", "DE", "VN"].map((country) =>
      served(country, "eu-west"),
    ),
    served("DE", "us-east", "blue", "5"),
    failed("GB", "503"),
    failed("GB", "network"),
    failed("DE", "503"),
  ]);
  const shown = [
    ["a quiet moment", calm],
    ["many countries, some failures, just after a change", mixed],
    ["before the first answer", new TrafficWindow()],
  ] as const;
  const transcript = shown.map(([title, window]) => {
    const table = renderTable({
      summary: window.summarize(1_500),
      regions: REGIONS,
      width: 100,
      color: false,
    });
    return `# ${title}\n\n${table}`;
  });
  await expect(transcript.join("\n")).toMatchFileSnapshot("table.golden.txt");
});

test("colours only what is a verdict, and only when asked to", () => {
  const state = {
    summary: windowOf([failed("DE", "503")]).summarize(1_000),
    regions: REGIONS,
    revision: 1,
    width: 100,
  };
  expect(renderTable({ ...state, color: true })).toContain("\x1b[31merrors");
  expect(renderTable({ ...state, color: false })).not.toContain("\x1b");
});

test("no line is wider than the terminal", () => {
  const summary = windowOf([served("DE", "eu-west"), failed("DE", "503")]).summarize(1_000);
  const table = renderTable({ summary, regions: REGIONS, width: 40, color: false });
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBe(40);
});
