/**
 * What the edge would do with a client of each residency rule under each steering rule, by its own decision: while nothing
 * is known of any cluster, and while all that may serve the client are down, which is when a path out of the zone would be
 * taken. The outcome is held against what the documents permit, not against what the snapshot makes of them.
 */
import { groupBy } from "../../../../config/group.ts";
import type { HealthState } from "../../../../config/health.ts";
import { traceDecision } from "../../../../worker/routing/decide.ts";
import type { TracedDecision } from "../../../../worker/routing/decision.ts";
import type { Facts } from "../../../../worker/routing/facts.ts";
import { HEALTH_UNKNOWN, type HealthView } from "../../../../worker/routing/health-view.ts";
import type { LoadedRoute, LoadedSnapshot } from "../../../../worker/routing/loaded-snapshot.ts";
import { requestOf, withKey } from "../../plan/clients.ts";
import { flagsByName, routeKey } from "../../plan/spread.ts";
import { listed } from "../../safety/words.ts";
import type { Examined } from "../examined.ts";
import type { Found } from "../finding.ts";
import { clientsIn, routeOf, ruleOf, waysOf, type ZonedRoute } from "./zoned-routes.ts";
import { clientsOf, type NamedPlace, type Zone } from "./zones.ts";

/** One client of one zone under one rule. */
type Outcome = {
  readonly zone: Zone;
  readonly rule: string;
  readonly clients: readonly NamedPlace[];
  /** Nobody takes them, whatever the health is. */
  readonly refused: boolean;
  /** Regions that the decision names and the documents do not permit. */
  readonly outside: readonly string[];
};

export function decisionFindings(
  routes: readonly ZonedRoute[],
  loaded: LoadedSnapshot,
  examined: Examined,
): readonly Found[] {
  // Most routes of a service are steered alike, and then one of them speaks for all.
  const flags = flagsByName(examined.after.snapshot);
  const plain = new Map<string, string>(
    examined.after.snapshot.routes.map((route) => [
      route.name,
      JSON.stringify([route.service, routeKey(route, flags), route.mirror ?? null]),
    ]),
  );
  const known = new Map<string | undefined, readonly Outcome[]>();
  const all = routes.map((zoned) => {
    const key = plain.get(zoned.route.name);
    const outcomes = known.get(key) ?? outcomesOf(zoned, loaded, examined);
    known.set(key, outcomes);
    return { zoned, outcomes };
  });
  return [
    ...all.flatMap(({ zoned, outcomes }) => outcomes.flatMap((outcome) => leak(zoned, outcome))),
    ...unserved(all),
  ];
}

function outcomesOf(zoned: ZonedRoute, loaded: LoadedSnapshot, examined: Examined): readonly Outcome[] {
  return zoned.zones.flatMap((zone) => {
    const down = allDown(zone, zoned, examined);
    return waysOf(zoned).flatMap(({ name }, number): Outcome[] => {
      const clients = clientsIn(zone, zoned.taken[number]);
      const [client] = clients;
      if (client === undefined) return [];
      const facts = factsOf(zoned.route, number, client);
      const [usual, worst] = [HEALTH_UNKNOWN, down].map((health) =>
        traceDecision({ snapshot: loaded, facts, health, draw: 0, now: examined.nowMs }),
      );
      // A more specific route takes even the request that this one was meant for, and is looked at by itself.
      if (usual?.route !== zoned.route.name) return [];
      const outside = [usual, worst].flatMap(destinationsOf).filter((region) => !zone.permitted.has(region));
      return [{ zone, rule: name, clients, refused: usual.kind === "reject", outside: [...new Set(outside)].sort() }];
    });
  });
}

/** Every cluster that may serve these clients is known to be down. */
function allDown(zone: Zone, { route }: ZonedRoute, { running }: Examined): HealthView {
  const down = (running.get(route.service.name) ?? []).filter(({ region }) => zone.permitted.has(region));
  const states = new Map<string, HealthState>(down.map(({ name }) => [name, "unhealthy"]));
  return { ...HEALTH_UNKNOWN, states };
}

/** A request of such a client that the route matches and that the rule takes. */
function factsOf(route: LoadedRoute, number: number, { code, place }: NamedPlace): Facts {
  const rule = route.steering[number];
  const request = requestOf(route, place);
  const wanted = new Map(rule?.headers?.map(({ name, value }) => [name, value ?? "1"]));
  const [asn] = rule?.asns ?? [];
  const facts: Facts = {
    ...request,
    header: (name) => request.header(name) ?? wanted.get(name) ?? null,
    ...(asn === undefined ? {} : { asn }),
  };
  return withKey(facts, route, code);
}

function destinationsOf(decision: TracedDecision | undefined): readonly string[] {
  if (decision?.kind !== "forward") return [];
  const copies = decision.mirror === undefined ? [] : [decision.mirror];
  return [...decision.attempts, ...copies].map(({ region }) => region);
}

function leak(zoned: ZonedRoute, { zone, rule, clients, outside }: Outcome): readonly Found[] {
  if (outside.length === 0) return [];
  const sentence = `In route ${zoned.document.metadata.name} ${ruleOf(rule)} would let ${clientsOf(zone, clients)} go to ${listed(outside)}, where they may not be served.`;
  return [{ code: "residency.leaks", document: routeOf(zoned), path: ["spec"], regions: outside, sentence }];
}

/** One finding for a residency rule, whichever routes it is about. */
function unserved(
  all: readonly { readonly zoned: ZonedRoute; readonly outcomes: readonly Outcome[] }[],
): readonly Found[] {
  const refused = all.flatMap(({ zoned, outcomes }) =>
    outcomes.filter((outcome) => outcome.refused).map((outcome) => ({ zoned, ...outcome })),
  );
  const byZone = groupBy(refused, ({ zone }) => zone);
  return [...byZone].flatMap(([zone, ways]): Found[] => {
    const [first] = ways;
    if (first === undefined) return [];
    const service = first.zoned.route.service.name;
    const clients = [...zone.places].filter((named) => ways.some((way) => way.clients.includes(named)));
    const who = ways.map(({ zoned, rule }) => `route ${zoned.document.metadata.name} (${ruleOf(rule)})`);
    const sentence = `Nobody of ${service} takes ${clientsOf(zone, clients)}: they are refused by ${listed(who)}.`;
    const regions = [...zone.permitted].sort();
    const where = { document: { kind: "Service", name: service } as const, path: ["spec", "residency", zone.index] };
    return [{ code: "residency.unserved", ...where, regions, sentence }];
  });
}
