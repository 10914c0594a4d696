/**
 * What flags cost a decision, in one run: the same fleet without any, with a rule on each route whose flag is the same for
 * everybody, and with one that has to be asked for each client. Batches take turns, as in `decide.ts`.
 */
import { canonicalJson } from "../../config/canonical.ts";
import { compile } from "../../config/compile.ts";
import { hasErrors } from "../../config/findings.ts";
import { Revision } from "../../config/ids.ts";
import { invariant } from "../../config/invariant.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { readFleet } from "../../config/read-fleet.ts";
import { loadSnapshot } from "../../worker/routing/loaded-snapshot.ts";
import { benchQuestions, healthOfFleet, timed } from "./decide.ts";
import { BENCH_ENVIRONMENT, document, fleetDocuments, fleetTargets } from "./fleet.ts";
import { type Summary, summarize } from "./statistics.ts";

const CLUSTERS = 300;
const BATCHES = 41;
const WARM_UP_BATCHES = 10;

export const FLAG_CONDITIONS = ["none", "settled", "asked"] as const;
export type FlagCondition = (typeof FLAG_CONDITIONS)[number];

/** Nanoseconds a decision. */
export type FlagsResult = { readonly ns: Readonly<Record<FlagCondition, Summary>> };

export function measureFlags(): FlagsResult {
  const contestants = FLAG_CONDITIONS.map((condition) => ({
    condition,
    batch: flagsBatch(condition),
    ns: [] as number[],
  }));
  for (let round = 0; round < WARM_UP_BATCHES; round += 1) for (const { batch } of contestants) batch();
  for (let round = 0; round < BATCHES; round += 1) {
    for (const { batch, ns } of contestants) {
      batch();
      ns.push(batch());
    }
  }
  const found = Object.fromEntries(contestants.map(({ condition, ns }) => [condition, summarize(ns)]));
  return { ns: found as FlagsResult["ns"] }; // one for each of the conditions
}

/** Asked of each client, and off for all, so that everything else a decision does is the same. */
const SHARE = {
  targeting: {
    fractional: [
      ["on", 0],
      ["off", 50],
    ],
  },
};

function flaggedDocuments(condition: FlagCondition): readonly unknown[] {
  const documents = fleetDocuments(CLUSTERS, "services");
  if (condition === "none") return documents;
  const flag = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off" };
  return [
    ...documents.map((one) => (isRoute(one) ? withRule(one) : one)),
    document("Flag", "beta", { ...flag, ...(condition === "asked" ? SHARE : {}) }),
  ];
}

type Route = { readonly kind: "Route"; readonly spec: { readonly steering?: readonly unknown[] } };

function isRoute(value: unknown): value is Route {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Route";
}

function withRule(route: Route): unknown {
  const rule = { name: "beta", when: { flag: "beta" }, weights: { "eu-west": 1, "us-east": 1, "ap-south": 1 } };
  return { ...route, spec: { ...route.spec, steering: [rule, ...(route.spec.steering ?? [])] } };
}

function flagsBatch(condition: FlagCondition): () => number {
  const { fleet, findings } = readFleet(flaggedDocuments(condition), {
    environment: BENCH_ENVIRONMENT,
    development: false,
  });
  invariant(!hasErrors(findings), `the generated fleet has no errors: ${JSON.stringify(findings.slice(0, 3))}`);
  const revision = Revision.parse(1);
  const parsed = parseSnapshot(
    canonicalJson(compile({ fleet, overlays: [], environment: BENCH_ENVIRONMENT, revision })),
  );
  invariant(parsed.ok, "a compiled snapshot is a well-formed one");
  const loaded = loadSnapshot(parsed.value);
  const questions = benchQuestions(fleetTargets(CLUSTERS, "services"));
  const health = healthOfFleet(parsed.value, "healthy");
  return timed(loaded, health, questions);
}
