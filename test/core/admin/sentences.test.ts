import { describe, expect, test } from "vitest";
import { explainDecision } from "../../../admin/core/explain/sentences.ts";
import type { Reason, TracedDecision } from "../../../worker/routing/decision.ts";

const say = (reason: Reason) => explainDecision({ kind: "reject", code: "noRoute", reasons: [reason] })[0];

describe("each reason has a sentence", () => {
  test.each<[Reason, string]>([
    [
      { code: "route.matched", route: "shop", service: "web", host: "a.example" },
      'The route "shop" matches the host a.example and belongs to the service "web".',
    ],
    [{ code: "route.hostUnknown", host: "a.example" }, "No route names the host a.example."],
    [
      { code: "route.none", host: "a.example", path: "/x" },
      "Routes name the host a.example, but none matches the path /x with this method and these headers.",
    ],
    [
      { code: "residency.filtered", rule: 0, jurisdictions: ["eu", "uk"], removed: ["us-east", "ap-south"] },
      "Residency rule 1 applies: only eu or uk may serve this client, which removes us-east and ap-south.",
    ],
    [
      { code: "residency.filtered", rule: 1, jurisdictions: ["eu"], removed: [] },
      "Residency rule 2 applies: only eu may serve this client, which removes no region.",
    ],
    [
      { code: "residency.denied", country: null },
      "No residency rule covers a client from an unknown country, so nobody may serve it.",
    ],
    [
      { code: "steer.rule", rule: "europe", weights: { a: 1, b: 2, c: 0 } },
      'The steering rule "europe" matches the client and gives a 1 (33.3%), b 2 (66.7%) and c 0 (0%).',
    ],
    [{ code: "steer.weights", weights: { a: 0 } }, "No steering rule matches; the route's default gives a 0."],
    [
      { code: "steer.proximity", from: "country", kilometres: { far: 9000.4, near: 12.5 } },
      "No steering rule matches; the default goes by distance from the middle of the client's country: near 13 km and far 9000 km.",
    ],
    [
      { code: "steer.noCoordinates", tor: true },
      "The client came through Tor, so its place is not known and distance says nothing.",
    ],
    [
      { code: "region.removed", region: "eu-west", because: "draining" },
      "The region eu-west is out: it drains and takes no new clients.",
    ],
    [
      { code: "region.removed", region: "eu-west", because: "replicaLag" },
      "The region eu-west is out: its data is too far behind for such a request.",
    ],
    [
      { code: "replicaLag.filtered", requests: "writes", lagMsMax: 5_000, lagMs: { a: 6_500, b: 120_000 } },
      "Writes tolerate data that is at most 5s behind, which removes b (2m) and a (6500ms).",
    ],
    [
      { code: "replicaLag.filtered", requests: "reads", lagMsMax: 300_000, lagMs: { a: 301_000 } },
      "Reads tolerate data that is at most 5m behind, which removes a (301s).",
    ],
    [{ code: "health.view", vantage: "global" }, "Health is what most vantages see."],
    [
      { code: "health.view", vantage: "weur" },
      "Health is what the vantage weur sees: it is the nearest to the client, and sees something otherwise than most.",
    ],
    [
      { code: "binding.lost", cluster: "blue", because: "replicaLag" },
      "The client was bound to the cluster blue and cannot stay: its data is too far behind for such a request.",
    ],
    [
      { code: "binding.kept", cluster: "blue", availability: "draining" },
      "The client is bound to the cluster blue (draining) and stays there.",
    ],
    [
      { code: "binding.lost", cluster: "blue", because: "residency" },
      "The client was bound to the cluster blue and cannot stay: it may not serve this client.",
    ],
    [
      {
        code: "priority.loads",
        levels: [
          { regions: ["a"], healthyPercent: 50, load: 70, panic: false },
          { regions: ["b", "c"], healthyPercent: 100, load: 30, panic: true },
        ],
      },
      "Load by level of failover: level 0 (a) is 50% healthy and takes 70%; level 1 (b and c) is 100% healthy and takes 30%, in panic.",
    ],
    [{ code: "priority.level", level: 1, point: 80 }, "The client's point 80 falls on level 1."],
    [
      { code: "pick.region", region: "a", by: "draw" },
      "The region a is picked by a random draw, since the client has no key.",
    ],
    [
      { code: "split.side", side: "canary", cohort: 12, canaryShareBps: 1_000 },
      "The client's cohort is 12 of 10000 and the canary has the first 1000, so the canary side serves it.",
    ],
    [
      { code: "split.otherSide", wanted: "canary" },
      "The canary side has no cluster that could serve, so the other side does.",
    ],
    [
      { code: "pick.cluster", cluster: "blue", healthState: "unknown" },
      "The cluster blue is picked; it is of unknown health.",
    ],
    [
      { code: "pick.cluster", cluster: "blue", healthState: "ejected" },
      "The cluster blue is picked; it is ejected by this edge on its own evidence.",
    ],
    [{ code: "pick.cluster", cluster: "blue", healthState: "degraded" }, "The cluster blue is picked; it is degraded."],
    [{ code: "attempts", clusters: ["a", "b"] }, "Clusters are tried in this order: a, b."],
  ])("%j", (reason, sentence) => {
    expect(say(reason)).toBe(sentence);
  });
});

test("the last sentence says what becomes of the request", () => {
  const forward: TracedDecision = {
    ...{ kind: "forward", route: "shop", service: "web", firstByteMs: 1, totalMs: 1, reasons: [] },
    first: { cluster: "blue", region: "eu-west", side: "stable", endpoint: "https://blue.example.net" },
    attempts: [{ cluster: "blue", region: "eu-west", side: "stable", endpoint: "https://x.example" }],
  };
  expect(explainDecision(forward)).toEqual(["The request goes to the cluster blue in eu-west."]);
  expect(explainDecision({ kind: "reject", code: "residencyDenied", reasons: [] })).toEqual([
    "The request is refused: nobody may serve this client.",
  ]);
});
