/** Asks flags at the edge: with what is known of the request, about a service, in a region. Each is asked for one thing at a time. */
import type { EdgeFlagContextKey } from "../../config/flag-context.ts";
import { flagMember } from "../../config/flags-header.ts";
import type { FlagResult } from "../flags/flag-result.ts";
import { type Asked, askFlag, type LoadedFlag, ofType } from "../flags/loaded-flag.ts";
import type { FlagContext } from "../flags/scope.ts";
import { clientKeyText } from "./affinity.ts";
import type { Reason } from "./decision.ts";
import type { Facts } from "./facts.ts";
import type { LoadedService } from "./loaded-snapshot.ts";

export type Asking = {
  readonly service: LoadedService;
  readonly facts: Facts;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** In the place of what the request itself is keyed by: plans ask for clients of all keys. */
  readonly targetingKey?: string | undefined;
};

/** Undefined for a region that nobody knows, as that of a client without a place. */
export function askAtEdge(flag: LoadedFlag, asking: Asking, region: string | undefined): FlagResult {
  return flag.settled ?? askFlag(flag, askedAs(asking, region));
}

/** Everything that a flag may be asked with, for all flags of one client in one region. */
function askedAs(asking: Asking, region: string | undefined): Asked {
  return { context: contextOf(asking, region), nowMs: asking.nowMs };
}

/** All names, known or not, so that contexts are of one shape, which every flag reads faster. */
function contextOf({ service, facts, targetingKey }: Asking, region: string | undefined): FlagContext {
  const { host, path, method, place } = facts;
  const { eu, country, subdivision, continent } = place;
  return {
    targetingKey: targetingKey ?? clientKeyText(service, facts),
    region,
    service: service.name,
    host,
    path,
    method,
    country,
    subdivision,
    continent,
    eu,
  } satisfies { readonly [name in EdgeFlagContextKey]: unknown };
}

/** Whether a steering rule that goes by this flag counts. What has no value, or another than true, closes it. */
export function isOpen(
  flag: LoadedFlag,
  asking: Asking,
  { region, rule }: { readonly region: string | undefined; readonly rule: string },
  trace: Reason[] | undefined,
): boolean {
  const result = ofType(flag, askAtEdge(flag, asking, region), "boolean");
  trace?.push(flagReason(flag, result, region, { for: "rule", rule }));
  return result.kind === "value" && result.value === true;
}

/** `canary` for whom the service's flag has the variant; undefined leaves it to the split. */
export function flaggedSide(asking: Asking, region: string, trace: Reason[] | undefined): "canary" | undefined {
  const { canaryFlag } = asking.service;
  if (canaryFlag === undefined) return undefined;
  const result = askAtEdge(canaryFlag.flag, asking, region);
  trace?.push(flagReason(canaryFlag.flag, result, region, { for: "side", variant: canaryFlag.variant }));
  return result.kind === "value" && result.variant === canaryFlag.variant ? "canary" : undefined;
}

/**
 * The value of `Fairlead-Flags` for a cluster in this region; undefined when no flag has a value for the client. Runs for
 * each request to a service with flags, so they share one context and their members are put together as they come.
 */
export function flagsHeader(asking: Asking, region: string, trace?: Reason[]): string | undefined {
  const { flags } = asking.service;
  if (flags.length === 0) return undefined;
  const asked = askedAs(asking, region);
  let header: string | undefined;
  for (const { flag, members } of flags) {
    const result = askFlag(flag, asked);
    trace?.push(flagReason(flag, result, region, { for: "cluster" }));
    const member = result.kind === "value" ? members.get(result.variant) : undefined;
    if (member !== undefined) header = header === undefined ? member : `${header}, ${member}`;
  }
  return header;
}

/** Made once for each variant, because a request only puts them together. */
export function membersOf(
  name: string,
  variants: Readonly<Record<string, Parameters<typeof flagMember>[2]>>,
): ReadonlyMap<string, string> {
  return new Map(Object.entries(variants).map(([variant, value]) => [variant, flagMember(name, variant, value)]));
}

function flagReason(
  { name }: LoadedFlag,
  result: FlagResult,
  region: string | undefined,
  use: Extract<Reason, { readonly code: "flag.asked" }>["use"],
): Reason {
  const answer =
    result.kind === "error"
      ? { variant: null, reason: "ERROR" as const, errorCode: result.errorCode }
      : { variant: result.kind === "value" ? result.variant : null, reason: result.reason };
  return { code: "flag.asked", flag: name, region: region ?? null, use, ...answer };
}
