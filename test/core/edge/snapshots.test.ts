/** The snapshot that an isolate serves by: it never goes backwards, and nothing that is off replaces it. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import type { BeaconState } from "../../../config/beacon.ts";
import { canonicalJson } from "../../../config/canonical.ts";
import { HEALTH_REPORT_EMPTY } from "../../../config/health.ts";
import { encodeSigned } from "../../../config/signed.ts";
import { Snapshot } from "../../../config/snapshot.ts";
import { HealthStore } from "../../../worker/io/health.ts";
import { Rejections } from "../../../worker/io/rejections.ts";
import { SnapshotStore } from "../../../worker/io/snapshots.ts";
import { createVerifier } from "../../../worker/io/verify.ts";
import { readPlace } from "../../../worker/routing/place.ts";

/** A client of whom nothing is known. */
const NOWHERE = readPlace({});

const KEYS = generateKeyPairSync("ed25519");
const STRANGER = generateKeyPairSync("ed25519");
const PUBLIC_KEY = Buffer.from(KEYS.publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");

const BEACON_MS = 5_000;
const LONG = 100_000;

type Fields = Readonly<Record<string, unknown>>;

function snapshotOf(revision: number, fields: Fields = {}): Fields {
  const lists = { beacons: ["weur"], regions: [], services: [], clusters: [], routes: [] };
  return { schemaVersion: 1, environment: "demo", revision, ...lists, ...fields };
}

function signed(snapshot: Fields, { keyId = "k1", keys = KEYS } = {}): string {
  const payload = canonicalJson(snapshot);
  return encodeSigned({
    keyId,
    payload,
    signature: sign(null, Buffer.from(payload), keys.privateKey).toString("base64"),
  });
}

/** A control plane on paper: what each source answers, and how often it was asked. */
class World {
  nowMs = 1_700_000_000_000;
  kv: () => Promise<string | null> = async () => null;
  state: () => Promise<BeaconState>;
  texts: (revision: number) => Promise<string> = async (revision) => signed(snapshotOf(revision));
  readonly asked = { state: 0, snapshot: 0, kv: 0 };
  readonly events: { event: string; fields: Fields }[] = [];
  readonly background: Promise<unknown>[] = [];
  readonly health = new HealthStore({ draw: () => 0, log: () => undefined });
  readonly rejections = new Rejections();
  /** What was told of rejections, each time. */
  readonly told: (readonly unknown[])[] = [];
  tell: () => Promise<void> = async () => undefined;
  readonly store: SnapshotStore;

  constructor(builtin: Fields = snapshotOf(0)) {
    this.state = async () => stateOf(0);
    this.store = new SnapshotStore({
      inSpan: (work) => work(),
      builtin: Snapshot.parse(builtin),
      sources: {
        loadBeaconState: () => this.count("state", this.state),
        loadBeaconSnapshot: (_, { revision }) => this.count("snapshot", () => this.texts(revision)),
        loadKvSnapshot: () => this.count("kv", this.kv),
      },
      verify: createVerifier("demo", { k1: PUBLIC_KEY }),
      health: this.health,
      rejections: this.rejections,
      tellRejection: ({ revision }) => {
        this.told.push([revision, ...this.rejections.list()]);
        return this.tell();
      },
      beaconMs: BEACON_MS,
      now: () => this.nowMs,
      chance: () => 0,
      log: (event, fields) => void this.events.push({ event, fields }),
    });
  }

  count<T>(source: "state" | "snapshot" | "kv", load: () => Promise<T>): Promise<T> {
    this.asked[source] += 1;
    return load();
  }

  /** One request after `ms`, and everything that it set off; the revision that it was served by. */
  async request(ms = 0): Promise<number> {
    this.nowMs += ms;
    const waiting = this.store.freshen(NOWHERE, this.nowMs, { waitUntil: (work) => void this.background.push(work) });
    if (waiting !== undefined) await waiting;
    const { revision } = this.store.current();
    await Promise.all(this.background);
    return revision;
  }

  refusals(): string[] {
    return this.events.filter(({ event }) => event === "snapshot.refused").map(({ fields }) => String(fields.code));
  }
}

function stateOf(revision: number, sequence = 0, clusters: Record<string, string> = {}): BeaconState {
  // What the beacon sends has passed its own schema; branding names again would only repeat it.
  return { revision, health: { ...HEALTH_REPORT_EMPTY, sequence, clusters } } as BeaconState;
}

/** The state that names `text`, as the admin Worker's beacon does. */
function stateNaming(revision: number, text: string): BeaconState {
  return { ...stateOf(revision), snapshotDigest: createHash("sha256").update(text).digest("hex") };
}

const never = () => new Promise<never>(() => undefined);
const failing = async () => {
  throw new Error("unreachable");
};

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a cold isolate", () => {
  test("serves its first request by what KV has", async () => {
    world.kv = async () => signed(snapshotOf(7));
    expect(await world.request()).toBe(7);
  });

  test("takes what the beacon has beyond that", async () => {
    world.kv = async () => signed(snapshotOf(7));
    world.state = async () => stateOf(8);
    expect(await world.request()).toBe(8);
  });

  test.each([
    ["KV has nothing", async () => null],
    ["KV fails", failing],
    ["KV is silent", never],
  ])("serves by the built-in snapshot when %s", async (_, kv) => {
    world.kv = kv;
    world.state = failing;
    const started = performance.now();
    world.nowMs += 0;
    const waiting = world.store.freshen(NOWHERE, world.nowMs, { waitUntil: () => undefined });
    await waiting;
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(world.store.current().revision).toBe(0);
    expect(world.store.freshen(NOWHERE, world.nowMs, { waitUntil: () => undefined })).toBeUndefined();
  });
});

describe("a warm isolate", () => {
  beforeEach(async () => {
    world.kv = async () => signed(snapshotOf(5));
    world.state = async () => stateOf(5);
    await world.request();
  });

  test("asks once in an interval, in the background", async () => {
    world.state = async () => stateOf(6);
    for (let i = 0; i < 100; i++) expect(await world.request(10)).toBe(5);
    expect(world.asked.state).toBe(1);
    expect(await world.request(BEACON_MS - 1_000)).toBe(5);
    expect(await world.request(1)).toBe(6);
    expect(world.asked.state).toBe(2);
  });

  test("has its first request after a quiet hour wait for the news", async () => {
    world.state = async () => stateOf(9);
    expect(await world.request(3_600_000)).toBe(9);
  });

  test("serves on for ever when everything else is gone, and makes nobody wait twice", async () => {
    world.state = never;
    world.kv = never;
    for (let i = 0; i < 3; i++) {
      world.nowMs += LONG;
      const started = performance.now();
      await world.store.freshen(NOWHERE, world.nowMs, { waitUntil: () => undefined });
      expect(performance.now() - started).toBeLessThan(i === 0 ? 1_000 : 100);
      expect(world.store.current().revision).toBe(5);
    }
  });

  test("asks KV when the beacon fails: at once, and then no more than every half minute", async () => {
    world.state = failing;
    for (let i = 0; i < 20; i++) await world.request(BEACON_MS);
    expect(world.asked.kv).toBe(1 + 4); // the cold start, then 100 s of failure
    expect(world.events.filter(({ event }) => event === "beacon.failed")).toHaveLength(1);
  });

  // A drain was answered for, and then the control plane broke, half a minute before anybody would have looked into KV.
  test("hears by KV of what was published just before the beacon broke", async () => {
    world.kv = async () => signed(snapshotOf(6));
    world.state = failing;
    await world.request(BEACON_MS);
    expect(await world.request()).toBe(6);
  });

  test("hears of it once when many requests wait for the same silent beacon", async () => {
    world.kv = async () => signed(snapshotOf(6));
    let giveUp = () => {};
    const silence = new Promise<never>((_, reject) => {
      giveUp = () => reject(new Error("timeout"));
    });
    world.state = () => silence;
    world.nowMs += LONG;
    const background = { waitUntil: (work: Promise<unknown>) => void world.background.push(work) };
    await Promise.all(Array.from({ length: 50 }, () => world.store.freshen(NOWHERE, world.nowMs, background)));
    giveUp();
    await Promise.all(world.background);
    expect(world.store.current().revision).toBe(6);
    expect(world.asked.kv).toBe(1 + 1); // the cold start, then once for all of them
  });

  test("comes back to the beacon when it answers again", async () => {
    world.state = failing;
    await world.request(BEACON_MS);
    world.state = async () => stateOf(6);
    await world.request(BEACON_MS);
    expect(await world.request()).toBe(6);
  });

  test("never goes back to an older revision", async () => {
    world.state = async () => stateOf(4);
    world.kv = async () => signed(snapshotOf(4));
    await world.request(LONG);
    expect(await world.request(LONG)).toBe(5);
    world.texts = async () => signed(snapshotOf(3));
    world.state = async () => stateOf(6);
    await world.request(LONG);
    expect(await world.request()).toBe(5);
  });

  const cluster = {
    name: "a",
    service: "none",
    region: "none",
    endpoint: "http://127.0.0.1:1",
    side: "stable",
    weight: 1,
    availability: { adminState: "enabled" },
  };
  const good = signed(snapshotOf(6));

  test.each([
    ["another's signature", signed(snapshotOf(6), { keys: STRANGER }), "signatureWrong"],
    ["a key that is not known", signed(snapshotOf(6), { keyId: "k2" }), "keyUnknown"],
    ["a key named like a member of objects", signed(snapshotOf(6), { keyId: "constructor" }), "keyUnknown"],
    ["the wrong environment", signed(snapshotOf(6, { environment: "other" })), "environmentWrong"],
    ["an unknown schema", signed(snapshotOf(6, { schemaVersion: 2 })), "invalid"],
    ["an unknown field", signed(snapshotOf(6, { extra: 1 })), "invalid"],
    ["a null field", signed(snapshotOf(6, { routes: null })), "invalid"],
    ["a wrong type", signed(snapshotOf(6, { revision: "6" })), "invalid"],
    ["a dangling reference", signed(snapshotOf(6, { clusters: [cluster] })), "invalid"],
    ["a truncated text", good.slice(0, -1), "signatureWrong"],
    ["a changed byte", good.replace("demo", "dema"), "signatureWrong"],
    ["an empty text", "", "malformed"],
    ["no signature", canonicalJson(snapshotOf(6)), "malformed"],
    ["a text over the limit", `${good}${" ".repeat(9 * 1024 * 1024)}`, "tooLarge"],
  ])("keeps the last good one for %s, and says so once", async (_, text, code) => {
    world.texts = async () => text;
    world.kv = async () => text;
    world.state = async () => stateOf(6);
    for (let i = 0; i < 10; i++) expect(await world.request(BEACON_MS)).toBe(5);
    expect(new Set(world.refusals())).toEqual(new Set([code]));
    expect(world.refusals().length).toBeLessThanOrEqual(2); // once for each source
    expect(world.asked.snapshot).toBeLessThan(5); // a refused text is not loaded again and again
  });

  test("takes a good revision after a bad one", async () => {
    world.texts = async () => "garbage";
    world.state = async () => stateOf(6);
    await world.request(BEACON_MS);
    world.texts = async (revision) => signed(snapshotOf(revision));
    world.state = async () => stateOf(7);
    await world.request(BEACON_MS);
    expect(await world.request()).toBe(7);
  });

  test("tells of what it refuses once, and of what is made good no more", async () => {
    const name = { revision: 6, code: "signatureWrong" };
    world.texts = async (revision) => signed(snapshotOf(revision), { keys: STRANGER });
    world.state = async () => stateOf(6);
    for (let i = 0; i < 20; i++) await world.request(BEACON_MS);
    expect(world.told).toEqual([[5, name]]);
    expect(world.rejections.list()).toEqual([name]);
    world.state = async () => stateOf(7);
    await world.request(BEACON_MS);
    expect(world.told).toEqual([
      [5, name],
      [5, name, { ...name, revision: 7 }],
    ]);
    world.texts = async (revision) => signed(snapshotOf(revision));
    world.state = async () => stateOf(8);
    await world.request(BEACON_MS);
    expect(world.rejections.list()).toEqual([]);
    expect(world.told).toHaveLength(2);
  });

  test("does not know the revision of what KV holds, and forgets it when KV is sound again", async () => {
    world.kv = async () => "garbage";
    world.state = failing;
    await world.request(BEACON_MS);
    expect(world.told).toEqual([[5, { code: "malformed" }]]);
    world.kv = async () => signed(snapshotOf(4));
    await world.request(60_000);
    expect(world.rejections.list()).toEqual([]);
  });

  test("makes no request wait for the telling", async () => {
    world.tell = never;
    world.texts = async () => "garbage";
    world.state = async () => stateOf(6);
    world.nowMs += 3_600_000;
    const started = performance.now();
    await world.store.freshen(NOWHERE, world.nowMs, { waitUntil: () => undefined });
    expect(world.told).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(100);
  });

  test("does not flip when good and bad alternate", async () => {
    let turn = 0;
    world.texts = async (revision) => (turn++ % 2 === 0 ? "garbage" : signed(snapshotOf(revision)));
    const served: number[] = [];
    for (let revision = 6; revision < 20; revision++) {
      world.state = async () => stateOf(revision);
      served.push(await world.request(BEACON_MS));
    }
    expect(served).toEqual(served.toSorted((a, b) => a - b));
  });
});

describe("another form of the same revision", () => {
  // While a revision is tried at one vantage, the others get a part of it under its number, and all of it afterwards.
  const part = signed(snapshotOf(6, { beacons: ["weur"] }));
  const whole = signed(snapshotOf(6, { beacons: ["weur", "enam"] }));
  const served = () => world.store.current().beacons;

  const beaconHas = (text: string) => {
    world.state = async () => stateNaming(6, text);
    world.texts = async () => text;
  };

  test("is taken from the beacon, once", async () => {
    for (const text of [part, whole]) {
      beaconHas(text);
      for (let i = 0; i < 5; i++) await world.request(BEACON_MS);
    }
    expect(served()).toEqual(["weur", "enam"]);
    expect(world.asked.snapshot).toBe(2);
  });

  test("is taken from the beacon by who started on what KV has", async () => {
    world.kv = async () => part;
    beaconHas(whole);
    await world.request();
    expect(served()).toEqual(["weur", "enam"]);
  });

  test.each([
    ["the beacon", whole, ["weur", "enam"]],
    ["KV", part, ["weur", "enam"]],
  ])("does not come from KV to who has its own from %s, unless from KV, too", async (from, text, beacons) => {
    if (from === "KV") world.kv = async () => text;
    else beaconHas(text);
    await world.request();
    world.state = failing;
    world.kv = async () => (text === part ? whole : part);
    await world.request(BEACON_MS);
    await world.request(60_000);
    expect(served()).toEqual(beacons);
  });

  test("that is refused leaves the first, and is told under its number", async () => {
    beaconHas(part);
    await world.request();
    beaconHas(signed(snapshotOf(6), { keys: STRANGER }));
    for (let i = 0; i < 5; i++) await world.request(BEACON_MS);
    expect(served()).toEqual(["weur"]);
    expect(world.rejections.list()).toEqual([{ revision: 6, code: "signatureWrong" }]);
  });
});

describe("health", () => {
  test("is taken from the beacon and never goes backwards", async () => {
    world.state = async () => stateOf(0, 5, { a: "unhealthy" });
    await world.request();
    const view = world.health.view(world.store.current(), NOWHERE, world.nowMs);
    expect(view.states.get("a")).toBe("unhealthy");
    world.state = async () => stateOf(0, 4, { a: "healthy" });
    await world.request(BEACON_MS);
    expect(world.health.view(world.store.current(), NOWHERE, world.nowMs)).toBe(view);
    world.state = async () => stateOf(0, 6, { a: "healthy" });
    await world.request(BEACON_MS);
    expect(world.health.view(world.store.current(), NOWHERE, world.nowMs).states.get("a")).toBe("healthy");
    expect(view.states.get("a")).toBe("unhealthy");
  });
});
