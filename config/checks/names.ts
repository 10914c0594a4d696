/** A name belongs to one document of its kind, and to one steering rule of its route. */
import { DEFAULT_RULE, type RouteDocument, ranking } from "../documents.ts";
import type { Finding } from "../findings.ts";
import { findingAt, type Placed } from "../placed.ts";
import type { CheckInput } from "./check.ts";

export function checkDuplicateNames({ declared }: CheckInput): readonly Finding[] {
  const seen = new Set<string>();
  return declared.flatMap(({ kind, name, path }): Finding[] => {
    const id = `${kind}/${name}`;
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{ code: "name.duplicate", severity: "error", path, message: `there is another ${kind} "${name}"` }];
  });
}

export function checkRuleNames({ routes }: CheckInput): readonly Finding[] {
  return routes.flatMap((route) => [...duplicateRules(route), ...reservedRules(route)]);
}

function duplicateRules(route: Placed<RouteDocument>): Finding[] {
  const names = (route.document.spec.steering ?? []).map(({ name }) => name);
  return names.flatMap((name, index) => {
    if (names.indexOf(name) === index) return [];
    const message = `the route has another steering rule "${name}"`;
    return [findingAt(route, { code: "name.duplicate", path: ["spec", "steering", index, "name"], message })];
  });
}

/** Weight shifts and reasons name the default as if it were a rule. */
function reservedRules(route: Placed<RouteDocument>): Finding[] {
  return (route.document.spec.steering ?? []).flatMap(({ name }, index) => {
    if (name !== DEFAULT_RULE) return [];
    const message = `"${DEFAULT_RULE}" is the name of the route's default: call the rule something else`;
    return [findingAt(route, { code: "name.reserved", path: ["spec", "steering", index, "name"], message })];
  });
}

/** No list says the same thing twice: the second time is a slip for something else. */
export function checkRepeats({ regions, services, routes }: CheckInput): readonly Finding[] {
  return [
    ...regions.flatMap((region) => repeats(region, ["spec", "jurisdictions"], region.document.spec.jurisdictions)),
    ...services.flatMap((service) =>
      (service.document.spec.residency ?? []).flatMap(({ jurisdictions }, index) =>
        repeats(service, ["spec", "residency", index, "jurisdictions"], jurisdictions),
      ),
    ),
    ...routes.flatMap((route) => routeRepeats(route)),
  ];
}

function routeRepeats(route: Placed<RouteDocument>): Finding[] {
  const { match, default: otherwise, failover } = route.document.spec;
  const order = failover?.order;
  const ranked = ranking(otherwise);
  return [
    ...repeats(route, ["spec", "match", "hosts"], match.hosts),
    ...repeats(
      route,
      ["spec", "match", "paths"],
      (match.paths ?? []).map((path) => JSON.stringify(path)),
    ),
    ...repeats(route, ["spec", "match", "methods"], match.methods ?? []),
    ...repeats(
      route,
      ["spec", "match", "headers"],
      (match.headers ?? []).map(({ name }) => name),
    ),
    ...(ranked === undefined ? [] : repeats(route, ["spec", "default", ranked.by, "regions"], ranked.regions ?? [])),
    ...repeats(route, ["spec", "failover", "order"], typeof order === "object" ? order : []),
  ];
}

function repeats(placed: Placed<unknown>, path: readonly (string | number)[], items: readonly string[]): Finding[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const again = seen.has(item);
    seen.add(item);
    if (!again) return [];
    const message = `${item} is already in this list`;
    return [findingAt(placed, { code: "list.duplicate", path: [...path, index], message })];
  });
}
