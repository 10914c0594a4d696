/**
 * Asks every part of the control plane for its figures at once and gives each the same short time. One that does not
 * answer is told as such and takes nothing else along. What a revision looks like is kept, so that only the first scrape
 * after a commit carries it.
 */

import { VERSION } from "../../config/release-version.ts";
import type { Vantage } from "../../config/vantage.ts";
import type { MetricFacts } from "../core/metrics/families.ts";
import type { ExportFigures, TrafficFigures } from "../core/metrics/figures.ts";
import type { Topology } from "../core/metrics/topology.ts";
import {
  type AdminEnv,
  alertStub,
  beaconStub,
  exportStub,
  fleetStub,
  healthStub,
  proberStub,
  statusStub,
  telemetryRootStub,
} from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { withinMs } from "./deadline.ts";

/** All answer from memory or SQLite. Twice this is well within the ten seconds that Prometheus gives a scrape. */
const SOURCE_MS_MAX = 2_000;

type Source = { readonly source: string; readonly up: boolean };
type Asked<T> = Source & { readonly figures: T | undefined };

export class MetricsCollector {
  readonly #env: AdminEnv;
  #topology: Topology | undefined;
  /** Those that were known last, for when the fleet object does not answer. */
  #vantages: readonly Vantage[] = [];

  constructor(env: AdminEnv) {
    this.#env = env;
  }

  /** `own`: of the object that asks, when it is the one that exports. */
  async collect(own?: ExportFigures): Promise<MetricFacts> {
    const env = this.#env;
    const [fleet, health, drift, traffic, objectives, exported] = await Promise.all([
      this.#askFleet(),
      ask("health", healthStub(env).readFigures()),
      ask("status", statusStub(env).readDriftFigures()),
      ask("telemetry", readTraffic(env)),
      ask("alert", alertStub(env).readFigures()),
      own === undefined ? ask("export", exportStub(env).readFigures()) : answered("export", own),
    ]);
    const [beacons, probers] = await Promise.all([
      this.#askVantages("beacon", (vantage) => beaconStub(env, vantage).readPropagation()),
      this.#askVantages("prober", (vantage) => proberStub(env, vantage).readFigures()),
    ]);
    return {
      ...{ version: VERSION, nowMs: Date.now() },
      sources: [fleet, health, drift, traffic, objectives, exported, ...beacons, ...probers].map(({ source, up }) => ({
        source,
        up,
      })),
      ...(fleet.figures === undefined ? {} : { fleet: fleet.figures }),
      ...(this.#topology === undefined ? {} : { topology: this.#topology }),
      ...(health.figures === undefined ? {} : { health: health.figures }),
      ...(drift.figures === undefined ? {} : { drift: drift.figures }),
      ...(traffic.figures === undefined ? {} : { traffic: traffic.figures }),
      ...(objectives.figures === undefined ? {} : { objectives: objectives.figures }),
      ...(exported.figures === undefined ? {} : { export: exported.figures }),
      ...{ beacons: beacons.flatMap(atVantage), probers: probers.flatMap(atVantage) },
    };
  }

  async #askFleet() {
    const asked = await ask("fleet", fleetStub(this.#env).readFigures(this.#topology?.digest));
    if (asked.figures === undefined) return asked;
    this.#vantages = asked.figures.vantages;
    this.#topology = asked.figures.topology ?? this.#topology;
    return asked;
  }

  async #askVantages<T>(kind: "beacon" | "prober", read: (vantage: Vantage) => Promise<T>) {
    return Promise.all(
      this.#vantages.map(async (vantage) => ({ vantage, ...(await ask(`${kind}:${vantage}`, read(vantage))) })),
    );
  }
}

async function readTraffic(env: AdminEnv): Promise<TrafficFigures> {
  const root = telemetryRootStub(env);
  const [totals, { lost }] = await Promise.all([root.totals(), root.summary()]);
  return { totals, lost };
}

function atVantage<T>({ vantage, figures }: { readonly vantage: Vantage } & Asked<T>) {
  return figures === undefined ? [] : [{ vantage, figures }];
}

async function ask<T>(source: string, answer: Promise<T>): Promise<Asked<T>> {
  try {
    return answered(source, await withinMs(SOURCE_MS_MAX, source, answer));
  } catch (error) {
    logEvent("metrics.withoutSource", { source, error: errorText(error) });
    return { source, up: false, figures: undefined };
  }
}

function answered<T>(source: string, figures: T): Asked<T> {
  return { source, up: true, figures };
}
