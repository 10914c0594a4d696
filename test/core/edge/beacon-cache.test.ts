/** What isolates of a data centre share: never older than promised, and never needed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BeaconCache, IMMUTABLE, type Shared, splitBeaconMs } from "../../../worker/io/beacon-cache.ts";
import { nextDueMs } from "../../../worker/io/freshness.ts";

type Opened = Pick<Cache, "match" | "put">;

/** The platform's cache of one data centre, which keeps everything. */
function cacheOnPaper(): Opened & { readonly stored: Map<string, Response> } {
  const stored = new Map<string, Response>();
  return {
    stored,
    // Keys are texts here: the cache under test uses no others.
    match: async (key) => stored.get(key as string)?.clone(),
    put: async (key, response) => void stored.set(key as string, response),
  };
}

/** One data centre with a beacon that counts, and says when it was asked. */
class DataCentre {
  nowMs = 1_000_000;
  asked = 0;
  readonly events: string[] = [];
  readonly cache = cacheOnPaper();

  isolate(open: () => Opened = () => this.cache): BeaconCache {
    return new BeaconCache({
      environment: "demo",
      now: () => this.nowMs,
      open,
      log: (event) => void this.events.push(event),
    });
  }

  state(ageMsMax: number): Shared<number> {
    return { path: "/weur/state", ageMsMax, load: async () => this.#ask(), parse: (text) => numberOf(text) };
  }

  #ask(): string {
    this.asked += 1;
    return String(this.nowMs);
  }
}

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isNaN(number)) throw new Error(`${text} is not a number`);
  return number;
}

describe("a shared answer", () => {
  test.each([
    // age      age at most  asked
    [0, 2_500, 1],
    [2_499, 2_500, 1],
    [2_500, 2_500, 2],
    [-2_499, 2_500, 1], // the clock of another machine, a little ahead
    [-2_500, 2_500, 2],
    [0, 0, 2],
    [1e12, IMMUTABLE, 1],
  ])("that is %i ms old, with %d ms allowed, is asked for %i times", async (age, ageMsMax, asked) => {
    const centre = new DataCentre();
    const first = await centre.isolate().share(centre.state(ageMsMax));
    centre.nowMs += age;
    const second = await centre.isolate().share(centre.state(ageMsMax));
    expect(centre.asked).toBe(asked);
    expect(second).toBe(asked === 1 ? first : first + age);
  });

  test("is of one environment and one vantage", async () => {
    const centre = new DataCentre();
    await centre.isolate().share(centre.state(2_500));
    expect([...centre.cache.stored.keys()]).toEqual(["https://beacon.fairlead.internal/demo/weur/state"]);
  });

  test("counts from when the beacon was asked, not from when it answered", async () => {
    const centre = new DataCentre();
    const { load, ...entry } = centre.state(2_500);
    const slowly = async () => {
      const answer = await load();
      centre.nowMs += 2_000;
      return answer;
    };
    await centre.isolate().share({ ...entry, load: slowly });
    centre.nowMs += 600;
    await centre.isolate().share(centre.state(2_500));
    expect(centre.asked).toBe(2);
  });

  test("is not nonsense: neither stored nor taken", async () => {
    const centre = new DataCentre();
    const nonsense = { ...centre.state(2_500), load: async () => "nonsense" };
    await expect(centre.isolate().share(nonsense)).rejects.toThrow("nonsense is not a number");
    expect(centre.cache.stored.size).toBe(0);
    await centre.isolate().share(centre.state(2_500));
    const [key = ""] = centre.cache.stored.keys();
    const headers = centre.cache.stored.get(key)?.headers ?? new Headers();
    for (const spoilt of [new Response("nonsense", { headers }), new Response("1", { headers: {} })]) {
      centre.cache.stored.set(key, spoilt);
      expect(await centre.isolate().share(centre.state(2_500))).toBe(centre.nowMs);
    }
    expect(centre.asked).toBe(3);
  });
});

describe("without a working cache", () => {
  const failing = async () => {
    throw new Error("broken");
  };
  const never = () => new Promise<never>(() => undefined);

  test.each<[string, () => Opened]>([
    [
      "there is none",
      () => {
        throw new Error("No Cache was configured");
      },
    ],
    ["it cannot read", () => ({ ...cacheOnPaper(), match: failing })],
    ["it cannot write", () => ({ ...cacheOnPaper(), put: failing })],
    ["it does not answer", () => ({ ...cacheOnPaper(), match: never })],
    ["it does not take anything", () => ({ ...cacheOnPaper(), put: never })],
    ["it forgets", () => cacheOnPaper()],
  ])("because %s, everybody asks for themselves", async (_, open) => {
    const centre = new DataCentre();
    const isolate = centre.isolate(open);
    for (let i = 0; i < 2; i++) expect(await isolate.share(centre.state(2_500))).toBe(centre.nowMs);
    expect(centre.asked).toBe(2);
    expect(centre.events.length).toBeLessThanOrEqual(1);
  });
});

/** Isolates that ask in turns, as `SnapshotStore` does; the law is DESIGN's promise for drains. */
test("no isolate acts on anything older than beaconMs, whoever asked for it", async () => {
  const beaconMs = 5_000;
  const { askMs, cacheMs } = splitBeaconMs(beaconMs);
  const steps = fc.array(
    fc.record({ isolate: fc.nat(3), stepMs: fc.nat(1_500), chance: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
  );
  await fc.assert(
    fc.asyncProperty(steps, async (requests) => {
      const centre = new DataCentre();
      const isolates = Array.from({ length: 4 }, () => ({ cache: centre.isolate(), dueMs: 0, knownAtMs: 0 }));
      for (const { isolate: index, stepMs, chance } of requests) {
        centre.nowMs += stepMs;
        const isolate = isolates[index];
        if (isolate === undefined) continue;
        if (centre.nowMs >= isolate.dueMs) {
          isolate.knownAtMs = await isolate.cache.share(centre.state(cacheMs));
          isolate.dueMs = nextDueMs(centre.nowMs, askMs, chance);
        }
        expect(centre.nowMs - isolate.knownAtMs).toBeLessThanOrEqual(beaconMs);
      }
    }),
    { numRuns: 200 },
  );
});
