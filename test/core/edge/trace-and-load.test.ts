/** Trace context and load reports, both read from headers that anybody can write. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Forwarding, setRequestHeaders } from "../../../worker/headers.ts";
import { LoadReports, readUtilizationBps } from "../../../worker/load-report.ts";
import { readRequestFields } from "../../../worker/request-fields.ts";
import { randomHexPool, setTraceHeaders, startTrace } from "../../../worker/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const SPAN = "b".repeat(16);
const ours = (digits: number) => "e".repeat(digits);

const FORWARDING: Forwarding = {
  target: { host: "a.example", authority: "a.example", scheme: "https", path: "/", query: "" },
  clientAddress: undefined,
  protocol: undefined,
  loopId: "fairlead-test",
};

/** What a cluster gets for what a client sends. */
function continued(sent: Record<string, string>, ratio = 0): Record<string, string | null> {
  const client = new Headers(sent);
  const headers = new Headers(client);
  const fields = readRequestFields(client);
  setRequestHeaders(headers, fields, FORWARDING);
  setTraceHeaders(headers, startTrace(fields, { randomHex: ours, ratio }), SPAN);
  return { traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") };
}

describe("a trace at the edge", () => {
  test.each([
    [`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${PARENT}-00`, `00-${TRACE}-${SPAN}-00`],
    [`cc-${TRACE}-${PARENT}-01-what-comes-later`, `00-${TRACE}-${SPAN}-01`],
  ])("%s continues as %s, with its state, whatever is recorded here", (traceparent, expected) => {
    expect(continued({ traceparent, tracestate: "a=1" }, 1)).toEqual({ traceparent: expected, tracestate: "a=1" });
  });

  test("what cannot be continued begins a trace, and its state is dropped", () => {
    const expected = { traceparent: `00-${ours(32)}-${SPAN}-00`, tracestate: null };
    expect(continued({ traceparent: "garbage", tracestate: "a=1" })).toEqual(expected);
    expect(continued({ tracestate: "a=1" })).toEqual(expected);
  });

  test("a trace that begins here says whether it is recorded", () => {
    expect(continued({}, 1).traceparent).toBe(`00-${ours(32)}-${SPAN}-01`);
  });

  test("state that cannot be read is dropped, the trace goes on", () => {
    expect(continued({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=1,b" })).toEqual({
      traceparent: `00-${TRACE}-${SPAN}-01`,
      tracestate: null,
    });
  });

  test("the pool hands out every digit once, refills, and never gives a zero id", () => {
    let fills = 0;
    const next = randomHexPool(() => {
      fills += 1;
      return (fills === 1 ? "00" : "ab").repeat(100);
    });
    expect(next(32)).toBe("ab".repeat(16));
    for (let i = 0; i < 1_000; i += 1) expect(next(16)).toBe("ab".repeat(8));
    expect(fills).toBeGreaterThan(2);
  });
});

describe("readUtilizationBps", () => {
  test.each([
    ["TEXT cpu_utilization=0.3,application_utilization=0.8", 8_000],
    ["cpu_utilization=0.3", 3_000],
    ['JSON {"cpu_utilization": 0.25, "mem_utilization": 0.9}', 2_500],
    ["TEXT application_utilization=1.7", 10_000],
    ["TEXT application_utilization=-1, cpu_utilization=0.5", 5_000],
    ["TEXT rps=5", undefined],
    ["JSON nonsense", undefined],
    ["JSON null", undefined],
    ["BIN AAAA", undefined],
    ["", undefined],
    ["TEXT cpu_utilization=NaN", undefined],
    [`TEXT cpu_utilization=0.3${" ".repeat(1_100)}`, undefined],
  ])("%j says %j", (value, expected) => {
    expect(readUtilizationBps(value)).toBe(expected);
  });

  test("anything else is no report and no error", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const bps = readUtilizationBps(value);
        expect(bps === undefined || (bps >= 0 && bps <= 10_000)).toBe(true);
      }),
    );
  });
});

describe("LoadReports", () => {
  test("smooths with 0.3, moves in steps, and keeps its map while nothing moves", () => {
    const reports = new LoadReports();
    reports.record("a", 5_000, 0);
    reports.record("a", 10_000, 1);
    const first = reports.utilizationBps(2);
    expect(first.get("a")).toBe(6_500);
    reports.record("a", 6_600, 3);
    expect(reports.utilizationBps(4)).toBe(first);
    expect(reports.utilizationBps(60_004).get("a")).toBeUndefined();
  });
});
