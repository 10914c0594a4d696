/** How often the platform is asked whether it records a request. */
import { expect, test } from "vitest";
import { ASKED_EVERY, IN_VAIN_MAX, seldomAsked } from "../../../worker/seldom-asked.ts";

const TRACE = "8068f88d50e9b453b8291be34f2e361b";

class Platform {
  asked = 0;
  recorded: boolean = false;
  readonly tracing = seldomAsked({
    traceId: () => {
      this.asked += 1;
      return this.recorded ? TRACE : undefined;
    },
    within: (name, work) => work({ spanId: name, describe: () => undefined }),
  });

  /** How many of so many requests it is asked about. */
  requests(count: number): number {
    const before = this.asked;
    for (let request = 0; request < count; request += 1) this.tracing.traceId();
    return this.asked - before;
  }
}

test("about each, until it has said no to very many; then about few", () => {
  const platform = new Platform();
  expect(platform.requests(IN_VAIN_MAX)).toBe(IN_VAIN_MAX);
  expect(platform.requests(100 * ASKED_EVERY)).toBe(100);
});

test("about each again as soon as one is recorded", () => {
  const platform = new Platform();
  platform.requests(IN_VAIN_MAX + 100);
  platform.recorded = true;
  platform.requests(ASKED_EVERY);
  platform.recorded = false;
  expect(platform.requests(IN_VAIN_MAX)).toBe(IN_VAIN_MAX);
});

test("about each for ever where one of a thousand is recorded, and each that is recorded is told", () => {
  const platform = new Platform();
  let told = 0;
  for (let request = 0; request < 5 * IN_VAIN_MAX; request += 1) {
    platform.recorded = request % 1_000 === 999;
    if (platform.tracing.traceId() === TRACE) told += 1;
  }
  expect([platform.asked, told]).toEqual([5 * IN_VAIN_MAX, 50]);
});

test("spans are the platform's own", () => {
  expect(new Platform().tracing.within("fairlead.decide", ({ spanId }) => spanId)).toBe("fairlead.decide");
});
