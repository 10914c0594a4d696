/** Time is vitest's here: nothing waits. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startLiveTable } from "../../../scripts/demo/live-table.ts";
import { TrafficWindow } from "../../../scripts/demo/traffic-window.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function written(options: { isTTY: boolean; noColor: boolean; forMs: number }): string[] {
  const texts: string[] = [];
  const table = startLiveTable({
    output: { isTTY: options.isTTY, columns: () => undefined, write: (text) => texts.push(text) },
    state: () => ({ summary: new TrafficWindow().summarize(0), regions: ["eu-west"] }),
    noColor: options.noColor,
  });
  vi.advanceTimersByTime(options.forMs);
  table.stop();
  vi.advanceTimersByTime(60_000);
  return texts;
}

test("a terminal is redrawn in place each second, over exactly the lines that were there", () => {
  const [first = "", second = "", ...more] = written({ isTTY: true, noColor: true, forMs: 2_500 });
  expect(more).toEqual([]);
  const lines = first.split("\n").length - 1;
  expect(second).toBe(`\x1b[${lines}A\x1b[0J${first}`);
});

test("anything else gets a plain block every five seconds", () => {
  const texts = written({ isTTY: false, noColor: false, forMs: 11_000 });
  expect(texts).toHaveLength(2);
  expect(texts.join("")).not.toContain("\x1b");
});

test.each([
  [false, true],
  [true, false],
])("with NO_COLOR set: %s, a terminal sees colours: %s", (noColor, colors) => {
  const [first = ""] = written({ isTTY: true, noColor, forMs: 1_000 });
  expect(first.includes("\x1b[32m")).toBe(colors);
});
