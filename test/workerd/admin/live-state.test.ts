/** What lives on top of the documents: shifts, drains and switches, whose they are, when they end, and when they must not. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, inject, test } from "vitest";
import {
  alarmInMs,
  HOUR_MS,
  lastLeaf,
  MINUTE_MS,
  passTime,
  quietInStoppedTime,
  ringAfter,
  ringAlarm,
} from "./fleet-object.ts";
import { as, env, get, HOLD_DOWN_MS, ROUTE, send, smallFleet } from "./support.ts";

quietInStoppedTime();

const FLAG = {
  ...{ apiVersion: "fairlead.dev/v1", kind: "Flag", metadata: { name: "beta" } },
  spec: { state: "DISABLED", variants: { on: true, off: false }, defaultVariant: "on" },
};

const apply = (documents: readonly unknown[], rest: object = {}, headers = {}) =>
  send("PUT", "/v1/fleet", { documents, ...rest }, headers);
const shift = (euWest: number, rest: object = {}, headers = {}) => {
  const body = { route: "web", rule: "europe", weights: { "eu-west": euWest }, reason: "canary", ...rest };
  return send("PATCH", "/v1/weights", body, headers);
};
const drain = (rest: object = {}, headers = {}) =>
  send("POST", "/v1/regions/eu-west/drain", { reason: "maintenance", ...rest }, headers);
const undrain = (headers = {}) => send("POST", "/v1/regions/eu-west/undrain", { reason: "over" }, headers);

async function overlays() {
  return (await get("/v1/fleet")).body.overlays;
}

describe("a new set of documents", () => {
  test("leaves live state as it is, and says what there is of it", async () => {
    await apply(smallFleet());
    await shift(50);
    await drain();
    const before = await overlays();
    const { body } = await apply(smallFleet().toReversed().concat(FLAG));
    expect(body.outcome).toMatchObject({
      ...{ overlaysKept: ["regionDrain/eu-west", "weightShift/web/europe"], overlaysCleared: [] },
    });
    expect(await overlays()).toEqual(before);
  });

  test("ends the overlays that it names, and refuses a name that is none", async () => {
    await apply(smallFleet());
    await shift(50);
    await drain();
    const wrong = await apply(smallFleet(), { clear: ["regionDrain/eu-west", "weightShift/web/eurpoe"] });
    expect(wrong.body).toMatchObject({ status: 422, code: "clearInvalid" });
    expect(wrong.body.errors).toMatchObject([{ pointer: "/clear/1", didYouMean: "weightShift/web/europe" }]);
    expect((await apply(smallFleet(), { clear: [] })).body.code).toBe("bodyInvalid");
    expect(await overlays()).toHaveLength(2);

    const plan = await send("PUT", "/v1/fleet?dryRun=true", {
      documents: smallFleet(),
      clear: ["weightShift/web/europe"],
    });
    expect(plan.body.plan.diff).toMatchObject({ overlays: [{ kind: "removed", overlay: "weightShift/web/europe" }] });
    const { body } = await apply(smallFleet(), { clear: ["weightShift/web/europe"] });
    expect(body.outcome).toMatchObject({
      ...{ overlaysKept: ["regionDrain/eu-west"], overlaysCleared: ["weightShift/web/europe"] },
    });
    expect(await overlays()).toMatchObject([{ kind: "regionDrain" }]);
  });
});

describe("what a pipeline and people manage", () => {
  const OWNED = smallFleet().map((document) =>
    document === ROUTE ? { ...ROUTE, metadata: { ...ROUTE.metadata, managedBy: "ci" } } : document,
  );
  const CHANGED = OWNED.map((document) =>
    (document as typeof ROUTE).kind === "Route"
      ? { ...(document as typeof ROUTE), spec: { ...ROUTE.spec, steering: [] } }
      : document,
  );

  test("is kept apart: what one has set the other changes only on purpose", async () => {
    await apply(smallFleet());
    await shift(50, {}, as("ci"));
    expect(await overlays()).toMatchObject([{ author: "ci", managedBy: "ci" }]);
    const refused = await shift(20);
    expect(refused.body).toMatchObject({ status: 409, code: "managedByOther" });
    expect(refused.body.errors).toEqual([
      { pointer: "/managedBy", code: "managedBy.other", detail: 'This is managed by "ci".' },
    ]);
    expect(await lastLeaf()).toMatchObject({ outcome: "refused", problem: "managedByOther" });
    expect((await shift(20, { managedBy: "ci" })).body.revision).toBe(3);
    expect((await shift(30, { takeOver: true })).body.revision).toBe(4);
    expect(await overlays()).toMatchObject([{ author: "token", managedBy: "people" }]);
    expect((await shift(50, {}, as("ci"))).body.code).toBe("managedByOther");
  });

  test("is kept apart in documents, too", async () => {
    await apply(OWNED);
    const refused = await apply(CHANGED);
    expect(refused.body).toMatchObject({ status: 409, code: "managedByOther", errors: [{ pointer: "/documents" }] });
    expect(refused.body.errors[0].detail).toContain("Route/web");
    expect((await apply([...OWNED, FLAG])).body.changed).toBe(true); // Nothing of the pipeline's is touched.
    expect((await apply([...CHANGED, FLAG], {}, as("ci"))).body.changed).toBe(true);
    expect((await apply([...OWNED, FLAG], { takeOver: true })).body.changed).toBe(true);
  });

  test("may be drained by anybody, and put back by whoever drained it", async () => {
    await apply(smallFleet());
    await drain({}, as("ci"));
    expect((await drain({ reason: "worse" }, as("responder"))).status).toBe(200);
    expect((await undrain(as("ci"))).body.code).toBe("managedByOther");
    expect((await undrain(as("operator"))).body.changed).toBe(true);
  });
});

describe("a drain", () => {
  const path = (name: string) => ({ eu: `/switchable/${name}`, us: "/ok/beside" });
  const becomes = (name: string, status: number) =>
    fetch(`http://127.0.0.1:${inject("originPort")}/switch/${name}/${status}`);

  /** Rings until both vantages have seen enough to believe what is so: twice, and long enough for what was down. */
  async function probe(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      passTime(HOLD_DOWN_MS);
      for (const vantage of ["weur", "enam"])
        await runDurableObjectAlarm(env.PROBER.getByName(`${env.ENVIRONMENT}:${vantage}`));
    }
  }

  test("lasts longer by being drained again", async () => {
    await apply(smallFleet());
    await drain({ expiresIn: "1h" });
    passTime(59 * MINUTE_MS);
    expect((await drain({ expiresIn: "1h", reason: "not done yet" })).body.changed).toBe(true);
    await ringAfter(2 * MINUTE_MS);
    expect(await overlays()).toMatchObject([{ kind: "regionDrain", reason: "not done yet" }]);
    await ringAfter(HOUR_MS);
    expect(await overlays()).toMatchObject([{ kind: "regionReturn", author: "fairlead" }]);
  });

  test("does not end while all that would come back is down, says so, and ends once it is up", async () => {
    await apply(smallFleet(path("held")));
    await becomes("held", 500);
    await probe();
    expect((await get("/v1/health")).body.clusters).toMatchObject([{ state: "unhealthy" }, { state: "healthy" }]);
    await drain({ expiresIn: "1m" });
    await ringAfter(MINUTE_MS);

    const because = "Every cluster of the service web that would take new clients in the region eu-west is down.";
    const heldSinceMs = Date.now();
    expect(await overlays()).toMatchObject([{ kind: "regionDrain", held: { sinceMs: heldSinceMs, because } }]);
    expect((await get("/v1/revisions/3")).body).toMatchObject({
      ...{ kind: "expire", author: "fairlead", outcome: { ended: [], held: { "regionDrain/eu-west": because } } },
    });
    expect((await get("/v1/incidents")).body.incidents).toMatchObject([
      {
        severity: 3,
        openedBy: "fairlead",
        revision: 3,
        cause: { kind: "held", overlay: "regionDrain/eu-west", because },
      },
    ]);
    expect(await lastLeaf()).toMatchObject({ action: "fairlead.expire", outcome: "committed", request: "alarm" });

    // Looked at again and again, and told once.
    expect(await alarmInMs()).toBeLessThanOrEqual(30_000);
    await ringAfter(30_000);
    await ringAfter(30_000);
    expect(await overlays()).toMatchObject([{ held: { sinceMs: heldSinceMs } }]);
    expect((await get("/v1/fleet")).body.revision).toBe(3);
    expect((await get("/v1/incidents")).body.incidents).toHaveLength(1);

    await becomes("held", 200);
    await probe();
    await ringAlarm();
    expect(await overlays()).toMatchObject([{ kind: "regionReturn", region: "eu-west" }]);
    expect((await get("/v1/revisions/4")).body.outcome).toMatchObject({ ended: ["regionDrain/eu-west"], held: {} });
  });

  test("that is held is what people may end all the same, or extend", async () => {
    await apply(smallFleet(path("stuck")));
    await becomes("stuck", 500);
    await probe();
    await drain({ expiresIn: "1m" });
    await ringAfter(MINUTE_MS);
    expect(await overlays()).toMatchObject([{ held: {} }]);
    await drain({ expiresIn: "1h", reason: "we know" });
    const [extended] = await overlays();
    expect(extended).toMatchObject({ reason: "we know", expiresAtMs: Date.now() + HOUR_MS });
    expect(extended).not.toHaveProperty("held");
    expect((await undrain()).body.changed).toBe(true);
    expect(await overlays()).toMatchObject([{ kind: "regionReturn", author: "token" }]);
  });

  test("ends when nobody knows how its clusters are: the edge will find out", async () => {
    await apply(smallFleet());
    await drain({ expiresIn: "1m" });
    await send("POST", "/v1/development/fail", { object: "prober", failing: true });
    await ringAfter(MINUTE_MS);
    expect(await overlays()).toMatchObject([{ kind: "regionReturn" }]);
  });
});
