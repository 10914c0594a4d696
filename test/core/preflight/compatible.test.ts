/** What runs at the same time works together: the way there, and the way back. */
import { describe, expect, test } from "vitest";
import { cart, type Json, judge, reports, rollback, service, told, web, webStatus, worldBut } from "./world.ts";

type Ranges = {
  /** Declared for the new version of eu-web, and for its way back. */
  readonly there?: string;
  readonly back?: string;
  /** Declared for us-web, and reported by the clusters. */
  readonly declared?: string;
  readonly eu?: string;
  readonly us?: string;
};

function findings(aspect: "schema" | "config", { there, back, declared, eu, us }: Ranges) {
  const requires = (text: string | undefined) => (text === undefined ? {} : { requires: { [aspect]: text } });
  const status = (text: string | undefined) =>
    webStatus(text === undefined ? {} : { compatibility: { [aspect]: text } });
  return told(
    judge({
      documents: worldBut(
        web("eu-web", { ...requires(there), rollback: rollback(requires(back)) }),
        web("us-web", requires(declared)),
      ),
      statuses: { "eu-web": status(eu), "us-web": status(us) },
      scope: { clusters: ["eu-web"] },
    }),
  );
}

describe.each(["schema", "config"] as const)("versions of the %s", (aspect) => {
  const THERE = `${aspect}.incompatible Cluster/eu-web/spec/requires/${aspect}`;
  const BACK = `${aspect}.rollbackIncompatible Cluster/eu-web/spec/rollback/requires/${aspect}`;

  // biome-ignore format: a table reads in columns
  test.each<[string, Ranges, string[]]>([
    ["nobody says",                                   {},                                                        []],
    ["only the new one says",                         { there: ">=43 <45" },                                     []],
    ["the other overlaps",                            { there: ">=43 <45", us: ">=42 <44" },                     []],
    ["the other ends where the new one begins",       { there: ">=43 <45", us: ">=42 <43" },                     [THERE]],
    ["the other ends with the first of the new",      { there: ">=43 <45", us: ">=42 <=43" },                    []],
    ["its own old version ends before",               { there: ">=43 <45", eu: "<43" },                          [THERE]],
    ["the other is declared to end before",           { there: ">=43 <45", declared: "<43" },                    [THERE]],
    ["it runs well now, and is declared not to",      { there: ">=43 <45", us: "43", declared: "<43" },          [THERE]],
    ["the way back reads what the new one writes",    { there: ">=43 <45", back: ">=42 <44" },                   []],
    ["the way back does not",                         { there: ">=43 <45", back: ">=41 <43" },                   [BACK]],
    ["the way back does not suit the other",          { back: ">=41 <43", us: ">=43" },                          [BACK]],
    ["neither way",                                   { there: ">=43 <45", back: ">=41 <43", us: ">=46" },       [THERE, BACK]],
    ["a report that cannot be read",                  { there: ">=43 <45", us: "latest" },                       []],
    ["its own report cannot be read",                 { there: ">=43 <45", eu: "latest" },                       ["compatibility.unreadable? Cluster/eu-web"]],
  ])("%s", (_, ranges, expected) => {
    expect(findings(aspect, ranges)).toEqual(expected);
  });
});

test("a conflict is told with who reads what", () => {
  const { findings: found } = judge({
    documents: worldBut(web("eu-web", { requires: { schema: ">=44" } })),
    statuses: { "us-web": webStatus({ compatibility: { schema: ">=42 <44" } }) },
  });
  expect(found).toMatchObject([
    {
      ...{ code: "schema.incompatible", severity: "error", clusters: ["eu-web", "us-web"], regions: ["eu", "us"] },
      sentence:
        "What is declared for eu-web (eu) reads schema >=44, which has no version in common with what runs beside it. us-web (us) reports to read >=42 <44.",
    },
  ]);
});

test("each cluster has a finding of its own, which names no more of the others than people read", () => {
  const many = Array.from({ length: 30 }, (_, index) => web(`us-${index}`, { requires: { schema: ">=44" } }));
  const statuses = Object.fromEntries(many.map((_, i) => [`us-${i}`, webStatus({ compatibility: { schema: "<43" } })]));
  const { findings: found } = judge({ documents: worldBut(...many), statuses });
  const conflicts = found.filter(({ code }) => code === "schema.incompatible");
  expect(conflicts.map(({ clusters = [] }) => [clusters[0], clusters.length])).toEqual(
    many.map((_, index) => [`us-${index}`, expect.any(Number)]),
  );
  expect(Math.max(...conflicts.map(({ clusters = [] }) => clusters.length))).toBe(21);
});

test("what is switched off runs beside nobody", () => {
  const off = web("us-web", { adminState: "disabled", requires: { schema: "<43" } });
  expect(told(judge({ documents: worldBut(web("eu-web", { requires: { schema: ">=43" } }), off) }))).toEqual([]);
});

type Peers = {
  readonly there?: string;
  readonly back?: string;
  /** Versions of the peer `cart`: declared, reported. */
  readonly declared?: string;
  readonly reported?: string | null;
  /** What cart reports to ask of `web`, and the versions of `web` itself. */
  readonly asks?: string;
  readonly version?: string;
  readonly before?: string;
};

function peerFindings(peers: Peers) {
  const { there, back, declared = "3.4.0", reported = "3.4.0", asks, version = "4.0.0", before = "3.9.0" } = peers;
  const requires = (text: string | undefined) => (text === undefined ? {} : { requires: { peers: { cart: text } } });
  const fields: Json = {
    ...requires(there),
    reports: reports({ version }),
    rollback: rollback({ version: before, ...requires(back) }),
  };
  const status = {
    version: reported ?? undefined,
    compatibility: asks === undefined ? undefined : { peers: { web: asks } },
  };
  return told(
    judge({
      documents: worldBut(
        web("eu-web", fields),
        web("us-web", fields),
        cart("eu-cart", { reports: { version: declared } }),
      ),
      statuses: { "eu-cart": reported === null ? null : status },
      scope: { clusters: ["eu-web"] },
    }),
  );
}

describe("versions of peers", () => {
  const THERE = "peers.incompatible Cluster/eu-web/spec/requires/peers/cart";
  const BACK = "peers.rollbackIncompatible Cluster/eu-web/spec/rollback/requires/peers/cart";
  const ASKED = "peers.incompatible Cluster/eu-web/spec/reports/version";
  const ASKED_BACK = "peers.rollbackIncompatible Cluster/eu-web/spec/rollback/version";
  const UNKNOWN = "peers.unknown? Cluster/eu-web/spec/requires/peers/cart";

  // biome-ignore format: a table reads in columns
  test.each<[string, Peers, string[]]>([
    ["in the range",                                { there: ">=3.1" },                                   []],
    ["not in the range",                            { there: ">=3.5" },                                   [THERE]],
    ["the peer is declared to get there, and has not", { there: ">=3.5", declared: "3.5" },               [THERE]],
    ["the peer is there, and declared to leave",    { there: ">=3.1", declared: "3.0" },                  [THERE]],
    ["the peer does not report",                    { there: ">=3.1", reported: null },                   []],
    ["it does not, and is declared to be too old",  { there: ">=3.5", reported: null },                   [THERE]],
    ["it reports a commit",                         { there: ">=3.1", reported: "9f8e7d6c" },             []],
    ["it reports and declares a commit",            { there: ">=3.1", reported: "9f8e7d6c", declared: "9f8e7d6c" }, [UNKNOWN]],
    ["the way back needs an older peer",            { back: "<3" },                                       [BACK]],
    ["the way back takes the peer",                 { back: ">=2 <4" },                                   []],
    ["both ways",                                   { there: ">=5", back: "<3" },                         [THERE, BACK]],
    ["the peer takes the new version",              { asks: ">=3" },                                      []],
    ["the peer does not take the new version",      { asks: "<4" },                                       [ASKED]],
    ["the peer does not take the old one any more", { asks: ">=4" },                                      [ASKED_BACK]],
    ["it takes neither",                            { asks: "*", version: "9f8e7d6c" },                   []],
    ["it takes neither, by numbers",                { asks: ">=5" },                                      [ASKED, ASKED_BACK]],
  ])("%s", (_, peers, expected) => {
    expect(peerFindings(peers).filter((line) => !line.startsWith("version"))).toEqual(expected);
  });

  test("a peer without clusters is nobody to talk to", () => {
    const documents = worldBut(service("psp"), web("eu-web", { requires: { peers: { psp: ">=1" } } }));
    const lines = told(judge({ documents })).filter((line) => line.startsWith("peers"));
    expect(lines).toEqual(["peers.unknown? Cluster/eu-web/spec/requires/peers/psp"]);
  });

  test("a peer that cannot be compared in one region is told with that region", () => {
    const documents = worldBut(
      web("eu-web", { requires: { peers: { cart: ">=3.1" } } }),
      cart("us-cart", { reports: undefined }),
    );
    const { findings: found } = judge({ documents });
    expect(found).toMatchObject([{ code: "peers.unknown", clusters: ["eu-web", "us-cart"], regions: ["eu", "us"] }]);
  });
});
