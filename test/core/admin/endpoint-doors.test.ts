/** Every way by which documents come into force, outside development: no endpoint gets by that PUT would refuse. */
import { describe, expect, test } from "vitest";
import type { MutationContext, PastState, RequestedMutation } from "../../../admin/core/changes/mutation.ts";
import { propose } from "../../../admin/core/changes/propose.ts";
import { emptyState } from "../../../admin/core/changes/state.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { cluster, region, route, service } from "../config/fixtures.ts";

const documents = (endpoint: string) => [region("eu"), service("web"), cluster("eu-web", { endpoint }), route("web")];

/** As a developer's machine had accepted it, or an earlier release. */
function stateWith(endpoint: string): PastState {
  const read = readFleet(documents(endpoint), { environment: "production", development: true });
  return { documents: read.documents, fleet: read.fleet, overlays: [] };
}

const context: Omit<MutationContext, "past"> = { author: "ada", manager: "people", nowMs: 0, development: false };
const why = { reason: "test" };

const DOORS: readonly (readonly [string, (endpoint: string) => RequestedMutation])[] = [
  ["a change of documents", (endpoint) => ({ kind: "apply", documents: documents(endpoint), ...why })],
  [
    "a batch, and a simulation, which is one",
    (endpoint) => ({ kind: "batch", mutations: [{ kind: "apply", documents: documents(endpoint), ...why }], ...why }),
  ],
  ["a restore", () => ({ kind: "restore", revision: 1, overlays: "keep", ...why })],
  [
    "a restore of one document",
    () => ({ kind: "restore", revision: 1, only: ["Cluster/eu-web"], overlays: "keep", ...why }),
  ],
];

describe.each(DOORS)("%s", (_, mutation) => {
  test.each([
    // endpoint                  refused as
    ["https://eu.example.com", undefined],
    ["http://127.0.0.1:8887", "endpoint.scheme"],
    ["https://127.0.0.1", "endpoint.address"],
    ["https://[::1]", "endpoint.address"],
    ["https://localhost", "endpoint.specialUse"],
    ["https://vault.internal", "endpoint.specialUse"],
    ["https://web.example.org", "endpoint.loop"],
  ])("with the endpoint %s is refused as %s", (endpoint, code) => {
    const past = () => stateWith(endpoint);
    const state = { ...emptyState("production"), ...stateWith("https://before.example.com"), revision: 2 };
    const result = propose(state, mutation(endpoint), { ...context, past });
    const codes = result.ok ? [] : (result.error.errors ?? []).map((item) => item.code);
    if (code === undefined) expect(result.ok).toBe(true);
    else expect(codes).toContain(code);
  });
});
