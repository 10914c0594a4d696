/**
 * Residency rules mean what they say: each can be kept somewhere, each can be reached, and clients whose place is not
 * known are a stated case. A slip here is a legal matter, not an outage.
 */
import type { RegionDocument } from "../documents/region.ts";
import type { ServiceDocument } from "../documents/service.ts";
import type { Finding } from "../findings.ts";
import { findingAt, type Placed } from "../placed.ts";
import type { ResidencyRule } from "../shared-shapes.ts";
import { suggest } from "../suggest.ts";
import type { CheckInput } from "./check.ts";

/** A jurisdiction that no region satisfies is a typo or a plan; when it is all that a rule has, its clients get nothing. */
export function checkResidencySatisfied({ regions, services, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const known = new Set<string>(regions.flatMap(({ document }) => document.spec.jurisdictions));
  return services.flatMap((service) =>
    rulesOf(service).flatMap(({ jurisdictions }, index) => {
      const none = !jurisdictions.some((jurisdiction) => known.has(jurisdiction));
      return jurisdictions.flatMap((jurisdiction, at) => {
        if (known.has(jurisdiction)) return [];
        const effect = none ? ", so nobody may serve these clients" : "";
        return [
          findingAt(service, {
            code: "residency.unsatisfied",
            severity: none ? "error" : "warning",
            path: ["spec", "residency", index, "jurisdictions", at],
            message: `no region satisfies the jurisdiction "${jurisdiction}"${effect}`,
            didYouMean: suggest(jurisdiction, known),
          }),
        ];
      });
    }),
  );
}

/** A region that may serve is of no use to a service that does not run there. */
export function checkResidencyServed({ regions, services, clusters, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const satisfied = new Map<string, RegionDocument["spec"]["jurisdictions"]>(
    regions.map(({ document }) => [document.metadata.name, document.spec.jurisdictions]),
  );
  return services.flatMap((service) => {
    const own = clusters.filter(({ document }) => document.spec.service === service.document.metadata.name);
    const served = new Set(own.flatMap(({ document }) => satisfied.get(document.spec.region) ?? []));
    const known = new Set([...satisfied.values()].flat());
    return rulesOf(service).flatMap(({ jurisdictions }, index) => {
      const somewhere = jurisdictions.some((jurisdiction) => known.has(jurisdiction));
      if (own.length === 0 || !somewhere || jurisdictions.some((jurisdiction) => served.has(jurisdiction))) return [];
      const message = `this service has no cluster in a region that satisfies ${jurisdictions.join(" or ")}`;
      const path = ["spec", "residency", index, "jurisdictions"];
      return [findingAt(service, { code: "residency.unsatisfied", severity: "warning", path, message })];
    });
  });
}

/** A European whose country is not known (Tor, a VPN) matches no rule for Europe: `any` would let them go anywhere. */
export function checkResidencyUnknownPlace({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) => {
    const rules = rulesOf(service);
    const index = rules.findIndex(({ clients }) => clients.any === true || clients.unknown === true);
    const rule = rules[index];
    if (rule === undefined || rule.clients.unknown === true) return [];
    const stricter = rules.slice(0, index).some((earlier) => permitsMore(rule, earlier));
    if (!stricter) return [];
    const message =
      'clients whose place is not known come under "any", though a narrower rule may be theirs: put a rule with "unknown: true" before it';
    return [
      findingAt(service, {
        code: "residency.unknownPlace",
        severity: "warning",
        path: ["spec", "residency", index, "clients"],
        message,
      }),
    ];
  });
}

function permitsMore(rule: ResidencyRule, than: ResidencyRule): boolean {
  return rule.jurisdictions.some((jurisdiction) => !than.jurisdictions.includes(jurisdiction));
}

export function checkResidencyReachable({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) => {
    const rules = rulesOf(service);
    const last = rules.findIndex(({ clients }) => clients.any === true);
    if (last < 0 || last === rules.length - 1) return [];
    const message = `rule ${last + 1} takes every client, so this one is never reached`;
    return rules.slice(last + 1).map((_, offset) =>
      findingAt(service, {
        code: "residency.unreachable",
        severity: "warning",
        path: ["spec", "residency", last + 1 + offset],
        message,
      }),
    );
  });
}

function rulesOf(service: Placed<ServiceDocument>): readonly ResidencyRule[] {
  return service.document.spec.residency ?? [];
}
