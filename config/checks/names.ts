/** A name belongs to one document of its kind, to one steering rule of its route, to one rule of the Policy. */

import { DEFAULT_RULE, type RouteDocument, ranking } from "../documents/route.ts";
import type { PolicyDocument } from "../documents.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { findingAt, type Placed } from "../placed.ts";
import type { CheckInput } from "./check.ts";
import { controlLists } from "./control-lists.ts";

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

export function checkRuleNames({ routes, policies }: CheckInput): readonly Finding[] {
  return [
    ...routes.flatMap((route) => [
      ...duplicates(route, route.document.spec.steering, ["spec", "steering"], "the route has another steering rule"),
      ...reservedRules(route),
    ]),
    ...policies.flatMap(duplicatePolicyRules),
  ];
}

/** Overrides and audit entries name a rule by its name alone, so each has one of its own. */
function duplicatePolicyRules(policy: Placed<PolicyDocument>): Finding[] {
  const { assertions, gates } = policy.document.spec.safety ?? {};
  return [
    ...duplicates(policy, assertions, ["spec", "safety", "assertions"], "the Policy has another assertion"),
    ...duplicates(policy, gates, ["spec", "safety", "gates"], "the Policy has another gate"),
  ];
}

function duplicates(
  placed: Placed<unknown>,
  rules: readonly { readonly name: string }[] = [],
  path: FindingPath,
  what: string,
): Finding[] {
  const names = rules.map(({ name }) => name);
  return names.flatMap((name, index) => {
    if (names.indexOf(name) === index) return [];
    const message = `${what} "${name}": call one of them something else`;
    return [findingAt(placed, { code: "name.duplicate", path: [...path, index, "name"], message })];
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
export function checkRepeats({ regions, services, routes, policies }: CheckInput): readonly Finding[] {
  return [
    ...regions.flatMap((region) => repeats(region, ["spec", "jurisdictions"], region.document.spec.jurisdictions)),
    ...services.flatMap((service) =>
      (service.document.spec.residency ?? []).flatMap(({ jurisdictions }, index) =>
        repeats(service, ["spec", "residency", index, "jurisdictions"], jurisdictions),
      ),
    ),
    ...routes.flatMap((route) => routeRepeats(route)),
    ...policies.flatMap((policy) => policyRepeats(policy)),
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

function policyRepeats(policy: Placed<PolicyDocument>): Finding[] {
  return [
    ...controlLists(policy.document).flatMap(({ names, path }) => repeats(policy, path, names)),
    ...(policy.document.spec.approvals ?? []).flatMap(({ actions }, index) =>
      repeats(policy, ["spec", "approvals", index, "actions"], actions),
    ),
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
