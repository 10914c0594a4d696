/**
 * What a service promises its clients, and over which time: the part of requests that are answered well (availability),
 * and that are answered in time (latency). Every region that runs the service is held to it on its own; a region may
 * promise something else, or nothing. How fast a budget may burn is not for people to say: `admin/core/objectives/` has
 * the published table.
 */
import * as z from "zod/mini";
import { Duration } from "./duration.ts";
import { RegionName } from "./ids.ts";
import { VISIBLE } from "./shared-shapes.ts";

/** Parts per million: 999,000 is 99.9%. At 1,000,000 there would be no budget to burn, at 0 nothing is promised. */
const TargetPpm = z.int().check(z.minimum(1), z.maximum(999_999));

const promises = {
  /** Requests that do not fail, by what the edge answers its client. */
  availability: z.exactOptional(z.strictObject({ targetPpm: TargetPpm })),
  /** Requests whose first byte comes within the threshold. */
  latency: z.exactOptional(z.strictObject({ threshold: Duration, targetPpm: TargetPpm })),
};

export const Promises = z.strictObject(promises);
export type Promises = z.infer<typeof Promises>;

/** Those that tables of burn rates are published for; the longest is what telemetry keeps. */
export const OBJECTIVE_WINDOWS = ["7d", "28d", "30d"] as const;
export type ObjectiveWindow = (typeof OBJECTIVE_WINDOWS)[number];

export const Objectives = z.strictObject({
  ...promises,
  /** What the budget is for; 30d when left out. */
  window: z.exactOptional(z.enum(OBJECTIVE_WINDOWS)),
  /** In the long window of a rule; with fewer, nothing is judged by it. */
  requestsMin: z.exactOptional(z.int().check(z.minimum(1), z.maximum(1_000_000))),
  /** In the place of the service's: a promise that is left out here stays as it is there. `off`: none at all. */
  regions: z.exactOptional(z.record(RegionName, z.union([Promises, z.literal("off")]))),
  /** Where people read what to do about it; goes into every alert. */
  runbook: z.exactOptional(z.string().check(z.regex(/^https?:\/\//, "must be a URL"), z.maxLength(500), VISIBLE)),
});
export type Objectives = z.infer<typeof Objectives>;
