/** What a route may match, at its edges: hosts, paths, and two routes that nothing tells apart. */
import { expect, test } from "vitest";
import { type Case, testCases } from "./cases.ts";
import { findingsOf, route, soundBut } from "./fixtures.ts";

const match = (fields: object) => ({ match: { hosts: ["web.example.org"], ...fields } });
const paths = (...list: object[]) => match({ paths: list });

const CASES: Readonly<Record<string, readonly Case[]>> = {
  hosts: [
    ["a wildcard in front", [route("web", { match: { hosts: ["*.example.org", "*"] } })], []],
    ["a wildcard inside", [route("web", { match: { hosts: ["web.*.org"] } })], ["field.format 5/spec/match/hosts/0"]],
    ["a port", [route("web", { match: { hosts: ["web.example.org:80"] } })], ["field.format 5/spec/match/hosts/0"]],
    [
      "a wildcard before an address",
      [route("web", { match: { hosts: ["*.0.0.1"] } })],
      ["host.syntax 5/spec/match/hosts/0"],
    ],
    ["an address in octal", [route("web", { match: { hosts: ["127.0.0.01"] } })], ["host.syntax 5/spec/match/hosts/0"]],
    ["addresses", [route("web", { match: { hosts: ["127.0.0.1", "[::1]"] } })], []],
    ["a label of 63", [route("web", { match: { hosts: [`${"a".repeat(63)}.org`] } })], []],
    [
      "a label of 64",
      [route("web", { match: { hosts: [`${"a".repeat(64)}.org`] } })],
      ["host.syntax 5/spec/match/hosts/0"],
    ],
  ],
  paths: [
    [
      "good ones",
      [
        route(
          "web",
          paths({ prefix: "/" }, { prefix: "/a" }, { exact: "/a/" }, { pattern: "/a/:b/c/:d" }, { exact: "/%7Ea" }),
        ),
      ],
      [],
    ],
    [
      "a prefix with a slash at the end",
      [route("web", paths({ prefix: "/a/" }))],
      ["path.syntax 5/spec/match/paths/0/prefix"],
    ],
    ["an empty segment", [route("web", paths({ exact: "/a//b" }))], ["path.syntax 5/spec/match/paths/0/exact"]],
    ["dots", [route("web", paths({ exact: "/a/../b" }))], ["path.syntax 5/spec/match/paths/0/exact"]],
    ["encoded dots", [route("web", paths({ prefix: "/a/.%2E" }))], ["path.syntax 5/spec/match/paths/0/prefix"]],
    ["three dots", [route("web", paths({ exact: "/a/.../b" }))], []],
    ["a query", [route("web", paths({ exact: "/a?b" }))], ["path.syntax 5/spec/match/paths/0/exact"]],
    ["a fragment", [route("web", paths({ exact: "/a#b" }))], ["path.syntax 5/spec/match/paths/0/exact"]],
    ["a backslash", [route("web", paths({ exact: "/a\\b" }))], ["path.syntax 5/spec/match/paths/0/exact"]],
    ["half an escape", [route("web", paths({ exact: "/a%2" }))], ["path.syntax 5/spec/match/paths/0/exact"]],
    [
      "a pattern without parameters",
      [route("web", paths({ pattern: "/a" }))],
      ["path.syntax 5/spec/match/paths/0/pattern"],
    ],
    [
      "a parameter without a name",
      [route("web", paths({ pattern: "/a/:" }))],
      ["path.syntax 5/spec/match/paths/0/pattern"],
    ],
    ["a parameter twice", [route("web", paths({ pattern: "/:a/:a" }))], ["path.syntax 5/spec/match/paths/0/pattern"]],
    ["64 segments", [route("web", paths({ exact: "/a".repeat(64) }))], []],
    ["65 segments", [route("web", paths({ exact: "/a".repeat(65) }))], ["path.syntax 5/spec/match/paths/0/exact"]],
  ],
  ties: [
    ["the same host", [route("b")], ["route.tie 6/spec/match"]],
    ["another host", [route("b", { match: { hosts: ["*.example.org"] } })], []],
    [
      "the same pattern but for names",
      [route("web", paths({ pattern: "/a/:b" })), route("b", paths({ pattern: "/a/:c" }))],
      ["route.tie 6/spec/match/paths/0"],
    ],
    ["a pattern and a literal", [route("web", paths({ pattern: "/a/:b" })), route("b", paths({ exact: "/a/b" }))], []],
    ["any path and the root prefix", [route("b", paths({ prefix: "/" }))], ["route.tie 6/spec/match/paths/0"]],
    ["exact and prefix", [route("web", paths({ exact: "/a" })), route("b", paths({ prefix: "/a" }))], []],
    [
      "overlapping methods",
      [route("web", match({ methods: ["GET", "POST"] })), route("b", match({ methods: ["POST"] }))],
      ["route.tie 6/spec/match"],
    ],
    ["other methods", [route("web", match({ methods: ["GET"] })), route("b", match({ methods: ["POST"] }))], []],
    ["a stated method and none", [route("b", match({ methods: ["GET"] }))], []],
    ["more header conditions", [route("b", match({ headers: [{ name: "x-a" }] }))], []],
    [
      "two headers that can come together",
      [route("web", match({ headers: [{ name: "x-a" }] })), route("b", match({ headers: [{ name: "x-b" }] }))],
      ["route.tie 6/spec/match"],
    ],
    [
      "one header with two values",
      [
        route("web", match({ headers: [{ name: "x-a", value: "1" }] })),
        route("b", match({ headers: [{ name: "x-a", value: "2" }] })),
      ],
      [],
    ],
    [
      "one header with and without a value",
      [
        route("web", match({ headers: [{ name: "x-a", value: "1" }] })),
        route("b", match({ headers: [{ name: "x-a" }] })),
      ],
      ["route.tie 6/spec/match"],
    ],
  ],
};

testCases(CASES);

test("a hundred equal routes give a hundred findings, not one for each pair", () => {
  const equal = Array.from({ length: 100 }, (_, index) => route(`route-${index}`));
  expect(findingsOf(soundBut(...equal))).toHaveLength(100);
});

test("hosts times paths of all routes are bounded", () => {
  const list = (length: number, text: (index: number) => unknown) => Array.from({ length }, (_, index) => text(index));
  const big = (name: string, count: number) =>
    route(name, {
      match: {
        hosts: list(100, (index) => `${name}-${index}.example.org`),
        paths: list(count, (index) => ({ exact: `/${index}` })),
      },
    });
  const routes = ["a", "b", "c", "d"].map((name) => big(name, 100));
  // With the one entry of route `web`: 50,001, then 49,901.
  expect(findingsOf(soundBut(...routes, big("e", 100)))).toEqual(["limit.exceeded 10/spec/match"]);
  expect(findingsOf(soundBut(...routes, big("e", 99)))).toEqual([]);
});
