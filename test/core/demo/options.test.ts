import path from "node:path";
import { expect, test } from "vitest";
import { parseStartOptions } from "../../../scripts/demo/options.ts";

const DEFAULTS = { kind: "start", traffic: true, portBase: 8787, stateFolder: path.resolve(".fairlead") };

test.each([
  [[], DEFAULTS],
  [["--no-traffic"], { ...DEFAULTS, traffic: false }],
  [["--port-base", "9000"], { ...DEFAULTS, portBase: 9000 }],
  [["--port-base=1024"], { ...DEFAULTS, portBase: 1024 }],
  [["--port-base", "65000"], { ...DEFAULTS, portBase: 65_000 }],
  [["--state", "elsewhere"], { ...DEFAULTS, stateFolder: path.resolve("elsewhere") }],
  [["--help"], { kind: "help" }],
])("%j is understood", (args, options) => {
  expect(parseStartOptions(args)).toEqual({ ok: true, value: options });
});

test.each([
  [["--port-base", "1023"], /1024 to 65000, not "1023"/],
  [["--port-base", "65001"], /1024 to 65000/],
  [["--port-base", "8787x"], /not "8787x"/],
  [["--port-base"], /port-base/],
  [["--state", ""], /must name a folder/],
  [["--trafic"], /--trafic/],
  [["now"], /now/],
])("%j is refused and says why", (args, why) => {
  const parsed = parseStartOptions(args);
  expect(parsed.ok ? "accepted" : parsed.error).toMatch(why);
});
