/** Which sets of documents may replace which: the ones that still route something, or that never did. */
import { expect, test } from "vitest";
import { applyDocuments } from "../../../admin/core/changes/apply-documents.ts";
import { emptyState } from "../../../admin/core/changes/state.ts";
import { cluster, region, route, service } from "../config/fixtures.ts";

const context = { author: "token", manager: "people", nowMs: 0, development: true, past: () => undefined };
const unrouted = [region("eu"), service("web"), cluster("eu-blue", { region: "eu", service: "web" })];
const routed = [...unrouted, route("web")];
const renamed = [...unrouted, route("shop")];

function apply(before: readonly unknown[], after: readonly unknown[]) {
  const empty = emptyState("demo");
  const state = applyDocuments(empty, { kind: "apply", documents: before }, context);
  if (!state.ok) throw new Error(JSON.stringify(state.error));
  const { documents, fleet, overlays } = state.value;
  return applyDocuments({ ...empty, documents, fleet, overlays }, { kind: "apply", documents: after }, context);
}

// biome-ignore format: a table reads in columns
test.each([
  // before    after      refused with
  [[],         [],        undefined],
  [unrouted,   [],        undefined],
  [[],         unrouted,  undefined],
  [unrouted,   routed,    undefined],
  [routed,     renamed,   undefined],
  [routed,     unrouted,  ["/documents", "fleet.empty"]],
  [routed,     [],        ["/documents", "fleet.empty"]],
])("%#", (before, after, expected) => {
  const result = apply(before, after);
  const [item] = result.ok ? [] : (result.error.errors ?? []);
  expect(item && [item.pointer, item.code]).toEqual(expected);
});
