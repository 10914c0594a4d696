/** What a request needs besides itself: made once per isolate, from the Worker's bindings and variables. */
import { VERSION } from "../config/release-version.ts";
import { AffinityCookies } from "./affinity-cookie.ts";
import { AnswerDeadlines } from "./answer-deadlines.ts";
import { loopIdOf } from "./cdn-loop.ts";
import { DebugTokens } from "./debug-token.ts";
import { createSink } from "./io/analytics-engine.ts";
import { BeaconCache, splitBeaconMs } from "./io/beacon-cache.ts";
import { createAskBeacon } from "./io/beacon-client.ts";
import { builtinSnapshot } from "./io/builtin.ts";
import { HealthStore } from "./io/health.ts";
import { logEvent } from "./io/log.ts";
import { platformTracing } from "./io/platform-tracing.ts";
import { PropagationReporter } from "./io/propagation.ts";
import { createPseudonym } from "./io/pseudonym.ts";
import { createDrawHex } from "./io/random-hex.ts";
import { Rejections } from "./io/rejections.ts";
import { SnapshotStore } from "./io/snapshots.ts";
import { createSources } from "./io/sources.ts";
import { SpanExporter } from "./io/span-exporter.ts";
import { TelemetryReporter } from "./io/telemetry.ts";
import { createTellTelemetry } from "./io/telemetry-client.ts";
import { TrafficCounter } from "./io/traffic.ts";
import { createVerifier } from "./io/verify.ts";
import { RetryBudget } from "./retry-budget.ts";
import { seldomAsked } from "./seldom-asked.ts";
import { type Egress, type Env, readSettings, type Settings } from "./settings.ts";
import { randomHexPool } from "./trace-context.ts";
import { Tracing } from "./tracing.ts";

export type Deps = {
  readonly settings: Settings;
  /** Who this edge is in `CDN-Loop`. */
  readonly loopId: string;
  readonly snapshots: SnapshotStore;
  readonly health: HealthStore;
  readonly traffic: TrafficCounter;
  readonly propagation: PropagationReporter;
  readonly telemetry: TelemetryReporter;
  readonly tracing: Tracing;
  readonly retryBudget: RetryBudget;
  readonly deadlines: AnswerDeadlines;
  readonly cookies: AffinityCookies;
  readonly debugTokens: DebugTokens;
  readonly egress: Egress;
  readonly now: () => number;
  /** A uint32, for clients that have no key. Nothing sticky hangs on it, so it need not be a strong one. */
  readonly draw: () => number;
  /** Ids of traces and spans. */
  readonly randomHex: (digits: number) => string;
};

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

export function createDeps(env: Env): Deps {
  const settings = readSettings(env);
  const { environment, publicKeys, beaconMs, telemetryMs } = settings;
  const now = () => Date.now();
  const draw = () => Math.floor(Math.random() * 2 ** 32);
  const ask = createAskBeacon(env, environment);
  const { askMs, cacheMs } = splitBeaconMs(beaconMs);
  const cache = new BeaconCache({ environment, now, open: () => caches.default, log: logEvent });
  const randomHex = randomHexPool(createDrawHex());
  const health = new HealthStore({ draw, log: logEvent });
  const traffic = new TrafficCounter(Math.random);
  const rejections = new Rejections();
  const isolate = randomHex(16);
  const propagation = new PropagationReporter({
    isolate,
    ask,
    traffic,
    rejections,
    ejections: () => health.ejections(),
    pseudonym: createPseudonym(randomHex(32)),
    chance: Math.random,
    log: logEvent,
  });
  const telemetry = new TelemetryReporter({
    isolate,
    windowMs: telemetryMs,
    tell: createTellTelemetry(env, environment),
    sink: createSink(env.TELEMETRY_AE),
    sleep,
    chance: Math.random,
    log: logEvent,
  });
  const platform = platformTracing();
  const tracing = new Tracing({
    exporter: createExporter(settings),
    platform: platform && seldomAsked(platform),
    ratio: settings.traces?.ratio ?? 0,
    ...{ randomHex, now },
  });
  const snapshots = new SnapshotStore({
    builtin: builtinSnapshot(environment),
    sources: createSources({ config: env.CONFIG, ask, cache, cacheMs }),
    verify: createVerifier(environment, publicKeys),
    health,
    rejections,
    tellRejection: (serving, coordinates) => propagation.noteRejection(serving, coordinates, now()),
    beaconMs: askMs,
    inSpan: (work, outcome, background) => tracing.refresh(work, outcome, background),
    now,
    chance: Math.random,
    log: logEvent,
  });
  return {
    settings,
    loopId: loopIdOf(environment),
    snapshots,
    health,
    traffic,
    propagation,
    telemetry,
    tracing,
    retryBudget: new RetryBudget(),
    deadlines: new AnswerDeadlines({ sleep }),
    cookies: new AffinityCookies(settings.affinitySecrets),
    debugTokens: new DebugTokens(environment, publicKeys),
    egress: env.EGRESS ?? { fetch: (url, init) => fetch(url, init) },
    now,
    draw,
    randomHex,
  };
}

/** Often enough that a trace is there when somebody looks for it, and seldom enough that a batch is worth its request. */
const SPANS_FLUSH_MS = 5_000;
const SPANS_FLUSH_MS_DEVELOPMENT = 200;

/** Not through the egress, which is the way to clusters: a collector is the operator's own. */
function createExporter({ traces, environment, development }: Settings): SpanExporter | undefined {
  if (traces === undefined) return undefined;
  return new SpanExporter({
    destination: traces.destination,
    source: {
      resource: {
        "service.name": "fairlead-edge",
        "service.version": VERSION,
        "deployment.environment.name": environment,
      },
      scope: { name: "fairlead", version: VERSION },
    },
    flushMs: development ? SPANS_FLUSH_MS_DEVELOPMENT : SPANS_FLUSH_MS,
    fetch: (url, init) => fetch(url, init),
    wait: (ms) => scheduler.wait(ms),
    now: () => Date.now(),
    chance: Math.random,
    log: logEvent,
  });
}
