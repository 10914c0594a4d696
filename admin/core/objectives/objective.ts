/**
 * What is promised where, with every default filled in: one objective for each service, each region that runs it, and
 * each of the two promises. What edges had to answer themselves, because no region was left to ask, is held to the
 * service's own availability under the name `none`.
 */

import type { ServiceDocument } from "../../../config/documents/service.ts";
import type { Fleet } from "../../../config/documents.ts";
import { parseDuration } from "../../../config/duration.ts";
import { invariant } from "../../../config/invariant.ts";
import { OBJECTIVE_REQUESTS_MIN_DEFAULT } from "../../../config/limits.ts";
import type { ObjectiveWindow, Promises } from "../../../config/objectives.ts";
import { compareText } from "../../../config/order.ts";
import { TELEMETRY_NONE } from "../../../config/telemetry.ts";

export type Sli = "availability" | "latency";

export type Objective = {
  readonly service: string;
  /** `none`: of no region. */
  readonly region: string;
  readonly sli: Sli;
  /** Good requests of a million. */
  readonly targetPpm: number;
  /** Of a latency objective: what takes longer is bad. */
  readonly thresholdMs?: number;
  readonly window: ObjectiveWindow;
  readonly requestsMin: number;
};

/** The published tables begin with it. */
const WINDOW_DEFAULT: ObjectiveWindow = "30d";

/** By service, region and promise. */
export function objectivesOf({ services, regions, clusters }: Fleet): readonly Objective[] {
  const disabled = new Set(regions.filter(({ spec }) => spec.adminState === "disabled").map(nameOf));
  const running = clusters.filter(({ spec }) => spec.adminState !== "disabled" && !disabled.has(spec.region));
  return services.flatMap((service) => {
    const own = running.filter(({ spec }) => spec.service === service.metadata.name).map(({ spec }) => spec.region);
    return objectivesOfService(service, [...new Set(own)].sort(compareText));
  });
}

function objectivesOfService({ metadata, spec }: ServiceDocument, regions: readonly string[]): readonly Objective[] {
  const { objectives } = spec;
  if (objectives === undefined) return [];
  const { window = WINDOW_DEFAULT, requestsMin = OBJECTIVE_REQUESTS_MIN_DEFAULT } = objectives;
  const common = { service: metadata.name, window, requestsMin };
  const stated: Readonly<Record<string, Promises | "off">> = objectives.regions ?? {};
  const regional = regions.flatMap((region) => {
    const own = Object.hasOwn(stated, region) ? stated[region] : {};
    if (own === "off") return [];
    const promises = { ...objectives, ...own };
    return [...availability(promises), ...latency(promises)].map((promise) => ({ region, ...promise }));
  });
  const nowhere = availability(objectives).map((promise) => ({ region: TELEMETRY_NONE, ...promise }));
  return [...regional, ...nowhere].map((promise) => ({ ...common, ...promise }));
}

function availability({ availability: promise }: Promises): readonly Pick<Objective, "sli" | "targetPpm">[] {
  return promise === undefined ? [] : [{ sli: "availability", targetPpm: promise.targetPpm }];
}

function latency({ latency: promise }: Promises): readonly Pick<Objective, "sli" | "targetPpm" | "thresholdMs">[] {
  if (promise === undefined) return [];
  const thresholdMs = parseDuration(promise.threshold);
  invariant(thresholdMs !== undefined, "a duration that its schema let through");
  return [{ sli: "latency", targetPpm: promise.targetPpm, thresholdMs }];
}

function nameOf({ metadata }: { readonly metadata: { readonly name: string } }): string {
  return metadata.name;
}
