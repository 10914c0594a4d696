/** CDN-Loop is read as RFC 8586 writes it; hiding our name in a quote does not hide it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { loopIdOf, namesLoopId } from "../../../worker/cdn-loop.ts";

const ID = loopIdOf("demo");

test.each([
  [null, false],
  ["", false],
  ["cloudflare", false],
  ["cloudflare; subreqs=1", false],
  ["fairlead-demo", true],
  ["Fairlead-DEMO", true],
  ["cloudflare, fairlead-demo", true],
  ["cloudflare;a=b ,  fairlead-demo ; hops=2 , other", true],
  ["fairlead-demo2", false],
  ["x-fairlead-demo", false],
  ["fairlead-staging", false],
  ['cloudflare; via="fairlead-demo"', false],
  ['cloudflare; via="a, fairlead-demo, b"', false],
  ['cloudflare; via="a\\", fairlead-demo, b"', false],
  ['cloudflare; via="a\\\\", fairlead-demo', true],
  // A quote that stays open: our id was pasted behind it.
  ['"open, fairlead-demo', true],
  ['"open', false],
])("%j names us: %j", (value, expected) => {
  expect(namesLoopId(value, ID)).toBe(expected);
});

test("whatever a client sends, the header is recognised once we appended our id", () => {
  fc.assert(
    fc.property(fc.string(), (before) => {
      // An escape at the very end would take the comma in; still an open quote, and refused as such.
      expect(namesLoopId(`${before}, ${ID}`, ID)).toBe(true);
    }),
  );
});
