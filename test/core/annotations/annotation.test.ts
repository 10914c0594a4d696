/** What dashboards are told of a change, and where that goes. */
import { describe, expect, test } from "vitest";
import { annotationOf } from "../../../admin/core/annotations/annotation.ts";
import { isFinalRefusal, readAnnotationSetting } from "../../../admin/core/annotations/annotation-setting.ts";
import { WHOLE } from "../../../admin/core/history/scope.ts";

const COMMITTED = { revision: 42, kind: "drain", author: "ada", reason: "p99 > 2 s & rising", createdAtMs: 1_000 };
const DRAIN = { kind: "drain", target: { kind: "region", name: "eu" }, mode: "graceful", expiresAtMs: 5_000 } as const;

describe("annotationOf", () => {
  test("a drain is a span until it is to end, with who, why and what it is about", () => {
    const scope = { ...WHOLE, regions: ["eu"] };
    const committed = { ...COMMITTED, ticket: "OPS-1" };
    expect(annotationOf({ committed, outcome: DRAIN, scope, environment: "demo" })).toEqual({
      ...{ time: 1_000, timeEnd: 5_000 },
      tags: ["fairlead", "environment:demo", "kind:drain", "revision:42", "region:eu"],
      text: "The region eu is drained (graceful). Revision 42 by ada: p99 &gt; 2 s &amp; rising (OPS-1)",
    });
  });

  test.each(["restore", "withdraw"] as const)("a %s is a rollback, at one moment", (kind) => {
    const outcome =
      kind === "restore"
        ? ({ kind, revision: 3, changes: [], overlaysLeftOut: [] } as const)
        : ({ kind, revision: 3, because: "bugs" } as const);
    const { reason: _, ...committed } = { ...COMMITTED, kind };
    const made = annotationOf({ committed, outcome, scope: WHOLE, environment: "demo" });
    expect(made.tags).toContain("rollback");
    expect(made).not.toHaveProperty("timeEnd");
    expect(made.text).toMatch(/revision 3.*\. Revision 42 by ada$/);
  });

  test("what is about a whole fleet has no tag for each of it, and what is forgotten is told by its kind", () => {
    const clusters = Array.from({ length: 9 }, (_, at) => `c${at}`);
    const scope = { ...WHOLE, clusters, services: ["web"] };
    const made = annotationOf({ committed: COMMITTED, outcome: undefined, scope, environment: "demo" });
    expect(made.tags.filter((tag) => /^(cluster|service):/.test(tag))).toEqual(["service:web"]);
    expect(made.text).toMatch(/^A change of the kind drain\./);
  });
});

describe("readAnnotationSetting", () => {
  test.each([
    [{}, undefined],
    [{ ANNOTATIONS_URL: "" }, undefined],
    [{ ANNOTATIONS_URL: "https://g.example" }, "https://g.example/api/annotations"],
    [{ ANNOTATIONS_URL: "https://g.example/grafana/" }, "https://g.example/grafana/api/annotations"],
  ])("%j: %s", (variables, url) => {
    const read = readAnnotationSetting(variables, false);
    expect(read.ok && read.value?.url).toBe(url);
  });

  test("kinds are those that are named, else those that move traffic", () => {
    const read = (kinds: string) =>
      readAnnotationSetting({ ANNOTATIONS_URL: "https://g", ANNOTATIONS_KINDS: kinds, ANNOTATIONS_TOKEN: "t" }, false);
    expect(read(" apply , restore ")).toMatchObject({ ok: true, value: { kinds: ["apply", "restore"], token: "t" } });
    expect(read("")).toMatchObject({
      ok: true,
      value: { kinds: expect.arrayContaining(["apply", "withdraw", "drain"]) },
    });
    expect(read("apply,deploy")).toMatchObject({
      ok: false,
      error: expect.stringContaining("names deploy; there are"),
    });
  });

  test.each([["http://g.example"], ["g.example"], ["https://u:p@g.example"], ["https://g.example?a=b"]])(
    "%s is refused",
    (url) => {
      expect(readAnnotationSetting({ ANNOTATIONS_URL: url }, false).ok).toBe(false);
    },
  );

  test("plain http is for development", () => {
    expect(readAnnotationSetting({ ANNOTATIONS_URL: "http://127.0.0.1:3000" }, true).ok).toBe(true);
  });
});

test.each([
  [400, true],
  [413, true],
  [422, true],
  [401, false],
  [404, false],
  [429, false],
  [302, false],
  [500, false],
])("an answer of %i is final: %s", (status, expected) => {
  expect(isFinalRefusal(status)).toBe(expected);
});
