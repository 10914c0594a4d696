/** `/v1/events` through the API: what is told, to whom, from where on, and that no stream is for ever. */
import { evictDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LISTENERS_MAX } from "../../../admin/core/events/listeners.ts";
import { passTime, stopTime } from "./fleet-object.ts";
import { healthObject, passIntervals, soon, startTime, switchTo } from "./health-objects.ts";
import { type Answer, get, send, smallFleet, TOKEN } from "./support.ts";

beforeEach(stopTime);
afterEach(startTime);

type Told = { readonly id: number; readonly event: string; readonly data: { readonly [field: string]: unknown } };

/** As a browser would read it; comments and retries left out. */
function read(text: string): readonly Told[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s) as [string, string])); // a name and a value
    const [id, event, data] = [fields.get("id"), fields.get("event"), fields.get("data")];
    return event === undefined ? [] : [{ id: Number(id), event, data: JSON.parse(data ?? "") }];
  });
}

/** For a moment: what there is right now. */
async function listen(lastEventId?: number | string): Promise<readonly Told[]> {
  const asking = get("/v1/events?for=1ms", headersFor(lastEventId));
  let answer: Answer | undefined;
  while (answer === undefined) {
    passTime(1);
    answer = await Promise.race([asking, scheduler.wait(2)]).then((won) => won ?? undefined);
  }
  expect(answer).toMatchObject({ status: 200 });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  return read(answer.body);
}

function headersFor(lastEventId?: number | string): Record<string, string> {
  return lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) };
}

async function declare(): Promise<void> {
  await send("PUT", "/v1/fleet", { documents: smallFleet({ eu: "/switchable/events", us: "/ok/events" }) });
  await passIntervals(1);
}

const namesOf = (told: readonly Told[]) => told.map(({ event }) => event);

/** A stream that stays open, and what has come of it so far. Not held to the contract, which wants whole answers. */
async function follow(query = "", headers: Record<string, string> = {}) {
  const worker = (exports as unknown as { readonly default: Fetcher }).default; // as in support.ts
  const request = new Request(`http://admin/v1/events${query}`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
  });
  const response = await worker.fetch(request);
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const decoder = new TextDecoder();
  const heard = { text: "", ended: false };
  let left = false;
  const reading = (async () => {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      heard.text += decoder.decode(part.value);
    heard.ended = true;
  })().catch((cause: unknown) => {
    // A read that is under way when we leave may be answered with an error.
    if (!left) throw cause;
  });
  const leave = async () => {
    left = true;
    await reader?.cancel();
  };
  return { response, heard, reading, leave };
}

describe("GET /v1/events", () => {
  test("begins with a number to go on from, and tells only what comes then", async () => {
    expect(await listen()).toEqual([{ id: 0, event: "ready", data: { after: 0 } }]);
    await declare();
    expect(await listen()).toEqual([{ id: 8, event: "ready", data: { after: 8 } }]);
  });

  test("goes on after the last event that was heard, in order, as the history has it", async () => {
    await declare();
    const told = await listen(3);
    expect(told.map(({ id }) => id)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(namesOf(told)).toEqual(["ready", ...told.slice(1).map(({ data }) => `health.${data.kind}`)]);
    const { transitions } = (await get("/v1/health/transitions?limit=5")).body;
    expect(told.slice(1).map(({ data }) => data)).toEqual(transitions.toReversed());
    // And after a crash.
    await evictDurableObject(healthObject());
    expect(await listen(3)).toEqual(told);
  });

  test("says so when it cannot go on from there", async () => {
    await declare();
    expect(await listen(99)).toEqual([{ id: 8, event: "missed", data: { after: 8 } }]);
  });

  test("tells what happens while it is open, and ends by itself", async () => {
    await declare();
    const { response, heard, reading } = await follow();
    expect(response.headers.get("cache-control")).toBe("no-store");
    await soon(async () => expect(namesOf(read(heard.text))).toEqual(["ready"]));
    await switchTo("events", 503);
    await passIntervals(2);
    await soon(async () =>
      expect(read(heard.text)).toContainEqual({
        ...{ id: expect.any(Number), event: "health.cluster" },
        data: expect.objectContaining({ cluster: "eu-west-blue", from: "healthy", to: "unhealthy" }),
      }),
    );
    passTime(16_000);
    await soon(async () => expect(heard.text).toMatch(/\n\n:\n\n$/));
    expect(heard.ended).toBe(false);
    passTime(5 * 60_000);
    await reading;
    expect(heard.ended).toBe(true);
  });

  test("drift that is too old is told like that", async () => {
    await healthObject().noteDriftAlarm({
      ...{ kind: "overdue", atMs: Date.now(), clusters: ["eu-west-blue"] },
      ...{ drift: ["declared/eu-west-blue/version"], sentences: ["eu-west-blue reports another version."] },
    });
    const [, told] = await listen(0);
    expect(told).toMatchObject({ id: 1, event: "drift.overdue", data: { clusters: ["eu-west-blue"] } });
    // It is no change of health.
    expect((await get("/v1/health/transitions")).body.transitions).toEqual([]);
  });

  test("has room for so many, and for another when one has left", async () => {
    const { leave, heard } = await follow();
    await soon(async () => expect(heard.text).not.toBe(""));
    const others = Array.from({ length: LISTENERS_MAX - 1 }, (_, index) => `other-${index}`);
    for (const listener of others) await healthObject().listen({ listener, after: undefined });
    const refused: Answer = await get("/v1/events");
    expect(refused).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(refused.headers.get("retry-after")).toBe("10");
    await leave();
    await soon(async () => expect(namesOf(await listen())).toEqual(["ready"]));
  });

  test("ends when the health object fails, and is a problem when it fails from the beginning", async () => {
    const { reading, heard } = await follow();
    await soon(async () => expect(heard.text).not.toBe(""));
    await send("POST", "/v1/development/fail", { object: "health", failing: true });
    await reading;
    expect((await get("/v1/events")).status).toBe(500);
    await send("POST", "/v1/development/fail", { object: "health", failing: false });
    expect(namesOf(await listen())).toEqual(["ready"]);
  });

  test.each([
    // query, last event
    ["?for=6m", undefined],
    ["?for=soon", undefined],
    ["?since=3", undefined],
    ["", "three"],
    ["", "-1"],
  ])("refuses %j after %j", async (query, lastEventId) => {
    expect(await get(`/v1/events${query}`, headersFor(lastEventId))).toMatchObject({
      status: 400,
      body: { code: "parameterInvalid" },
    });
  });
});
