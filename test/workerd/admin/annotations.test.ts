/** From a commit to the mark on a dashboard, over HTTP; and no commit waits for a dashboard that is gone. */
import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import type { AdminEnv } from "../../../admin/env.ts";
import { loadAnnotationProgress, saveAnnotationProgress } from "../../../admin/store/annotations.ts";
import { alarmInMs, fleetObject } from "./fleet-object.ts";
import { env, send, smallFleet } from "./support.ts";

const origin = () => `http://127.0.0.1:${inject("originPort")}`;

type Mark = {
  readonly url: string;
  readonly authorization?: string;
  readonly body: { readonly time: number; readonly tags: readonly string[]; readonly text: string };
};

let name: string;
const variables = env as { -readonly [K in keyof AdminEnv]: AdminEnv[K] };

beforeEach(async () => {
  name = crypto.randomUUID();
  expect((await send("PUT", "/v1/fleet", { documents: smallFleet() })).status).toBe(200);
});

afterEach(async () => {
  for (const key of ["ANNOTATIONS_URL", "ANNOTATIONS_TOKEN", "ANNOTATIONS_KINDS"])
    Reflect.deleteProperty(variables, key);
  await reset();
});

/** From the revision on that is the target now, as an object does that starts with the variables set. */
async function turnOn(kinds = ""): Promise<void> {
  Object.assign(variables, {
    ANNOTATIONS_URL: `${origin()}/grafana/${name}`,
    ANNOTATIONS_TOKEN: "glsa_x",
    ANNOTATIONS_KINDS: kinds,
  });
  await runInDurableObject(fleetObject(), (_, { storage: { sql } }) =>
    saveAnnotationProgress(sql, { revision: 1, failures: 0, retryAtMs: 0 }),
  );
}

/** What happens behind a request happens when the machine gets to it. */
const eventually = (expectation: () => Promise<void>) => vi.waitFor(expectation, { timeout: 10_000 });

const switchTo = (status: number) => fetch(`${origin()}/switch/${name}/${status}`);
const marks = async (): Promise<readonly Mark[]> => (await fetch(`${origin()}/marks/${name}`)).json();
const texts = async () => (await marks()).map(({ body }) => body.text);
const progress = () => runInDurableObject(fleetObject(), (_, { storage }) => loadAnnotationProgress(storage.sql));
const drain = (region: string) => send("POST", `/v1/regions/${region}/drain`, { reason: "works" });
const undrain = (region: string) => send("POST", `/v1/regions/${region}/undrain`, { reason: "done" });

describe("a change", { timeout: 20_000 }, () => {
  test("is told with its token, once, and what was before is not", async () => {
    await turnOn();
    await drain("eu-west");
    await eventually(async () => expect(await marks()).toHaveLength(1));
    expect(await marks()).toMatchObject([
      {
        ...{ method: "POST", url: `/grafana/${name}/api/annotations`, authorization: "Bearer glsa_x" },
        body: {
          time: expect.any(Number),
          timeEnd: expect.any(Number),
          tags: ["fairlead", "environment:demo", "kind:drain", "revision:2", "region:eu-west"],
          text: "The region eu-west is drained (graceful). Revision 2 by token: works",
        },
      },
    ]);
    await runDurableObjectAlarm(fleetObject());
    await eventually(async () => expect(await progress()).toMatchObject({ revision: 2 }));
    expect(await marks()).toHaveLength(1);
  });

  test("of another kind is passed over", async () => {
    await turnOn("undrain");
    await drain("eu-west");
    await undrain("eu-west");
    await eventually(async () => expect(await progress()).toMatchObject({ revision: 3 }));
    expect(await texts()).toEqual(["The region eu-west takes clients again. Revision 3 by token: done"]);
  });
});

describe("a dashboard that is gone", { timeout: 20_000 }, () => {
  test("holds up no commit, is tried again later, and then told of all in order", async () => {
    await turnOn();
    await switchTo(503);
    expect((await drain("eu-west")).body).toMatchObject({ changed: true, revision: 2 });
    await eventually(async () => expect(await progress()).toMatchObject({ revision: 1, failures: 1 }));
    expect((await undrain("eu-west")).body).toMatchObject({ changed: true, revision: 3 });
    expect(await alarmInMs()).toBeLessThanOrEqual(1_000);
    await switchTo(200);
    await runInDurableObject(fleetObject(), (_, { storage }) => {
      storage.sql.exec("UPDATE annotation_progress SET retry_at_ms = 0");
    });
    await runDurableObjectAlarm(fleetObject());
    await eventually(async () => expect(await progress()).toMatchObject({ revision: 3, failures: 0 }));
    expect(await texts()).toEqual([
      expect.stringContaining("Revision 2 by token: works"),
      expect.stringContaining("Revision 3 by token: done"),
    ]);
  });

  test("a mark that it will never take is left out", async () => {
    await turnOn();
    await switchTo(422);
    await drain("eu-west");
    await eventually(async () => expect(await progress()).toMatchObject({ revision: 2, failures: 0 }));
    expect(await marks()).toEqual([]);
  });
});

test("an object that starts with a dashboard set tells of nothing that was before", { timeout: 20_000 }, async () => {
  await drain("eu-west");
  Object.assign(variables, { ANNOTATIONS_URL: `${origin()}/grafana/${name}` });
  await evictDurableObject(fleetObject());
  await undrain("eu-west");
  await eventually(async () => expect(await progress()).toMatchObject({ revision: 3 }));
  expect(await texts()).toEqual([expect.stringContaining("Revision 3 by token: done")]);
});

test("nothing is kept of it where nobody wants to know", async () => {
  await drain("eu-west");
  expect(await progress()).toBeUndefined();
});
