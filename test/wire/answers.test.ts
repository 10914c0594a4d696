/**
 * Answers on their way to a client: the same bytes from the origin, received direct and through the edge, look alike
 * except where a row says so and why. Every row runs twice, because the edge has two ways to hand an answer on: the very
 * one, and a copy when a field of it has to go.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer, rawAnswer } from "../faults/answers.ts";
import type { Ending } from "../faults/raw-client.ts";
import { type AnswerRow, CONTENT, CUT, FIELDS, GZIP, gone, HOP_BY_HOP, raw, STATUSES, whole } from "./answer-rows.ts";
import { ADDED_TO_ANSWERS, type Differences, differences } from "./differences.ts";
import { type Lanes, openLanes, requestText } from "./lanes.ts";

let lanes: Lanes;
beforeAll(async () => {
  lanes = await openLanes();
});
afterAll(() => lanes.dispose());

type Way = { readonly way: string; readonly more: readonly string[]; readonly differs: Differences };

const WAYS: readonly Way[] = [
  { way: "handed on", more: [], differs: {} },
  {
    way: "copied, because a nominated field has to go",
    more: ["Connection: X-Hop", "X-Hop: 1"],
    differs: { connection: gone("X-Hop"), "x-hop": gone("1") },
  },
];

async function receiveBothWays({ steps, method = "GET" }: AnswerRow, more: readonly string[]) {
  const request = requestText({ method });
  const rules = { answer: () => steps(more) };
  const direct = await lanes.send("direct", { request, method }, rules);
  const edge = await lanes.send("edge", { request, method }, rules);
  expect(edge.received).toHaveLength(1);
  return { before: direct.client, after: edge.client };
}

/** A row that brings a Connection line of its own has one way only. */
function bringsConnection({ steps }: AnswerRow): boolean {
  return steps([]).some((step) => step.kind === "send" && /\r\nConnection:/.test(step.bytes.toString("latin1")));
}

describe.each(WAYS)("$way:", ({ more, differs }) => {
  const rowsOf = (rows: readonly AnswerRow[]) => rows.filter((row) => more.length === 0 || !bringsConnection(row));

  describe.each([
    { group: "fields", rows: rowsOf(FIELDS) },
    { group: "statuses", rows: rowsOf(STATUSES).filter((row) => more.length === 0 || !isBeyond599(row)) },
    { group: "content", rows: rowsOf(CONTENT) },
  ])("$group", ({ rows }) => {
    test.each(rows)("$what", async (row) => {
      const { before, after } = await receiveBothWays(row, more);
      expect(after).toMatchObject({ status: before.status, ending: "complete" });
      expect(differences(before, after, ADDED_TO_ANSWERS)).toEqual({ ...row.differs, ...differs });
      expect(after.content.equals(before.content)).toBe(true);
    });
  });

  describe("answers that break off are seen to", () => {
    test.each(rowsOf(CUT))("$what", async (row) => {
      const { before, after } = await receiveBothWays(row, more);
      expect(after).toMatchObject({ status: 200, ending: "cut" satisfies Ending });
      expect(differences(before, after, ADDED_TO_ANSWERS)).toEqual({ ...row.differs, ...differs });
    });
  });
});

function isBeyond599({ what }: AnswerRow): boolean {
  return Number.parseInt(what, 10) > 599;
}

describe("what cannot be copied", () => {
  // `new Response` takes 200 to 599 only. A hop-by-hop field too many is better than an error of ours.
  test.each(["600 Odd", "999 Oddest"])("%s passes with its nominated fields", async (status) => {
    const { after } = await receiveBothWays({ what: status, steps: whole(status) }, ["Connection: X-Hop", "X-Hop: 1"]);
    expect(after.status).toBe(Number.parseInt(status, 10));
    expect(after.content.toString()).toBe("ok");
  });
});

describe("what does not reach the client", () => {
  test.each([
    ["100 Continue", []],
    ["102 Processing", []],
    ["103 Early Hints", ["Link: </a.css>; rel=preload"]],
  ])("%s before the answer", async (status, lines) => {
    const steps = () => [rawAnswer({ status, lines }), answer({ status: "200 OK", content: "ok" })];
    const { before, after } = await receiveBothWays({ what: status, steps }, []);
    expect(before.interim).toEqual([`HTTP/1.1 ${status}`]);
    expect(after).toMatchObject({ status: 200, interim: [] });
    expect(after.content.toString()).toBe("ok");
  });

  test("trailers, and they do not become headers", async () => {
    const steps = raw("200 OK", ["Transfer-Encoding: chunked", "Trailer: X-Sum"], "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
    const { before, after } = await receiveBothWays({ what: "trailers", steps }, []);
    expect(before.trailers).toEqual(["X-Sum: 1"]);
    expect(after.trailers).toEqual([]);
    expect(differences(before, after, ADDED_TO_ANSWERS), "a Worker can neither read nor send trailers").toEqual({
      trailer: gone("X-Sum"),
    });
  });

  test("content of a 205, which has none", async () => {
    const { after } = await receiveBothWays({ what: "205", steps: whole("205 Reset Content") }, []);
    expect(after).toMatchObject({ status: 205, ending: "complete" });
    expect(after.content).toHaveLength(0);
  });

  test("fields that Connection nominates, apart from framing and coding", async () => {
    const lines = ["Connection: Content-Length, Content-Encoding, X-Hop", "X-Hop: 1", "Content-Encoding: gzip"];
    const { before, after } = await receiveBothWays({ what: "nominated", steps: whole("200 OK", lines, GZIP) }, []);
    expect(differences(before, after, ADDED_TO_ANSWERS), HOP_BY_HOP).toEqual({
      connection: gone("Content-Length, Content-Encoding, X-Hop"),
      "x-hop": gone("1"),
    });
    expect(after.content.equals(GZIP)).toBe(true);
  });
});
