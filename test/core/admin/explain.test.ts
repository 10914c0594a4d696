/** What explain goes by: what an edge near the client would see. */
import { expect, test } from "vitest";
import { explain } from "../../../admin/core/explain/explain.ts";
import { questionOf } from "../../../admin/core/explain/question.ts";
import { HealthReport } from "../../../config/health.ts";
import { reason, world } from "../routing/world.ts";

const NOW = 1_000_000;
const snapshot = {
  ...world({ service: { replicaLag: { writesMs: 2_000 } } }),
  beacons: ["enam" as const, "weur" as const],
};

function explained(request: { readonly country: string; readonly method?: string }, report: object) {
  const question = questionOf({ host: "shop.example.com", key: "192.0.2.1", ...request }, 0);
  const parsed = HealthReport.parse({ sequence: 1, atMs: NOW, clusters: {}, recoveredAtMs: {}, ...report });
  const { decision, sentences } = explain({ snapshot, question, report: parsed, nowMs: NOW });
  const where = decision.kind === "forward" ? decision.first.cluster : decision.code;
  return { where, vantage: reason(decision, "health.view")?.vantage, sentences };
}

test.each([
  // country, what is reported, where to, whose view
  ["DE", {}, "eu-west-blue", "global"],
  ["DE", { vantages: { weur: { "eu-west-blue": "unhealthy" } } }, "us-east-blue", "weur"],
  ["US", { vantages: { weur: { "eu-west-blue": "unhealthy" } } }, "us-east-blue", "global"],
  ["US", { vantages: { enam: { "us-east-blue": "unhealthy" } } }, "eu-west-blue", "enam"],
  ["DE", { clusters: { "eu-west-blue": "unhealthy" } }, "us-east-blue", "global"],
])("a client from %s with %j goes to %s by the view %s", (country, report, where, vantage) => {
  expect(explained({ country }, report)).toMatchObject({ where, vantage });
});

test("replica lag counts, with its sentence", () => {
  const report = { replicaLagMs: { "eu-west-blue": 9_000 } };
  expect(explained({ country: "DE" }, report).where).toBe("eu-west-blue");
  const { where, sentences } = explained({ country: "DE", method: "POST" }, report);
  expect(where).toBe("us-east-blue");
  expect(sentences).toContain("Writes tolerate data that is at most 2s behind, which removes eu-west-blue (9s).");
});
