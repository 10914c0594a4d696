/** Objectives promise something, of regions that run the service, in times that can be measured. */
import { formatDuration, parseDuration } from "../duration.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { LATENCY_OBJECTIVE_MS_MAX, LATENCY_OBJECTIVE_MS_MIN } from "../limits.ts";
import type { Objectives, Promises } from "../objectives.ts";
import { findingAt, type Problem } from "../placed.ts";
import type { CheckInput } from "./check.ts";

const AT = ["spec", "objectives"];

export function checkObjectives({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) => {
    const { objectives } = service.document.spec;
    if (objectives === undefined) return [];
    return [...emptyPromises(objectives), ...thresholds(objectives)].map((problem) => findingAt(service, problem));
  });
}

function emptyPromises(objectives: Objectives): readonly Problem[] {
  const regions = Object.entries(objectives.regions ?? {});
  const promised = [objectives, ...regions.flatMap(([, promises]) => (promises === "off" ? [] : [promises]))];
  if (!promised.some(promisesSomething)) {
    const message = "promises nothing: give availability, latency or both, or leave objectives out";
    return [{ code: "objective.empty", path: AT, message }];
  }
  return regions.flatMap(([region, promises]): Problem[] => {
    if (promises === "off" || promisesSomething(promises)) return [];
    const message = `says nothing else than the service: give availability or latency, "off", or leave ${region} out`;
    return [{ code: "objective.empty", path: [...AT, "regions", region], message }];
  });
}

function promisesSomething({ availability, latency }: Promises): boolean {
  return availability !== undefined || latency !== undefined;
}

function thresholds(objectives: Objectives): readonly Problem[] {
  const regions = Object.entries(objectives.regions ?? {}).flatMap(([region, promises]) =>
    promises === "off" ? [] : [{ promises, at: [...AT, "regions", region] as FindingPath }],
  );
  return [{ promises: objectives as Promises, at: AT as FindingPath }, ...regions].flatMap(({ promises, at }) => {
    const ms = promises.latency === undefined ? undefined : parseDuration(promises.latency.threshold);
    if (ms === undefined || (ms >= LATENCY_OBJECTIVE_MS_MIN && ms <= LATENCY_OBJECTIVE_MS_MAX)) return [];
    const message = `a latency objective is ${formatDuration(LATENCY_OBJECTIVE_MS_MIN)} to ${formatDuration(LATENCY_OBJECTIVE_MS_MAX)}`;
    return [{ code: "objective.range", path: [...at, "latency", "threshold"], message }];
  });
}

/** Of a region that the fleet does not have, `references.ts` speaks. */
export function checkObjectiveRegions({ services, clusters, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const runs = new Set(clusters.map(({ document: { spec } }) => `${spec.service} ${spec.region}`));
  return services.flatMap((service) => {
    const { metadata, spec } = service.document;
    return Object.keys(spec.objectives?.regions ?? {}).flatMap((region) => {
      if (runs.has(`${metadata.name} ${region}`)) return [];
      const message = `no cluster of ${metadata.name} is in ${region}, so nothing is measured there`;
      return [
        findingAt(service, {
          code: "objective.noCluster",
          severity: "warning",
          path: [...AT, "regions", region],
          message,
        }),
      ];
    });
  });
}
